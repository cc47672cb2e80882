"""Judge forecasters on the same windows: candidate, baseline, everybody that raced, and the champion.

Figures come from forecasts made at origins before which nothing had been seen, by the code that also serves; the
bundle holds the same model fitted to everything since. Each bundle keeps its backtest (backtest.npz), so that a later
candidate meets the champion on the very windows both have forecast, and on newer ones through its own predictor.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..bundle.reference import summarise
from ..core import cpu_quota as quota
from ..core.figures import figure
from ..core.moments import formatted
from ..usecase.evaluated import ChampionStatus, EvaluatedModel, Latency, champion_status, timed
from ..usecase.loading import describe, load
from .inference import forecaster

if TYPE_CHECKING:
    import numpy as np

    from ..bundle.predictor import Predictor
    from ..usecase.protocol import Staging
    from .cases import Cases
    from .model.candidate import Candidate
    from .preparation import Prepared
    from .settings import TimeseriesConfig

#: What the figures were measured on, for the reader of the card.
#: Single forecasts timed per model.
CALLS = 50
#: Cases that a fair comparison with the champion needs at least; below it the interval says nothing.
ENOUGH = 3


def judge(
    config: TimeseriesConfig, staging: Staging, prepared: Prepared, baselines: Sequence[Candidate], candidate: Candidate
) -> tuple[tuple[EvaluatedModel, ...], ChampionStatus]:
    """Write the bundles of baseline and candidate, load them as a server would, and score everybody, champion too."""
    kinds = [("baseline", model) for model in baselines] + [("candidate", candidate)]
    found = [_evaluated(config, staging, prepared, kind, model) for kind, model in kinds]
    if prepared.later is None:
        found[len(baselines) : len(baselines)] = [
            _raced(prepared, name, forecasts, found[-1]) for name, forecasts in candidate.raced.items()
        ]
    status = champion_status(config, staging.store, prepared.contract, quota.threads(config.train.threads))
    if status.served is not None:
        status, champion = defend(status, status.served, prepared)
        found += [champion] if champion else []
    return tuple(found), status


def notes(config: TimeseriesConfig, prepared: Prepared, chosen: EvaluatedModel) -> list[str]:
    """Nothing beyond what the candidate's own notes say."""
    return []


def remember(staging: Staging, version: str, prepared: Prepared, chosen: EvaluatedModel) -> None:
    """Nothing: what a later comparison needs lies in the bundle."""


def reference(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, Any]:
    """The reference that travels in the bundle: how the history and the forecasts looked."""
    return summarise(prepared.frame, prepared.contract, chosen.outputs)


def facts(config: TimeseriesConfig, prepared: Prepared, chosen: EvaluatedModel) -> dict[str, str]:
    """What the model card shows in large figures, label to value."""
    latency = chosen.latency
    until = prepared.until.removesuffix("T00:00:00").replace("T", " ")
    found = {
        "windows of series": f"{len(prepared.truth):,}",
        "newest value": until,
        "one series, p99": f"{figure(latency.p99_ms, 2)} ms" if latency else "unknown",
        f"bundle ({chosen.parity.format if chosen.parity else 'unknown'})": f"{figure(chosen.megabytes, 2)} MB",
    }
    if "coverage" in chosen.metrics:
        levels = prepared.backtest.quantiles
        found[f"of values in the {levels[-1] - levels[0]:.0%} band"] = f"{chosen.metrics['coverage']:.1%}"
    return found


def tables(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, list[dict[str, str]]]:
    """What the model card shows as tables: the error by step ahead, and the series that are forecast worst."""
    from . import metrics

    steps = metrics.by_step(prepared.truth, chosen.scores)
    shown = sorted({0, *(int(share * (len(steps) - 1)) for share in (0.25, 0.5, 0.75)), len(steps) - 1})
    found = {"Error by step ahead": [{"step": str(step + 1), "mase": figure(steps[step])} for step in shown]}
    each = metrics.by_series(prepared.truth, chosen.scores)
    keys = prepared.backtest.panel.keys
    if len(keys) > 1:
        order = sorted((value, key) for value, key in zip(each.tolist(), keys, strict=True) if value == value)
        worst = [{"series": " / ".join(key), "mase": figure(value)} for value, key in order[::-1][:10]]
        found["The series that are forecast worst"] = worst
    return found


def rule(prepared: Prepared, chosen: EvaluatedModel) -> str | None:
    """A forecast is what the model computes."""
    return None


def details(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, Any]:
    """Figures of parts of the cases, for the report: MASE by step ahead, by series and by window."""
    from . import metrics

    truth = prepared.truth
    steps = metrics.by_step(truth, chosen.scores)
    series = zip(truth.keys, metrics.by_series(truth, chosen.scores), strict=True)
    windows = {}
    for window in truth.windows:
        mine = truth.window == window
        windows[str(window + 1)] = metrics.METRICS["mase"].value(truth[mine], chosen.scores[mine])
    return {
        "mase_by_step": {str(step): _known(value) for step, value in enumerate(steps, start=1)},
        "mase_by_series": {" / ".join(key): _known(value) for key, value in series},
        "mase_by_window": {window: _known(value) for window, value in windows.items()},
    }


