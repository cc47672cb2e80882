"""The parts of a use case that make a model: reading, a contract, preparation, fits, metrics, evaluation, pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.store import Store
    from ..contract.schema import Contract
    from ..contract.view import Halves
    from ..core.progress import Steps
    from .evaluated import ChampionStatus, EvaluatedModel, Truth
    from .explained import Explained
    from .resolve import Resolved


class Reading(Protocol):
    """Which table a run reads, and which of its columns."""

    def read(self, settings: Any, root: Path, /) -> pd.DataFrame:
        """The rows of `data.path` without `data.drop`; InputError where a named column is not there."""

    def read_test(self, settings: Any, root: Path, /) -> pd.DataFrame | None:
        """The rows of `data.test_path`, None where none is set."""

    def read_rows(self, path: str, settings: Any, root: Path, setting: str = ..., /) -> pd.DataFrame:
        """All columns of another table, which a `setting` names, read by the same settings."""


class Proposal(Protocol):
    """A first contract, and what settings may say beside a reviewed one."""

    def propose(self, frame: pd.DataFrame, settings: Any, task: str | None, source: str | None, /) -> Contract:
        """Infer a contract from rows."""

    def agree(self, contract: Contract, settings: Any, task: str | None, path: str, /) -> None:
        """Raise InputError where the settings say something else than the contract at `path`."""

    def overridden(self, contract: Contract, settings: Any, notes: list[str], /) -> Contract:
        """The contract for this run; what differs goes to `notes`."""

    def derived(self, contract: Contract, config: Any, notes: list[str], /) -> Contract:
        """The contract with what this run derives from its columns."""


class Prepared(Protocol):
    """What training works on: checked, typed, split. `truth` is that of the cases on which models are judged."""

    @property
    def frame(self) -> pd.DataFrame: ...

    @property
    def contract(self) -> Contract: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def version(self) -> str | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def truth(self) -> Truth: ...

    @property
    def unit(self) -> str:
        """What is counted where models are judged, such as test rows."""

    @property
    def asks(self) -> str | None:
        """The rows that `predict` needs for a first look, if it needs any."""

    @property
    def method(self) -> str:
        """How the cases were chosen, in a word."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How much there is, for the report."""

    @property
    def message(self) -> str:
        """What a model learns from this, in a sentence."""

    @property
    def divided(self) -> str:
        """The split, in words."""

    @property
    def folds(self) -> int:
        """How many fits of one recipe answer the cases, each of cases that the others learnt from; else 1."""

    @property
    def judged(self) -> str:
        """On what the figures were measured, and of which model they are, in a sentence."""


class Preparation(Protocol):
    """From resolved rows to what models are fitted to."""

    def check(self, config: Any, resolved: Resolved, steps: Steps, /) -> Any:
        """Check the rows against the contract, refuse errors, save a proposed contract, type the rows."""

    def split(self, config: Any, checked: Any, steps: Steps, /) -> Prepared:
        """Hold out what models are judged on."""

    def training(self, config: Any, prepared: Any, /) -> TrainingData:
        """What is given to baselines and models."""

    def halves(self, config: Any, resolved: Resolved, /) -> tuple[Halves | None, list[str]]:
        """The split that training would draw, for checks that compare its sides, and notes for the user."""


class TrainingData(Protocol):
    """What a fit gets: how much it is, in words, and how many threads it may use."""

    @property
    def message(self) -> str: ...

    @property
    def threads(self) -> int: ...


class Candidate(Protocol):
    """A fitted model, as far as training needs to know it."""

    @property
    def name(self) -> str: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def native(self) -> Any:
        """The library's own booster, or None where the model is not one booster."""

    def importance(self) -> dict[str, float]:
        """What each feature contributes, as shares that sum to 1; empty where that means nothing."""

    def parameters(self) -> dict[str, object]:
        """Settings and findings for the run's record."""


class Baseline(Protocol):
    """The numbers to beat."""

    def fit(self, training: Any, settings: Any, /) -> Sequence[Candidate]:
        """Fit all baselines, the simplest first."""


class Models(Protocol):
    """The models by name."""

    def fit(self, training: Any, settings: Any, /) -> Candidate:
        """Fit the model that the settings name."""


class Metric(Protocol):
    """A figure of how good scores are; `prepare` does the work that is common to resamples."""

    @property
    def name(self) -> str: ...

    @property
    def greater_is_better(self) -> bool: ...

    @property
    def prepare(self) -> Callable[[Any, Any], Callable[[Any], float]]: ...

    def value(self, truth: Any, scores: Any, /) -> float:
        """The metric of all cases; NaN where it is not defined."""


class Metrics(Protocol):
    """The metrics of each task. `BESIDE` names those that are shown beside the one that decides."""

    @property
    def BESIDE(self) -> Mapping[str, Sequence[str]]: ...

    def metric(self, name: str | None, task: str, /) -> Metric:
        """The named metric, or the task's main one; InputError for a name that the task does not have."""


class Staging(Protocol):
    """What an evaluation needs of the run: folders to put bundles in, and where published ones are."""

    @property
    def store(self) -> Store: ...

    def stage(self) -> Path:
        """A new folder for a bundle."""


class Evaluation(Protocol):
    """Judge models on the same cases, none of which the model that answers has seen."""

    def judge(
        self, config: Any, staging: Staging, prepared: Any, baselines: Any, candidate: Any, /
    ) -> tuple[tuple[EvaluatedModel, ...], ChampionStatus]:
        """Write each model's bundle, load it, score it; the champion too, where it can be compared."""

    def remember(self, staging: Staging, version: str, prepared: Any, chosen: EvaluatedModel, /) -> None:
        """Keep beside the published bundle what a later comparison needs."""

    def reference(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, Any]:
        """The histograms that travel in the bundle."""

    def facts(self, config: Any, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, str]:
        """What the model card shows in large figures, label to value."""

    def tables(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, list[dict[str, str]]]:
        """What the model card shows as tables, heading to rows."""

    def rule(self, prepared: Any, chosen: EvaluatedModel, /) -> str | None:
        """How the answer follows from what the model computes, in a sentence; None where it is just that."""

    def notes(self, config: Any, prepared: Any, chosen: EvaluatedModel, /) -> Sequence[str]:
        """What the reader should know of the model that becomes a version, with what to do about it."""

    def details(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, Any]:
        """Figures of parts of the cases, for the report."""


class Explanation(Protocol):
    """What the model that becomes a version looks at, and where it is weak."""

    def explain(self, config: Any, training: Any, prepared: Any, chosen: EvaluatedModel, metric: Any, /) -> Explained:
        """Measure and draw it, in little time beside a fit; `training` is for fits of parts of the rows."""


class Plots(Protocol):
    """The pictures of a trained model; `CAPTIONS` says what each shows."""

    @property
    def CAPTIONS(self) -> Mapping[str, str]: ...

    def draw(self, prepared: Any, chosen: EvaluatedModel, importance: Mapping[str, float], /) -> dict[str, bytes]:
        """The pictures by name, in reading order, each as PNG bytes."""
