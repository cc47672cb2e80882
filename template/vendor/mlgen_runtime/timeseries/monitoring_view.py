"""Forecasts in production: what of them is watched, and how logged forecasts meet the values that came.

Monitoring asks here, and so does whoever decides about training anew; the functions are the same in every use case.
Answers come as a table with the columns request_id, row, at, key, prediction, those of `needed`, and truth. A key is
the series and the moment, as JSON: '["A", "2024-03-01T00:00:00"]'.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.figures import figure
from ..usecase.labelled import Figure, LabelledAnswers
from .cases import Cases
from .inference import forecaster
from .panel import Key, seasonal_error

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from .settings import TimeseriesConfig

Array = npt.NDArray[Any]

#: Whether an input that a logged row does not have was not said at all, rather than missing.
SPARSE = True
#: Whether answers rest on values that age.
AGES = True


def required(contract: Contract) -> tuple[str, ...]:
    """The columns that a table must have to be looked at."""
    return tuple(column.name for column in contract.with_role("series", "time", "target"))


def watched(contract: Contract) -> tuple[str, ...]:
    """The inputs whose distribution is compared with the history's: covariates. The moment always moves on."""
    return tuple(column.name for column in contract.with_role("past", "known_future", "static"))


def drifting(contract: Contract) -> tuple[str, ...]:
    """No column: forecasts move with the season, so their distribution says nothing."""
    return ()


def dependence(model: Predictor) -> float:
    """How many rows tell as much as one independent row: those of a season are much alike."""
    return float(forecaster(model).season)


def worth(model: Predictor) -> None:
    """Amounts have no table of labels."""


def needed(model: Predictor) -> tuple[str, ...]:
    """The predictor's columns, beside `prediction`, that judging takes."""
    return tuple(f"quantile_{level:g}" for level in forecaster(model).levels)


def chosen(model: Predictor, answers: pd.DataFrame) -> pd.DataFrame:
    """All answers: what was forecast for one moment at several origins counts each time. Series become columns."""
    found = answers[answers["key"].notna()].reset_index(drop=True)
    keys = [json.loads(key) for key in found["key"]]
    for position, name in enumerate(model.needed):
        found[name] = [key[position] if len(key) > position + 1 else None for key in keys]
    return found


def evidence(model: Predictor, answers: pd.DataFrame) -> LabelledAnswers:
    """The forecasts whose truth is known, as cases for the metrics: each is one series of one request."""
    inference = forecaster(model)
    series, ordinals, rows = _placed(model, answers)
    truth, forecasts = _numbers(answers["truth"])[rows], _forecasts(model, answers)[rows]
    requests = answers["request_id"].to_numpy()[rows]
    cases: dict[tuple[Any, int], int] = {}
    case = np.array([cases.setdefault(pair, len(cases)) for pair in zip(requests, series.tolist(), strict=True)], int)
    order = np.lexsort((ordinals, case))
    case, series, ordinals, rows = case[order], series[order], ordinals[order], rows[order]
    starts = np.searchsorted(case, np.arange(len(cases)))
    step = np.arange(len(case)) - starts[case]
    width = int(step.max(initial=-1)) + 1
    actual = np.full((len(cases), width), np.nan)
    scores = np.full((len(cases), width, forecasts.shape[1]), np.nan)
    actual[case, step], scores[case, step] = truth[order], forecasts[order]
    members = series[starts]
    none = np.zeros(len(cases), dtype=np.int64)
    scale = seasonal_error(inference.panel, inference.season)[members]
    distinct = len(np.unique(np.stack([series, ordinals]), axis=1).T) or 1
    return LabelledAnswers(
        truth=Cases(actual, scale, members, none, none, inference.panel.keys, inference.levels),
        scores=scores,
        rows=rows[starts],
        counts=np.bincount(case, minlength=len(cases)),
        overlap=len(rows) / distinct,
    )


def figures(model: Predictor, answers: pd.DataFrame) -> list[Figure]:
    """Rolling MASE, bias, the band's coverage, and whether level and season of the values that came have moved."""
    from . import metrics, moving

    found = evidence(model, answers)
    if not len(found.rows):
        return []
    truth, count = found.truth, int((~np.isnan(found.truth.actual)).sum())
    tests = model.metrics.get("test", {})
    errors = (found.scores[:, :, 0] - truth.actual) / truth.scale[:, None]
    usual = float(tests.get("mase", 1.0))
    mase = metrics.METRICS["mase"].value(truth, found.scores)
    bias = float(np.nanmean(errors))
    side = "above" if bias > 0 else "below"
    said = [
        Figure(
            metric="mase",
            subject="",
            value=mase,
            rows=count,
            expected=usual,
            error=_error(np.abs(errors), found),
            message=f"MASE {figure(mase)} on {count:,} values that came; in the backtest {figure(usual)}",
        ),
        Figure(
            metric="bias",
            subject="",
            value=bias,
            rows=count,
            expected=0.0,
            error=_error(errors, found),
            message=f"forecasts lie {figure(abs(bias), 3)} seasonal errors {side} what came, on average",
        ),
    ]
    if len(truth.quantiles) > 1:
        said.append(_coverage(found, count))
    series, ordinals, rows = _placed(model, answers)
    return [*said, *moving.figures(forecaster(model), series, ordinals, _numbers(answers["truth"])[rows])]