def defend(
    status: ChampionStatus, served: Predictor, prepared: Prepared
) -> tuple[ChampionStatus, EvaluatedModel | None]:
    """Score the champion on the windows that it has forecast, or that came after all it had learnt."""
    from . import metrics, rematch

    forecasts = rematch.forecasts(served, prepared)
    fair = rematch.answered(forecasts)
    count, cases = int(fair.sum()), len(fair)
    if count < min(ENOUGH, cases):
        note = (
            f"the champion (version {status.version}) has no forecast for {cases - count:,} of the {cases:,} windows "
            "that it had not seen, so it cannot be compared and the candidate faces the baseline alone"
        )
        return dataclasses.replace(status, served=None, note=note), None
    truth, scores = prepared.truth[fair], forecasts[fair]
    champion = EvaluatedModel(
        kind="champion",
        name=str(served.card.get("model", "champion")),
        folder=served.folder,
        version=served.version,
        scores=scores,
        outputs=_flat(truth, scores),
        metrics=metrics.score(truth, scores),
        latency=latency(served),
        megabytes=bundle.size(served.folder) / 1e6,
    )
    if count == cases:
        return status, champion
    note = (
        f"the champion (version {status.version}) can be judged on {count:,} of the {cases:,} windows; "
        "the two are compared on those"
    )
    return dataclasses.replace(status, note=note), dataclasses.replace(champion, fair=fair)


def latency(served: Predictor) -> Latency:
    """Measure the time of one series' forecast through the predictor, with values as a server would hand them over: its
    newest value is sent along, so that nothing can be remembered."""
    inference, columns = forecaster(served), served.example()
    time, target = inference.contract.with_role("time")[0], inference.contract.target.name
    newest = {
        **{name: values[0] for name, values in columns.items() if name in served.needed},
        time.name: formatted(inference.frequency.times(inference.panel.end[:1]), time.format, time.zone)[0],
        target: float(inference.panel.target[0, -1]),
    }
    rows = max((len(values) for values in columns.values()), default=0)
    request = {name: [*columns.get(name, [None] * rows), newest.get(name)] for name in {**columns, **newest}}
    return timed([partial(served.predict, request)] * CALLS)


def _evaluated(
    config: TimeseriesConfig, staging: Staging, prepared: Prepared, kind: str, model: Candidate
) -> EvaluatedModel:
    """Stage one model's bundle and score it."""
    from . import metrics, rematch

    folder = staging.stage()
    parity = model.write(folder, config.bundle.history, config.bundle.onnx_tolerance, _described(prepared))
    bundle.write_json(folder, "contract.json", prepared.contract.to_dict())
    describe(folder, config)
    rematch.keep(folder, prepared.backtest.cases, model.forecasts)
    bundle.seal(folder)
    served = load(folder, quota.threads(config.train.threads), version=kind)
    scores = model.forecasts if prepared.later is None else rematch.ahead(served, prepared)
    return EvaluatedModel(
        kind=kind,
        name=model.name,
        folder=folder,
        version=None,
        scores=scores,
        outputs=_flat(prepared.truth, scores),
        metrics=metrics.score(prepared.truth, scores),
        latency=latency(served),
        megabytes=bundle.size(folder) / 1e6,
        model=model,
        parity=parity,
    )


def _raced(prepared: Prepared, name: str, forecasts: np.ndarray, candidate: EvaluatedModel) -> EvaluatedModel:
    """One that was considered on the way to the candidate: figures, but no bundle."""
    from . import metrics

    return EvaluatedModel(
        kind="raced",
        name=name,
        folder=candidate.folder,
        version=None,
        scores=forecasts,
        outputs=_flat(prepared.truth, forecasts),
        metrics=metrics.score(prepared.truth, forecasts),
        latency=None,
        megabytes=0.0,
    )


def _described(prepared: Prepared) -> dict[str, Any]:
    """What inference.json says of the panel: the covariates in their order, their categories, the holidays."""
    panel = prepared.backtest.panel
    return {
        "covariates": {group: list(getattr(panel, group)) for group in ("past", "known", "static")},
        "categories": {name: list(levels) for name, levels in panel.categories.items()},
        "holidays": prepared.holidays,
    }


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return float(f"{value:.6g}") if value == value else None


def _flat(truth: Cases, scores: np.ndarray) -> Mapping[str, np.ndarray]:
    """Forecasts [c, horizon, 1 + q] as the predictor's columns [c x horizon]."""
    names = ["prediction", *(f"quantile_{level:g}" for level in truth.quantiles)]
    return {name: scores[:, :, position].ravel() for position, name in enumerate(names)}
