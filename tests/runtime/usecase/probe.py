"""A use case from outside of the runtime: the same answer for every row, on what independent rows share.

It is as small as a use case can be, and is trained, gated, served, scored in bulk, exported and monitored by code that
has never heard of it: what would have to change for it would have to change for texts and images, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.predictor import Predictor
from mlgen_runtime.config.run import ConfigSchema, RunConfig
from mlgen_runtime.contract.schema import Contract
from mlgen_runtime.rows.decision import rule
from mlgen_runtime.rows.decision.rule import DecisionRule
from mlgen_runtime.rows.example import plausible
from mlgen_runtime.rows.settings import RowsConfig, RowsFitSettings
from mlgen_runtime.rows.training import Training
from mlgen_runtime.rows.use_case import RowsUseCase
from mlgen_runtime.usecase import protocol, registry
from mlgen_runtime.usecase.export_package import ExportPackage, ParityCase, Row
from mlgen_runtime.usecase.parity import Parity

FILE = "shares.json"
READER = '''"""The same answer for every row."""
import json
from pathlib import Path


class Model:
    def __init__(self, folder=Path(__file__).parent):
        self.answer = json.loads((Path(folder) / "answer.json").read_text("utf8"))

    def predict(self, rows):
        return [dict(self.answer) for _ in rows]
'''


@dataclass(frozen=True, kw_only=True)
class ConstantSettings:
    """conf/model/constant.yaml: `lift` moves the shares away from even ones, by this part of the way."""

    name: str
    lift: float


@dataclass(frozen=True, kw_only=True)
class ConstantConfig(RowsConfig):
    """What a run is told."""

    train: RowsFitSettings


@dataclass(frozen=True)
class Constant:
    """A fitted model: the share of each class."""

    name: str
    labels: tuple[str, ...]
    shares: np.ndarray
    notes: tuple[str, ...] = ()
    native: Any = None
    held_out: np.ndarray | None = None
    decimals: int = 6

    def judges(self) -> tuple[Constant, ...]:
        return (self,)

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        return np.tile(self.shares, (len(frame), 1))

    def importance(self) -> dict[str, float]:
        return {}

    def parameters(self) -> dict[str, object]:
        return {f"share_{label}": share for label, share in zip(self.labels, self.shares.tolist(), strict=True)}

    def write(self, folder: Path, sample: pd.DataFrame, tolerance: float) -> Parity:
        (folder / FILE).write_text(json.dumps(self.shares.tolist()), "utf8")
        return Parity(format="json", largest=0.0, rows=len(sample))

    def explain(self, folder: Path, sample: pd.DataFrame) -> None:
        """All inputs are alike to it."""


@dataclass(frozen=True)
class Inference:
    """The loaded model."""

    contract: Contract
    shares: np.ndarray
    rule: DecisionRule | None
    quick: bool = True
    engine: str = "numpy"

    @property
    def needed(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.contract.inputs)

    @property
    def options(self) -> Mapping[str, Any]:
        return {}

    def example(self) -> dict[str, list[Any]]:
        return {column.name: [plausible(column)] for column in self.contract.inputs}

    def predict(self, columns: Mapping[str, Sequence[object] | np.ndarray]) -> dict[str, np.ndarray]:
        rows = len(next(iter(columns.values())))
        code = int(self.shares.argmax() if self.rule is None else self.shares[1] >= self.rule.threshold)
        best = self.contract.label_values[code]
        found = {"prediction": np.array([best] * rows, dtype=object)}
        return found | {
            f"probability_{label}": np.full(rows, share)
            for label, share in zip(self.contract.labels, self.shares, strict=True)
        }


class Baseline:
    """Even shares."""

    def fit(self, training: Training, settings: Any, /) -> list[Constant]:
        return [Constant("even", training.contract.labels, np.full(training.classes, 1 / training.classes))]


class Models:
    """The shares of the training rows, as far as `lift` goes."""

    def fit(self, training: Training, settings: ConstantSettings, /) -> Constant:
        found = np.bincount(training.target, minlength=training.classes) / len(training.target)
        even = 1 / training.classes
        return Constant("constant", training.contract.labels, even + settings.lift * (found - even))


class Loader:
    def load(self, folder: Path, contract: Contract, threads: int | None, bulk: bool, /) -> Inference:
        shares = np.array(json.loads((folder / FILE).read_text("utf8")))
        return Inference(contract, shares, rule.load(folder, contract))


class Portable:
    """A reader that repeats the answer."""

    def write(self, model: Predictor, config: RunConfig, folder: Path, /) -> ExportPackage:
        bundle.write_json(folder, "answer.json", self.answers(model, ParityCase([{}], ""))[0])
        bundle.write_json(folder, "example.json", [{}])
        (folder / "reader.py").write_text(READER, "utf8")
        return ExportPackage(graphs=(), readers=("reader.py",), gaps=("no page: there is nothing to see",))

    def questions(self, model: Predictor, config: RunConfig, rows: int, /) -> list[ParityCase]:
        columns = model.example()
        one: Row = {name: values[0] for name, values in columns.items()}
        return [ParityCase([one], "the example"), ParityCase([one] * rows, "the example")]

    def answers(self, model: Predictor, case: ParityCase, /) -> list[Row]:
        found = model.predict({name: values * len(case.rows) for name, values in model.example().items()})
        lists = {name: values.tolist() for name, values in found.items()}
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


class ConstantUseCase(RowsUseCase):
    """What rows have in common, and what only this one has; see `usecase.protocol`."""

    name = "constant"
    schema = ConfigSchema(ConstantConfig, lambda: {"constant": ConstantSettings})
    baseline: protocol.Baseline = Baseline()
    models: protocol.Models = Models()
    inference: protocol.InferenceLoader = Loader()
    portable: protocol.Portable = Portable()


USE_CASE: protocol.UseCase = ConstantUseCase()
registry.add(USE_CASE)


def configure(root: Path) -> None:
    """Turn a project of tables into one of this use case: its name, its model, no settings that only tables have."""
    page = root / "conf" / "config.yaml"
    text = (
        page.read_text("utf8")
        .replace("use_case: tabular", "use_case: constant")
        .replace("model: auto", "model: constant")
    )
    page.write_text(text.replace("extensions: []", f"extensions: [{__name__}]"), "utf8")
    (root / "conf" / "model" / "constant.yaml").write_text("name: constant\nlift: 1.0\n", "utf8")
    fitting = "threads: 1\nclass_weight: none\nrefit: false\nvalidation_size: 0.15\n"
    (root / "conf" / "train" / "default.yaml").write_text(fitting, "utf8")
    for path in root.glob("conf/experiment/*.yaml"):
        path.unlink()
