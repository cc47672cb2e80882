"""From the configured source to conformed rows, split into those that train and those that test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import cpu_quota as quota
from ..core.errors import InputError
from ..core.progress import Steps
from ..usecase import registry
from . import moment

#: The one check that needs to know the split.
ACROSS = "duplicates_across_split"

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..contract.catalogue import Check
    from ..contract.schema import Contract
    from ..contract.view import View
    from ..usecase.resolve import Resolved
    from .settings import RowsConfig
    from .split import Split
    from .training import Training


@dataclass(frozen=True)
class Prepared:
    """Conformed rows and what is known of them. With a test file its rows stand after the others'.

    `known` is the truth of all rows, [n] values or codes into the contract's labels; `fingerprint` their sha256. `now`
    is the moment that they are from (see `moment`).
    """

    frame: pd.DataFrame
    contract: Contract
    parts: Split
    known: np.ndarray
    fingerprint: str
    source: str
    version: str | None
    notes: tuple[str, ...]
    now: int = 0

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
    def asks(self) -> str | None:
        """The rows that `predict` needs for a first look."""
        return self.source

    @property
    def method(self) -> str:
        """How the test rows were drawn."""
        return self.parts.method

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are, how many the served model learns from, how many judge, in how many folds."""
        return {
            "rows": len(self.frame),
            "train_rows": len(self.parts.train),
            "test_rows": len(self.parts.test),
            "folds": len(self.parts.parts),
        }

    @property
    def message(self) -> str:
        """What a model learns from these rows, in a sentence."""
        target = self.contract.target
        what = target.unit or "a number" if self.contract.is_amount else f"one of {len(self.contract.labels)} classes"
        if self.contract.positive is not None:
            what = f"{' or '.join(self.contract.labels)}; positive class {self.contract.positive}"
        inputs, derived = len(self.contract.inputs), len(self.contract.features)
        more = f" and {derived} derived feature{'s' if derived > 1 else ''}" if derived else ""
        return f"Predicts {target.name} ({what}) from {inputs} inputs{more}; trained on {len(self.parts.train):,} rows."

    @property
    def divided(self) -> str:
        """The split, in words."""
        return self.parts.divided

    @property
    def folds(self) -> int:
        """How many fits judge."""
        return len(self.parts.parts)

    @property
    def judged(self) -> str:
        """Of which model the figures are."""
        return self.parts.judged


@dataclass(frozen=True)
class Checked:
    """All rows, those of a test file last, that keep their contract: typed, with their truth and their fingerprint.

    `view` is how the checks have seen them; `checks` are the use case's.
    """

    resolved: Resolved
    view: View
    checks: Mapping[str, Check]
    frame: pd.DataFrame
    truth: np.ndarray
    fingerprint: str
    notes: tuple[str, ...]


def check(config: RowsConfig, resolved: Resolved, steps: Steps) -> Checked:
    """Check the raw rows against the contract, refuse errors, save a proposed contract, and type the rows.

    Raises InputError with the first error and the number of others; nothing is written then.
    """
    from .. import contract
    from ..contract.checks import examine, view
    from ..data.tables import fingerprint
    from . import metrics, target, weights
    from .decision import acceptance

    checks = registry.of(config).checks
    with steps("check") as step:
        acceptance.check(config, resolved.contract)
        seen = view(resolved.whole, resolved.contract, config.contract, checks)
        problems = examine(seen, checks)
        contract.refuse(problems)
        frame = contract.conform(resolved.whole, resolved.contract)
        truth = contract.truth(frame, resolved.contract)
        weights.check(frame, resolved.contract)
        told = target.check(config.target, resolved.contract, truth, config.gate.metric)
        metrics.metric(config.gate.metric, resolved.contract.task)  # a wrong name writes nothing
        digest = fingerprint(frame)
        resolved.save()
        step.message = f"{len(resolved.contract.inputs)} inputs, {len(problems)} warnings, data {digest[:12]}"
    notes = (*(problem.message for problem in problems), *told)
    return Checked(resolved, seen, checks, frame, truth, digest, notes)


def split(config: RowsConfig, checked: Checked, steps: Steps) -> Prepared:
    """Hold out the test rows, and look for rows that stand on both sides."""
    from .. import contract
    from ..contract.checks import examine
    from ..data.tables import source
    from . import split as splitting

    resolved = checked.resolved
    with steps("split") as step:
        rows = len(resolved.frame)
        held_out = None if resolved.test_frame is None else checked.frame.iloc[rows:]
        parts = splitting.split(
            checked.frame.iloc[:rows],
            resolved.contract,
            resolved.contract.task,
            config.split,
            config.seed,
            refit=config.train.refit,
            test_frame=held_out,
        )
        checked.view.split = parts
        across = examine(checked.view, {ACROSS: checked.checks[ACROSS]})
        contract.refuse(across)
        step.message = parts.divided
    return Prepared(
        frame=checked.frame,
        contract=resolved.contract,
        parts=parts,
        known=checked.truth,
        fingerprint=checked.fingerprint,
        source=source(config.data, config.root),
        version=resolved.version,
        now=moment.of(checked.frame, resolved.contract),
        notes=(*resolved.notes, *checked.notes, *parts.notes, *(problem.message for problem in across)),
    )


def training(config: RowsConfig, prepared: Prepared) -> Training:
    """Hand over the rows that the served model learns from, with the parts whose answers judge it, if it is not itself
    judged by rows held apart."""
    from . import metrics
    from .training import Training

    parts = prepared.parts
    frame = prepared.frame.iloc[parts.train].reset_index(drop=True)
    return Training(
        frame=frame,
        contract=prepared.contract,
        target=prepared.known[prepared.parts.train],
        weight=_only(frame, prepared.contract, "weight"),
        group=_only(frame, prepared.contract, "group"),
        time=_only(frame, prepared.contract, "time") if prepared.parts.method in ("time", "newest") else None,
        settings=config.train,
        learnt=config.target,
        seed=config.seed,
        threads=quota.threads(config.train.threads),
        coverage=config.bundle.coverage,
        now=prepared.now,
        parts=() if parts.held_apart else parts.parts,  # positions among all rows, all of which are in `frame`
        metric=metrics.metric(config.gate.metric, prepared.contract.task),
        decision=config.decision,
    )


def _only(frame: Any, contract: Contract, role: str) -> Any:
    """The values [n] of the column with a role, or None where the contract has none."""
    found = contract.with_role(role)
    return frame[found[0].name].to_numpy() if found and found[0].name in frame else None


def halves(config: RowsConfig, resolved: Resolved) -> tuple[Split | None, list[str]]:
    """The split that training would draw, to look for rows on both sides; why there is none becomes a note."""
    from .. import contract
    from . import split as splitting

    typed = contract.conform(resolved.frame, resolved.contract, lenient=True)
    try:
        drawn = splitting.split(
            typed,
            resolved.contract,
            resolved.contract.task,
            config.split,
            config.seed,
            refit=config.train.refit,
            test_frame=resolved.test_frame,
        )
    except InputError as error:
        return None, [*resolved.notes, f"no split to look for repeats across: {error}"]
    return drawn, list(resolved.notes)
