"""LightGBM on lags: one model for all series and steps, the work horse among the forecasters.

It forecasts directly, a row for each step with the step among its features, from rows that know no sizes
(`forecast.lags`).
What is learnt is what a simple base lacks: one forest for each base, all on the same rows, and their mean forecasts.
The loss is the absolute one: it is what MASE asks about, and single spikes do not move it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Bound, Count
from ...core.errors import InputError
from ...usecase.library_parameters import LIGHTGBM, Library, lightgbm_names
from ...usecase.parity import Parity
from ..forecast import lightgbm as serving
from ..forecast.lags import BASES, Sight
from ..panel import Panel, seasonal_error
from . import rows
from .training import Size, Training

Array = npt.NDArray[Any]

#: Cells of the matrix that keep a thread busy; with fewer, threads wait for each other longer than they work.
CELLS_PER_THREAD = 200_000
#: Leaves of a tree where there is much to learn from, and where there is little. On two years of hours 15 leaves were
#: 5 % better than 31, on hundreds of series 31 were 4 % better than 15.
LEAVES = (31, 15)
#: What is not for `extra`: what has a setting of its own here, follows from the task, or keeps answers repeatable.
LIBRARY = Library(
    "LightGBM",
    lightgbm_names,
    {**LIGHTGBM, "objective": "model.objective", "max_bin": "model.max_bin", "early_stopping_round": None},
)


@dataclass(frozen=True, kw_only=True)
class LightGBMSettings:
    """conf/model/lightgbm.yaml."""

    name: str
    bases: list[Literal["naive", "level", "phase", "shape"]]
    logarithm: bool | None
    lags: Count
    cycles: Count
    long_cycles: Count
    rows: Count
    steps_per_origin: Count
    n_estimators: Count
    learning_rate: Amount
    num_leaves: Count | None
    min_child_samples: Count
    subsample: Annotated[float, Bound(above=0, at_most=1)]
    colsample_bytree: Annotated[float, Bound(above=0, at_most=1)]
    max_bin: Count
    objective: Literal["l1", "l2", "huber"]
    extra: dict[str, Any]
    library: ClassVar[Library] = LIBRARY


class Boosted:
    """A `Fitted`: the serving class with LightGBM's own scores."""

    name = "lightgbm"

    def __init__(self, sight: Sight, bases: Sequence[str], boosters: Sequence[Any], record: dict[str, object]) -> None:
        self._sight, self._bases, self._boosters, self._record = sight, tuple(bases), tuple(boosters), record
        self._part = serving.Boosting(sight, self._bases, self._score)
        self._format = "lightgbm"

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon] of the steps after each series' end; a row of NaN where too few values are recent."""
        return self._part.points(panel, horizon)

    def parameters(self) -> dict[str, object]:
        """Settings and findings for the run's record."""
        return self._record

    def importance(self) -> dict[str, float]:
        """The gain of each feature as a share, the largest first."""
        gains = np.array([booster.feature_importance("gain") for booster in self._boosters], dtype=np.float64)
        shares = (gains / np.maximum(gains.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
        named = zip(self._sight.features, shares.tolist(), strict=True)
        return dict(sorted(named, key=lambda item: -item[1]))

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write `lightgbm.onnx`, or LightGBM's own text where the graph is not exact enough on the probe."""
        parity, graph = self._compare(probe, horizon, tolerance)
        self._format = parity.format
        if graph is not None:
            (folder / "lightgbm.onnx").write_bytes(graph)
            return parity
        for name, booster in zip(self._files(), self._boosters, strict=True):
            (folder / name).write_text(booster.model_to_string(), "utf8")
        return parity

    def entry(self) -> dict[str, Any]:
        """What `forecast.lightgbm.load` reads."""
        return {
            "name": self.name,
            "format": self._format,
            "files": self._files(),
            "bases": list(self._bases),
            "sight": dataclasses.asdict(self._sight),
        }

    def _files(self) -> list[str]:
        if self._format == "onnx":
            return ["lightgbm.onnx"]
        return [f"lightgbm.{base}.txt" for base in self._bases]

    def _score(self, matrix: Array) -> Array:
        scores = [booster.predict(matrix, raw_score=True) for booster in self._boosters]
        return np.stack(scores, axis=1)

    def _compare(self, probe: Panel, horizon: int, tolerance: float) -> tuple[Parity, bytes | None]:
        """Return the graph where it is exact enough; otherwise none, and the reason."""
        from ...onnx.graph import Unsupported

        try:
            graph = _graph(self._boosters, len(self._sight.features))
        except Unsupported as reason:
            return Parity(format=self.name, largest=math.inf, rows=0, reason=f"ONNX cannot express {reason}"), None
        exported = serving.Boosting(self._sight, self._bases, serving.graph(graph))
        expected, found = self.points(probe, horizon), exported.points(probe, horizon)
        sizes = np.maximum(np.abs(expected), seasonal_error(probe, self._sight.season)[:, None])
        same = np.isfinite(expected) == np.isfinite(found)
        with np.errstate(invalid="ignore"):
            differences = np.where(same, np.abs(expected - found) / sizes, np.inf)
        largest = float(np.nanmax(differences, initial=0.0))
        if not largest <= tolerance:
            why = f"the ONNX model differs by {largest:.2g}, which is more than {tolerance:.2g}"
            return Parity(format=self.name, largest=largest, rows=expected.size, reason=why), None
        return Parity(format="onnx", largest=largest, rows=expected.size), graph


def fit(training: Training, settings: LightGBMSettings) -> Boosted:
    """Fit a forest for each base; raises InputError for settings that LightGBM does not take, and where no series is
    long enough to learn from."""
    import lightgbm

    LIBRARY.check(settings.extra)
    sight = rows.sight(
        training,
        lags=settings.lags,
        cycles=settings.cycles,
        long_cycles=settings.long_cycles,
        logarithm=settings.logarithm,
    )
    examples = rows.examples(training, sight, settings.rows, settings.steps_per_origin)
    if not len(examples.labels):
        raise InputError(
            f"model lightgbm: no series has the {sight.fewest} values and {training.horizon} steps after them that "
            "it learns from; give longer histories or a shorter data.horizon, or choose another model"
        )
    parameters = _parameters(training, settings, examples.matrix)
    categorical = np.flatnonzero([name in training.panel.categories for name in _sources(sight)]).tolist()
    LIBRARY.tried(settings.extra, parameters, examples.matrix, examples.labels[:, 0], categorical)
    boosters = []
    with LIBRARY.refusals(lightgbm.basic.LightGBMError):
        table = lightgbm.Dataset(
            examples.matrix,
            examples.labels[:, 0],
            categorical_feature=categorical,
            params=parameters,
            free_raw_data=False,
        )
        for base in settings.bases:
            table.set_label(examples.labels[:, BASES.index(base)])
            booster = lightgbm.train(parameters, table, settings.n_estimators)
            boosters.append(lightgbm.Booster(model_str=booster.model_to_string()))
    record = {name: value for name, value in vars(settings).items() if name not in ("name", "extra")}
    record |= {**settings.extra, "rows": len(examples.labels), "features": len(sight.features)}
    record["logarithm"] = sight.floor is not None
    return Boosted(sight, settings.bases, boosters, record)


def cost(size: Size, settings: LightGBMSettings) -> float:
    """Seconds of a fit and a forecast on two cores, about: as measured on series of hours, days and months."""
    learnt = min(settings.rows, size.values * size.horizon)
    forecast = size.series * size.horizon
    trees = len(settings.bases) * settings.n_estimators
    return 1.0 + learnt * (trees * 1e-7 + 2e-5) + forecast * (trees * 2e-8 + 1e-5) + trees * 2e-3


def _sources(sight: Sight) -> list[str]:
    """The covariate that each feature is, as it is; an empty name for what is computed."""
    plain = {f"known.{name}": name for name in sight.known} | {f"static.{name}": name for name in sight.static}
    plain |= {f"past.{name}.now": name for name in sight.past}
    return [plain.get(feature, "") for feature in sight.features]


def _parameters(training: Training, settings: LightGBMSettings, matrix: Array) -> dict[str, Any]:
    """LightGBM's own parameters. Equal seeds give equal trees on a machine: `deterministic` with one fixed layout."""
    return {
        "objective": settings.objective,
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves or LEAVES[rows.few(training)],
        # With few rows, a leaf of the usual size would be most of them.
        "min_data_in_leaf": min(settings.min_child_samples, max(2, len(matrix) // 50)),
        "bagging_fraction": settings.subsample,
        "bagging_freq": int(settings.subsample < 1),
        "feature_fraction": settings.colsample_bytree,
        "max_bin": settings.max_bin,
        "seed": training.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": min(training.threads, max(1, matrix.size // CELLS_PER_THREAD)),
        "feature_pre_filter": False,
        "verbosity": -1,
        **settings.extra,
    }


def _graph(boosters: Sequence[Any], features: int) -> bytes:
    """The forests as one graph: float32 `rows` in, a double for each forest out; raises Unsupported."""
    from ...onnx.forest import join
    from ...onnx.graph import Graph
    from ...onnx.lightgbm import forest

    targets = len(boosters)
    forests = [
        dataclasses.replace(
            (found := forest(booster.model_to_string(), 1)),
            targets=targets,
            leaf_targets=np.full_like(found.leaf_targets, target),
        )
        for target, booster in enumerate(boosters)
    ]
    graph = Graph()
    margins = graph.forest("rows", join(forests))
    graph.add("Identity", margins, output="scores")
    return graph.finish(("rows", features), ("scores", targets))
