"""The settings whose shape is that of time series: columns and their roles, the backtest, the bands, the budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..config.run import RunConfig
from ..config.schema import Bound, Count, OneOf, Part, Share
from ..config.settings import CheckSettings, FitSettings, StoreSettings, TableSettings
from .contract.vocabulary import TASKS


@dataclass(frozen=True, kw_only=True)
class DataSettings(TableSettings):
    """Where the series are and what each column is to them; `horizon` and `season` are steps of the `frequency`."""

    time: str | None
    series: list[str] | None
    horizon: Count
    frequency: str | None
    season: Count | None
    past: list[str]
    known_future: list[str]
    static: list[str]
    holidays: str | None


@dataclass(frozen=True, kw_only=True)
class ContractSettings(CheckSettings):
    """The contract, and when the checks of series speak up. `gap_share` is of a series' steps, `gap_limit` of all."""

    gap_share: Part
    gap_limit: Part
    leakage_r2: Part


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """The rolling-origin backtest: how many windows and fits, how far apart, and how late data arrives, in steps."""

    windows: Count | None
    fits: Count | None
    step: Count | None
    gap: Annotated[int, Bound(at_least=0)]


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """The seasonal naive forecast; `season` in steps."""

    season: Count | None


@dataclass(frozen=True, kw_only=True)
class TrainSettings(FitSettings):
    """How candidates are fitted, whichever they are. `minutes` is the budget of all fits on two cores."""

    minutes: Annotated[float, Bound(above=0)]
    quantiles: list[Share]
    device: Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, kw_only=True)
class BundleSettings(StoreSettings):
    """Where bundles go; `history` is how many steps of each series they keep at least."""

    history: Count


@dataclass(frozen=True, kw_only=True)
class TimeseriesConfig(RunConfig):
    """What a run over time series is told."""

    task: Annotated[str, OneOf(TASKS)] | None
    data: DataSettings
    contract: ContractSettings
    split: SplitSettings
    baseline: BaselineSettings
    train: TrainSettings
    bundle: BundleSettings
