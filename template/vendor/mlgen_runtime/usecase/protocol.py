"""What a use case is: one object, USE_CASE, whose parts are modules (or objects) that fulfil these protocols.

    class Tabular:
        name = "tabular"
        vocabulary = VOCABULARY

        @property
        def inference(self) -> protocol.InferenceLoader:
            from . import inference        # imported when it is asked for: a server needs little of a use case
            return inference

Training, the deployments, monitoring and retraining know these protocols and no use case. mypy holds each part to its
protocol where the object hands it over. A part's arguments that only another part of the same use case has made (its
own configuration, what `check` and `split` return, its training data) are `Any` here and typed there: a protocol that
named them would have to name the use case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from ..bundle.predictor import Answers, Inference, Predictor
    from ..bundle.store import Store
    from ..config.run import ConfigSchema
    from ..contract.catalogue import Check
    from ..contract.schema import Contract
    from ..contract.view import Halves
    from ..contract.vocabulary import Vocabulary
    from ..core.duration import Span
    from ..core.progress import Steps
    from ..data.output import Scored
    from .batches import Batch, Form, Portion
    from .evaluated import ChampionStatus, EvaluatedModel, Truth
    from .export_package import ExportPackage, ParityCase, Row
    from .labelled import Figure, LabelledAnswers
    from .resolve import Resolved

Array = Any


class Reading(Protocol):
    """Which table a run reads, and which of its columns."""

    def read(self, settings: Any, root: Path, /) -> pd.DataFrame:
        """The rows of `data.path` without `data.drop`; InputError where a named column is not there."""

    def read_test(self, settings: Any, root: Path, /) -> pd.DataFrame | None:
        """The rows of `data.test_path`, None where none is set."""

    def read_rows(self, path: str, settings: Any, root: Path, /) -> pd.DataFrame:
        """All columns of another table, read by the same settings."""


class Proposal(Protocol):
    """A first contract, and what settings may say beside a reviewed one."""

    def propose(self, frame: pd.DataFrame, settings: Any, task: str | None, source: str | None, /) -> Contract:
        """Infer a contract from rows."""

    def agree(self, contract: Contract, settings: Any, task: str | None, path: str, /) -> None:
        """Raise InputError where the settings say something else than the contract at `path`."""

    def overridden(self, contract: Contract, settings: Any, notes: list[str], /) -> Contract:
        """The contract for this run; what differs goes to `notes`."""


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
    def asks(self) -> str:
        """What `predict` needs to be told for a first look, on the command line."""

    @property
    def method(self) -> str:
        """How the cases were chosen, in a word."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How much there is, for the report."""

    @property
    def says(self) -> str:
        """What a model learns from this, in a sentence."""

    @property
    def divided(self) -> str:
        """The split, in words."""


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
    def says(self) -> str: ...

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
    """Judge models by what will be served: bundles, loaded by the predictor. `MEASURED` says on what, for the card."""

    @property
    def MEASURED(self) -> str: ...

    def judge(
        self, config: Any, staging: Staging, prepared: Any, baselines: Any, candidate: Any, /
    ) -> tuple[tuple[EvaluatedModel, ...], ChampionStatus]:
        """Write each model's bundle, load it, score it; the champion too, where it can be compared."""

    def remember(self, staging: Staging, version: str, prepared: Any, /) -> None:
        """Keep beside the published bundle what a later comparison needs."""

    def reference(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, Any]:
        """The histograms that travel in the bundle."""

    def facts(self, config: Any, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, str]:
        """What the model card shows in large figures, label to value."""

    def tables(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, list[dict[str, str]]]:
        """What the model card shows as tables, heading to rows."""

    def details(self, prepared: Any, chosen: EvaluatedModel, /) -> dict[str, Any]:
        """Figures of parts of the cases, for the report."""


class Plots(Protocol):
    """The pictures of a trained model; `CAPTIONS` says what each shows."""

    @property
    def CAPTIONS(self) -> Mapping[str, str]: ...

    def prepare(self) -> None:
        """Import what drawing needs, while there is something else to wait for."""

    def draw(self, prepared: Any, chosen: EvaluatedModel, importance: Mapping[str, float], /) -> dict[str, bytes]:
        """The pictures by name, in reading order, each as PNG bytes."""


class InferenceLoader(Protocol):
    """How a bundle's model is opened, by what a server has installed."""

    def load(self, folder: Path, contract: Contract, threads: int | None, bulk: bool, /) -> Inference:
        """Load the model of a verified bundle's folder."""


class BatchScoring(Protocol):
    """Many rows at once. `NEEDS_ROWS`: without rows there is nothing to do."""

    @property
    def NEEDS_ROWS(self) -> bool: ...

    def key(self, model: Predictor, data: Any, /) -> tuple[str, ...]:
        """The columns that tell answers apart; none where rows have numbers only."""

    def expected(self, model: Predictor, /) -> int | None:
        """How many answers to expect where the source does not say."""

    def form(self, model: Predictor, names: Sequence[str], types: Sequence[pa.DataType], key: Sequence[str], /) -> Form:
        """The table of answers to rows with these columns."""

    def portions(
        self, model: Predictor, form: Form, batches: Iterator[Batch], after: int, threads: int, answer: bool, /
    ) -> Iterator[Portion]:
        """Answer batch after batch, from what comes behind `after`."""


