"""What every project's configuration has, and the stems of the folders that a use case extends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from .schema import Amount, Bound, Count, Part, Share

#: A tab, and how it is written where none can be typed.
TAB, TYPED_TAB = "\t", r"\t"


@dataclass(frozen=True, kw_only=True)
class ProjectSettings:
    """Who this repository is: `name` is the console script, `package` the user's Python package, `extensions` the
    modules of it that the runtime imports for what they register."""

    name: str
    package: str
    use_case: str
    extensions: list[str]


@dataclass(frozen=True, kw_only=True)
class TableSettings:
    """Where a table lies and how it is read; `version` is that of the rows at `path`, null means as they are now. Paths
    are relative to the project's root. `decimal`, `thousands`, `date_format` and `zone` say how cells are written where
    a contract is proposed, null as the data show. A tab as `separator` may be written `\\t`, as few can type one.
    """

    path: str
    version: str | None
    test_path: str | None
    target: str | None
    drop: list[str]
    separator: str | None
    encoding: str
    na_values: list[str]
    decimal: Literal[".", ","] | None
    thousands: Literal["", ",", ".", " ", "'", "_"] | None
    date_format: str | None
    zone: str | None

    def __post_init__(self) -> None:
        if self.separator == TYPED_TAB:
            object.__setattr__(self, "separator", TAB)


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """The contract file, and from which point on the checks that hold for any table speak up. Shares are of rows."""

    path: str
    write: bool
    out_of_range_share: Part
    new_category_share: Part
    null_share: Part
    mostly_null_share: Part
    severity: dict[str, Literal["error", "warning", "off"]]


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How models are fitted, whichever they are; `threads` is null for what the machine grants."""

    threads: Count | None


@dataclass(frozen=True, kw_only=True)
class StoreSettings:
    """Where bundles are published; `onnx_tolerance` is a relative difference."""

    store: str
    onnx_tolerance: Annotated[float, Bound(above=0)]


class ModelSettings(Protocol):
    """What all models' settings share; each model's own dataclass stands beside it in `model/`."""

    @property
    def name(self) -> str:
        """The name in the registry of models and of the file in conf/model/."""


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """When a candidate is promoted. `baseline` is what it takes against the simplest baseline, `prudence` by how many
    standard errors a more complex model must lead; `margin` is in units of the metric, the latency that of one row, and
    1 MB is 10^6 bytes.
    """

    metric: str | None
    baseline: Literal["shown", "ahead"]
    prudence: Amount
    margin: float
    confidence: Share
    resamples: Count
    strict: bool
    max_p99_ms: Annotated[float, Bound(above=0)] | None
    max_size_mb: Annotated[float, Bound(above=0)] | None


@dataclass(frozen=True, kw_only=True)
class TrackingSettings:
    """Where MLflow keeps runs and model versions."""

    uri: str
    experiment: str
    model_name: str
