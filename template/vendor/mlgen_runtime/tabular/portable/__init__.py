"""The model as files that predict without this package: what `portable.write` puts into a folder.

    model.onnx  contract.json  preprocessing.json  inference.json  example.json
    reader.py     class Model(folder).predict(rows), and a command line; numpy and onnxruntime are all it needs
    cells.py      what a cell is: `core.cells`, as it is here; words.py what the words of a text are
    moments.py    how reader.py reads dates
    shapley.py    how reader.py explains a prediction, from explanation.npz: `explanation.shapley`, as it is here
    reader.mjs    the same for JavaScript, in node and in a browser, with words.mjs
    derived.py  evaluation.py  derived.mjs      where features are derived: `expression.evaluation`, as it is here

The readers stand beside this module as they are copied: plain files, the same for every model.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ...bundle import format as bundle
from ...core import cells, words
from ...core.errors import InputError
from ...expression import evaluation
from ...rows.decision import rule
from ...usecase.export_package import ExportPackage, ParityCase, Row
from ..explanation import serving, shapley
from .parity_cases import answers, questions

if TYPE_CHECKING:
    from ...bundle.predictor import Predictor
    from ..settings import TabularConfig

__all__ = ["ExportPackage", "ParityCase", "answers", "questions", "write"]

READERS = ("reader.py", "reader.mjs")
#: What reader.py imports: what decides what a cell is, and a word, there as here, and how it reads dates.
CELLS, WORDS, MOMENTS = "cells.py", "words.py", "moments.py"
#: What reader.mjs imports.
SCRIPT_WORDS = "words.mjs"
#: What the readers import where features are derived: the same evaluation as here, and its counterpart.
DERIVED, EVALUATION = ("derived.py", "derived.mjs"), "evaluation.py"
#: What explains a prediction, and how, where the bundle has it.
SHAPLEY = "shapley.py"
TABLES = ("contract.json", "preprocessing.json")


def write(model: Predictor, config: TabularConfig, folder: Path) -> ExportPackage:
    """Put the model's files and its readers into an existing folder.

    Raises InputError where the bundle holds a library's own format: then ONNX was not its equal.
    """
    for feature in model.contract.features:
        if feature.function is not None:
            raise InputError(
                f"version {model.version} takes the feature {feature.name!r} from the project's own code, and a folder "
                "holds data only: say it as an expression in conf/features, or use this model where its code is"
            )
    facts = bundle.read_json(model.folder, "inference.json")
    kind = facts["format"]
    if kind != "onnx":
        raise InputError(
            f"version {model.version} is kept as {kind}, because its ONNX graph was not exact; it cannot be read "
            "without that library: train a model that exports (model=lightgbm, or xgboost), or use this one where it is"
        )
    for name in ("model.onnx", *TABLES):
        shutil.copyfile(model.folder / name, folder / name)
    facts.pop("bulk", None)  # it names a library's files, which stay behind
    decided = rule.load(folder=model.folder, contract=model.contract)
    facts["threshold"] = None if decided is None else decided.threshold
    bundle.write_json(folder, "inference.json", facts)
    columns = model.example()
    example: list[Row] = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    bundle.write_json(folder, "example.json", example)
    for name in (*READERS, SCRIPT_WORDS, MOMENTS):
        (folder / name).write_bytes(resources.files(__package__).joinpath(name).read_bytes())
    shutil.copyfile(cells.__file__, folder / CELLS)
    shutil.copyfile(words.__file__, folder / WORDS)
    if model.contract.features:
        for name in DERIVED:
            (folder / name).write_bytes(resources.files(__package__).joinpath(name).read_bytes())
        shutil.copyfile(evaluation.__file__, folder / EVALUATION)
    return ExportPackage(graphs=("model.onnx",), readers=READERS, gaps=_explaining(model.folder, folder))


def _explaining(kept: Path, folder: Path) -> tuple[str, ...]:
    """Copy what explains predictions, where there is something; say who does not explain any."""
    if (kept / serving.REASON).is_file():
        shutil.copyfile(kept / serving.REASON, folder / serving.REASON)
    if not (kept / serving.FILE).is_file():
        return ("no reader explains predictions here: the bundle has nothing that does",)
    shutil.copyfile(kept / serving.FILE, folder / serving.FILE)
    shutil.copyfile(shapley.__file__, folder / SHAPLEY)
    return ("reader.mjs explains no prediction; reader.py does (`predict(rows, explain=True)`, `--explain`)",)