def newest(logged: pd.DataFrame) -> dict[str, float]:
    """The moment (seconds since 1970) of the newest value that logged forecasts rest on, by series."""
    found: dict[str, float] = {}
    for key, output in zip(logged["key"], logged["output"], strict=True):
        until = json.loads(output).get("data_until")
        if until is None or key is None:
            continue
        name = " / ".join(map(str, json.loads(key)[:-1]))
        at = float(np.datetime64(until, "s").astype(np.int64))
        found[name] = max(at, found.get(name, at))
    return found


def reach(model: Predictor) -> float:
    """Hours from the newest value to the last step of a forecast: answers that rest on older ones lie in the past."""
    steps = forecaster(model).gap + forecaster(model).horizon
    start, end = forecaster(model).frequency.times(np.array([0, steps]))
    return float((end - start) / np.timedelta64(1, "s")) / 3600


def answer(model: Predictor, frame: pd.DataFrame, config: TimeseriesConfig) -> tuple[dict[str, Array], pd.DataFrame]:
    """Forecast what conformed rows hold the truth of: the steps after the kept history, a horizon at a time, each from
    all that came before it. Return the forecasts as columns, and the answers with their truth."""
    import pandas as pd

    from ..core import keys
    from ..core.errors import InputError
    from .request import gather

    inference = forecaster(model)
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    request = gather(columns, model.contract, inference.frequency, inference.panel.categories)
    position = {key: place for place, key in enumerate(inference.panel.keys)}
    asked = [key for key in request.keys if key in position]
    if not asked:
        raise InputError("monitor.current: none of its series is known to the model; retrain with them")
    if len(asked) < len(request.keys):
        known = np.array([request.keys[code] in position for code in request.codes], dtype=bool)
        kept = {name: values[known] for name, values in columns.items()}
        request = gather(kept, model.contract, inference.frequency, inference.panel.categories)
    stored = inference.panel.only(np.array([position[key] for key in asked]))
    merged = request.over(stored, asked)
    newer = merged.end - stored.end
    parts = []
    for back in range(int(newer.max(initial=0)), 0, -inference.horizon):
        panel = merged.cut(back)
        try:
            whole = inference.ahead(panel, inference.gap + inference.horizon)
        except InputError:  # a covariate is not known for every step
            continue
        ahead = inference.forecast(whole, inference.scale_of(panel), inference.horizon, inference.levels)
        start = merged.steps - back + inference.gap
        actual = merged.target[:, start : start + inference.horizon]
        for place, step in np.argwhere(~np.isnan(actual) & (newer >= back)[:, None]):
            if np.isnan(ahead[place, step]).any():
                continue
            moment = inference.frequency.times(panel.ahead(inference.gap + step + 1)[place, -1:])[0]
            key = asked[place]
            parts.append((f"{back}", keys.written([*key, moment]), *key, actual[place, step], *ahead[place, step]))
    names = ["request_id", "key", *model.needed, "truth", "prediction", *needed(model)]
    answers = pd.DataFrame(parts, columns=names)
    return {"prediction": answers["prediction"].to_numpy(dtype=np.float64)}, answers


def _placed(model: Predictor, answers: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Series, ordinals and positions [n] of the answers that are of a known series and step, and have a truth."""
    inference = forecaster(model)
    positions = {key: place for place, key in enumerate(inference.panel.keys)}
    read = [json.loads(key) for key in answers["key"]]
    keys: list[Key] = [tuple(map(str, key[:-1])) for key in read]
    moments = np.array([key[-1] for key in read], dtype="M8[ns]")
    ordinals, fits = inference.frequency.ordinals(moments)
    series = np.array([positions.get(key, -1) for key in keys], dtype=np.int64)
    usable = (
        fits & (series >= 0) & np.isfinite(_numbers(answers["truth"])) & np.isfinite(_numbers(answers["prediction"]))
    )
    rows = np.flatnonzero(usable)
    return series[rows], ordinals[rows], rows


def _forecasts(model: Predictor, answers: pd.DataFrame) -> Array:
    """The point and the quantiles [n, 1 + q]; NaN for a quantile that was not asked for."""
    names = ["prediction", *needed(model)]
    blank = np.full(len(answers), np.nan)
    return np.stack([_numbers(answers[name]) if name in answers.columns else blank for name in names], axis=1)


def _numbers(cells: pd.Series) -> Array:
    from ..contract.columns import numbers

    return numbers(cells).values


def _error(values: Array, found: LabelledAnswers) -> float:
    """The standard error of the mean of values [c, horizon]: cases are what is independent, as far as they do not
    overlap; infinite where there are few of them."""
    cases = np.nanmean(values, axis=1)
    if len(cases) < 5:
        return float("inf")
    return float(np.std(cases) / len(cases) ** 0.5 * found.overlap**0.5)


def _coverage(found: LabelledAnswers, count: int) -> Figure:
    """The share of values inside the outermost quantiles."""
    truth = found.truth
    known = ~np.isnan(truth.actual) & ~np.isnan(found.scores[:, :, 1]) & ~np.isnan(found.scores[:, :, -1])
    inside = np.where(known, (found.scores[:, :, 1] <= truth.actual) & (truth.actual <= found.scores[:, :, -1]), np.nan)
    share, nominal = float(np.nanmean(inside)), truth.quantiles[-1] - truth.quantiles[0]
    chance = (nominal * (1 - nominal) * found.overlap / max(int(known.sum()), 1)) ** 0.5
    return Figure(
        metric="coverage",
        subject="",
        value=share,
        rows=count,
        expected=nominal,
        error=max(_error(inside, found), chance),
        message=f"{share:.1%} of the values that came lie inside the band, which is made to hold {nominal:.0%}",
    )
