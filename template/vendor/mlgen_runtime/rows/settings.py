"""The settings of use cases whose examples are independent rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from ..config.run import RunConfig
from ..config.schema import Bound, Count, OneOf, Part, Share
from ..config.settings import CheckSettings, FitSettings, StoreSettings, TableSettings
from . import target as targets
from .contract.vocabulary import TASKS


@dataclass(frozen=True, kw_only=True)
class DataSettings(TableSettings):
    """Where the rows come from; `key` names the columns that identify one, `positive` the class of two that is looked
    for, null by the rule of `contract.positive`."""

    key: list[str]
    positive: str | bool | None


@dataclass(frozen=True, kw_only=True)
class ContractSettings(CheckSettings):
    """The contract, and when the checks that compare rows speak up."""

    duplicate_share: Part
    leakage_auc: Annotated[float, Bound(above=0.5, at_most=1)]
    leakage_r2: Part
    min_class_rows: Count
    rare_class_share: Part


@dataclass(frozen=True, kw_only=True)
class RowsFitSettings(FitSettings):
    """How rows are fitted. `refit` fits what is served again on all rows; `validation_size` is the share that stops a
    fit which may not ask the rows that judge it; `class_weight` says how much a row of each class weighs: all alike,
    all classes alike, or by label (1 where a label is not named)."""

    validation_size: Share
    refit: bool
    class_weight: Literal["none", "balanced"] | dict[str, Annotated[float, Bound(above=0)]]


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How rows are held out to judge a model: in `folds`, or once, `test_size` of the rows; auto takes folds where rows
    are few."""

    method: Literal["auto", "random", "stratified", "group", "time", "newest"]
    folds: Literal["auto"] | Count
    test_size: Share


@dataclass(frozen=True, kw_only=True)
class TargetSettings:
    """How an amount is learnt: on which scale, and which error counts.

    `tweedie_power` is the p of a variance that grows as mean^p, `quantile` the share of outcomes below the prediction,
    `huber_delta` the error from which on it counts linearly, on the scale that is learnt (null: by the spread).
    """

    transform: Literal["none", "log1p", "box_cox"]
    objective: Literal["squared_error", "mae", "huber", "quantile", "poisson", "tweedie"]
    tweedie_power: Annotated[float, Bound(above=1, below=2)]
    quantile: Share
    huber_delta: Annotated[float, Bound(above=0)] | None


@dataclass(frozen=True, kw_only=True)
class BundleSettings(StoreSettings):
    """Where bundles go; `parity` are the rows to compare on, `coverage` is that of the interval."""

    parity: Annotated[str, OneOf(("test", "all"))]
    coverage: Share


@dataclass(frozen=True, kw_only=True)
class ValueSettings:
    """What a case of each outcome is worth, in any unit, costs below 0; null is 0, and all of them null is no table.

    Positive and negative is what was predicted, true and false whether it came so.
    """

    true_positive: float | None
    false_positive: float | None
    true_negative: float | None
    false_negative: float | None

    @property
    def given(self) -> bool:
        """Whether there is a table."""
        return any(value is not None for value in vars(self).values())


@dataclass(frozen=True, kw_only=True)
class DecisionSettings:
    """From which probability on the positive class of two is predicted, and what an automatic choice is for.

    `threshold` null is 0.5; `maximise` null is `value` where there is a table, else f1.
    """

    threshold: Share | Literal["auto"] | None
    maximise: Literal["f1", "macro_f1", "accuracy", "balanced_accuracy", "value"] | None
    value: ValueSettings


@dataclass(frozen=True, kw_only=True)
class ExplanationSettings:
    """One entry per line of conf/explanation/default.yaml, which says what each is for."""

    served: bool
    rows: Count
    repeats: Count
    inputs: Count
    curves: Count
    slices: Count
    slice_rows: Count
    learning_curve: bool


@dataclass(frozen=True, kw_only=True)
class RowsConfig(RunConfig):
    """What a run over independent rows is told. `features` are expressions by name; null leaves one out."""

    task: Annotated[str, OneOf(TASKS)] | None
    features: dict[str, str | None]
    data: DataSettings
    contract: ContractSettings
    target: TargetSettings
    split: SplitSettings
    bundle: BundleSettings
    train: RowsFitSettings
    decision: DecisionSettings
    explanation: ExplanationSettings

    def __post_init__(self) -> None:
        """What is optimised judges, too, where nothing else is named."""
        named = targets.metric(self.gate.metric, self.target)
        object.__setattr__(self, "gate", replace(self.gate, metric=named))
