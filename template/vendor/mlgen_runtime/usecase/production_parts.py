"""The parts of a use case that use a model: inference, batch scoring, prediction, monitoring, retraining, export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from ..bundle.predictor import Inference, Predictor
    from ..bundle.store import Store
    from ..contract.schema import Contract
    from ..core.duration import Span
    from ..data.output import Scored
    from .batches import Batch, Form, Portion
    from .export_package import ExportPackage, ParityCase, Row
    from .labelled import Figure, LabelledAnswers


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

    def columns(self, contract: Contract, data: Any, /) -> list[tuple[str, str]]:
        """The names of the columns of answers that come from the data or could meet one that does, and their origin."""

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

    def worth(self, model: Predictor, /) -> np.ndarray | None:
        """What an answer is worth by the model's own bundle [predicted, true label]; None where it does not say."""

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
