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
    """Where the rows come from; `key` names the columns that identify one."""

    key: list[str]


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
    """How rows are fitted; `imbalance` says how much a row of a rare class weighs. `refit` fits what is served again on
    all rows; `validation_size` is the share that stops a fit which may not ask the rows that judge it."""

    validation_size: Share
    refit: bool
    imbalance: Literal["none", "balanced"]


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
    """What a run over independent rows is told."""

    task: Annotated[str, OneOf(TASKS)] | None
    data: DataSettings
    contract: ContractSettings
    target: TargetSettings
    split: SplitSettings
    bundle: BundleSettings
    train: RowsFitSettings
    explanation: ExplanationSettings

    def __post_init__(self) -> None:
        """What is optimised judges, too, where nothing else is named."""
        named = targets.metric(self.gate.metric, self.target)
        object.__setattr__(self, "gate", replace(self.gate, metric=named))
