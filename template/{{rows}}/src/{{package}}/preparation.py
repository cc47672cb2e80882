"""From the configured source to conformed rows, split into those that train and those that test."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from . import quota
from .errors import InputError
from .steps import Steps

#: The one check that needs to know the split.
ACROSS = "duplicates_across_split"

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .config import ContractSettings, RunConfig
    from .contract import Settled
    from .contract.schema import Contract
    from .model.training import Training
    from .split import Split


@dataclass(frozen=True)
class Prepared:
    """Conformed rows and what is known of them. With a test file its rows stand after the others'.

    `known` is the truth of all rows, [n] values or codes into the contract's labels; `fingerprint` their sha256.
    """

    frame: pd.DataFrame
    contract: Contract
    parts: Split
    known: np.ndarray
    fingerprint: str
    source: str
    version: str | None
    notes: tuple[str, ...]

    @property
    def test(self) -> pd.DataFrame:
        """The test rows."""
        return self.frame.iloc[self.parts.test]

    @property
    def truth(self) -> np.ndarray:
        """The truth of the test rows."""
        return self.known[self.parts.test]

    @property
    def unit(self) -> str:
        """What is counted where models are judged."""
        return "test rows"

    @property
    def asks(self) -> str:
        """What `predict` needs to be told for a first look, on the command line."""
        return f"input={self.source} "

    @property
    def method(self) -> str:
        """How the test rows were drawn."""
        return self.parts.method

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are, train and test."""
        return {"rows": len(self.frame), "train_rows": len(self.parts.train), "test_rows": len(self.parts.test)}

    @property
    def says(self) -> str:
        """What a model learns from these rows, in a sentence."""
        target = self.contract.target
        what = target.unit or "a number" if self.contract.is_amount else f"one of {len(self.contract.labels)} classes"
        inputs = len(self.contract.inputs)
        return f"Predicts {target.name} ({what}) from {inputs} inputs; trained on {len(self.parts.train):,} rows."

    @property
    def divided(self) -> str:
        """The split, in words."""
        return f"{self.parts.method}, {len(self.parts.train):,} rows train, {len(self.parts.test):,} test"


@dataclass(frozen=True)
class Checked:
    """All rows, those of a test file last, that keep their contract: typed, with their truth and their fingerprint."""

    settled: Settled
    frame: pd.DataFrame
    truth: np.ndarray
    fingerprint: str
    notes: tuple[str, ...]


def check(config: RunConfig, settled: Settled, steps: Steps) -> Checked:
    """Check the raw rows against the contract, refuse errors, save a proposed contract, and type the rows.

    Raises InputError with the first error and the number of others; nothing is written then.
    """
    from . import contract, data

    with steps("check") as step:
        problems = contract.check(settled.whole, settled.contract, config.contract)
        contract.refuse(problems)
        frame = contract.conform(settled.whole, settled.contract)
        truth = contract.truth(frame, settled.contract)
        fingerprint = data.fingerprint(frame)
        settled.save()
        step.says = f"{len(settled.contract.inputs)} inputs, {len(problems)} warnings, data {fingerprint[:12]}"
    return Checked(settled, frame, truth, fingerprint, tuple(problem.message for problem in problems))


def split(config: RunConfig, checked: Checked, steps: Steps) -> Prepared:
    """Hold out the test rows, and look for rows that stand on both sides."""
    from . import contract, data
    from . import split as splitting

    settled = checked.settled
    with steps("split") as step:
        rows = len(settled.frame)
        held_out = None if settled.test_frame is None else checked.frame.iloc[rows:]
        parts = splitting.split(
            checked.frame.iloc[:rows], settled.contract, settled.contract.task, config.split, config.seed, held_out
        )
        across = contract.check(checked.frame, settled.contract, _alone(config.contract), parts)
        contract.refuse(across)
        step.says = f"{parts.method}: {len(parts.train):,} rows train, {len(parts.test):,} test"
    return Prepared(
        frame=checked.frame,
        contract=settled.contract,
        parts=parts,
        known=checked.truth,
        fingerprint=checked.fingerprint,
        source=data.source(config.data, config.root),
        version=settled.version,
        notes=(*settled.news, *checked.notes, *parts.notes, *(problem.message for problem in across)),
    )


def _alone(settings: ContractSettings) -> ContractSettings:
    """The settings under which only the check that needs a split looks at the rows; the others have done so."""
    from .contract.checks import CHECKS

    grades = dict.fromkeys(CHECKS, "off") | {ACROSS: settings.severity.get(ACROSS, "warning")}
    return dataclasses.replace(settings, severity=cast("Any", grades))


def training(config: RunConfig, prepared: Prepared) -> Training:
    """Hand the training rows over to the use case."""
    from .model.training import Training

    frame = prepared.frame.iloc[prepared.parts.train].reset_index(drop=True)
    return Training(
        frame=frame,
        contract=prepared.contract,
        target=prepared.known[prepared.parts.train],
        weight=_only(frame, prepared.contract, "weight"),
        group=_only(frame, prepared.contract, "group"),
        time=_only(frame, prepared.contract, "time") if prepared.parts.method in ("time", "newest") else None,
        settings=config.train,
        seed=config.seed,
        threads=quota.threads(config.train.threads),
        coverage=config.bundle.coverage,
    )


def _only(frame: Any, contract: Contract, role: str) -> Any:
    """The values [n] of the column with a role, or None where the contract has none."""
    found = contract.with_role(role)
    return frame[found[0].name].to_numpy() if found and found[0].name in frame else None


def halves(config: RunConfig, settled: Settled) -> tuple[Split | None, list[str]]:
    """The split that training would draw, to look for rows on both sides; why there is none becomes news."""
    from . import contract
    from . import split as splitting

    typed = contract.conform(settled.frame, settled.contract, lenient=True)
    try:
        drawn = splitting.split(
            typed, settled.contract, settled.contract.task, config.split, config.seed, settled.test_frame
        )
    except InputError as error:
        return None, [*settled.news, f"no split to look for repeats across: {error}"]
    return drawn, list(settled.news)