class Prediction(Protocol):
    """`predict`: a file in, a file or the terminal out."""

    def score_file(self, config: Any, /) -> Scored:
        """Predict with the champion, and write or print the answers."""


class MonitoringView(Protocol):
    """What of production is watched, and how logged answers meet the truth that arrived later.

    `SPARSE`: requests hold few of the watched columns; `AGES`: answers rest on values that get old.
    """

    @property
    def SPARSE(self) -> bool: ...

    @property
    def AGES(self) -> bool: ...

    def required(self, contract: Contract, /) -> tuple[str, ...]:
        """The columns that an uploaded table must have."""

    def watched(self, contract: Contract, /) -> tuple[str, ...]:
        """The inputs whose distribution is compared with that of the training rows."""

    def drifting(self, contract: Contract, /) -> tuple[str, ...]:
        """The predictor's columns whose distribution is compared."""

    def needed(self, model: Predictor, /) -> tuple[str, ...]:
        """The predictor's columns, beside `prediction`, that judging takes."""

    def dependence(self, model: Predictor, /) -> float:
        """How many rows tell as much as one independent row."""

    def chosen(self, model: Predictor, answers: pd.DataFrame, /) -> pd.DataFrame:
        """Which of the answers to one key count."""

    def evidence(self, model: Predictor, answers: pd.DataFrame, /) -> LabelledAnswers:
        """The answers whose truth can be read, as cases for the metrics."""

    def figures(self, model: Predictor, answers: pd.DataFrame, /) -> list[Figure]:
        """Further figures, such as bias and coverage."""

    def newest(self, logged: pd.DataFrame, /) -> Mapping[str, float]:
        """The moment of the newest value that logged answers rest on, by series."""

    def reach(self, model: Predictor, /) -> float:
        """Hours for which an answer holds after that."""

    def answer(
        self, model: Predictor, frame: pd.DataFrame, config: Any, /
    ) -> tuple[Mapping[str, np.ndarray], pd.DataFrame]:
        """Predict conformed rows: the predictor's columns, and the answers with their truth."""


class NewestRows(Protocol):
    """The newest rows, for retraining: what came since a model was trained, what trains, what is held out."""

    def fresh(self, store: Store, version: str, frame: pd.DataFrame, contract: Contract, /) -> int:
        """How many rows came since `version` was trained."""

    def window(self, frame: pd.DataFrame, contract: Contract, span: Span | None, key: str, /) -> pd.DataFrame:
        """The newest rows, in their order."""

    def held_out(
        self, frame: pd.DataFrame, contract: Contract, span: Span | None, new: int, key: str, /
    ) -> Mapping[str, Any]:
        """The settings of conf/split that hold the newest rows out."""

    def logged(
        self,
        features: Mapping[str, Sequence[Any]],
        keys: Sequence[Any],
        truths: Sequence[Any],
        moments: Sequence[float],
        contract: Contract,
        /,
    ) -> tuple[pd.DataFrame, np.ndarray]:
        """Conformed rows of logged cells with their truth, and which of them can be read."""

    def combined(self, source: pd.DataFrame, log: pd.DataFrame, contract: Contract, /) -> pd.DataFrame:
        """The rows of the source and those of the log."""


class Portable(Protocol):
    """The model as files that predict without this package, and what to ask of both."""

    def write(self, model: Predictor, config: Any, folder: Path, /) -> ExportPackage:
        """Put the model's files and its readers into an existing folder."""

    def questions(self, model: Predictor, config: Any, rows: int, /) -> Sequence[ParityCase]:
        """Rows of data, as they are and spoilt; the first case is the smallest."""

    def answers(self, model: Predictor, case: ParityCase, /) -> list[Row]:
        """What the predictor says of them."""


class UseCase(Protocol):
    """One use case. Each part is imported when it is asked for."""

    @property
    def name(self) -> str: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def schema(self) -> ConfigSchema:
        """The shape of its configuration, its models' included."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks that rows are held to, by id."""

    @property
    def reading(self) -> Reading: ...

    @property
    def proposal(self) -> Proposal: ...

    @property
    def preparation(self) -> Preparation: ...

    @property
    def baseline(self) -> Baseline: ...

    @property
    def models(self) -> Models: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def evaluation(self) -> Evaluation: ...

    @property
    def plots(self) -> Plots: ...

    @property
    def inference(self) -> InferenceLoader: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def batch_scoring(self) -> BatchScoring: ...

    @property
    def prediction(self) -> Prediction: ...

    @property
    def monitoring_view(self) -> MonitoringView: ...

    @property
    def newest_rows(self) -> NewestRows: ...

    @property
    def portable(self) -> Portable: ...
