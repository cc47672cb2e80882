"""The figures of forecasts against their definitions, and as weighted metrics of a bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import metrics
from mlgen_runtime.timeseries.cases import Cases


def cases(seed: int = 0, count: int = 6, horizon: int = 4) -> tuple[Cases, np.ndarray]:
    """Truth with a gap, and forecasts with three quantiles."""
    random = np.random.default_rng(seed)
    actual = random.normal(10, 3, size=(count, horizon))
    actual[0, 1] = np.nan
    points = actual.copy()
    points[np.isnan(points)] = 0
    points += random.normal(size=points.shape)
    spread = np.abs(random.normal(size=points.shape))
    forecasts = np.stack([points, points - spread, points, points + spread], axis=2)
    keys = tuple((str(number),) for number in range(3))
    series = np.arange(count) % 3
    scale = 1 + random.random(count)
    return Cases(actual, scale, series, series * 0, series * 0, keys, (0.1, 0.5, 0.9)), forecasts


def test_mase_is_the_mean_of_scaled_errors_per_case() -> None:
    """Each case counts the same, a gap does not count."""
    truth, forecasts = cases()
    expected = np.mean(np.nanmean(np.abs(truth.actual - forecasts[:, :, 0]), axis=1) / truth.scale)

    assert metrics.METRICS["mase"].value(truth, forecasts) == pytest.approx(expected)


def test_the_quantile_loss_is_the_pinball_loss_by_definition() -> None:
    """Summed over everything, twice, relative to the size of the values."""
    truth, forecasts = cases()
    total = 0.0
    for case in range(len(truth)):
        for step in range(4):
            for position, level in enumerate(truth.quantiles, start=1):
                y, q = truth.actual[case, step], forecasts[case, step, position]
                if not np.isnan(y):
                    total += 2 * (level * (y - q) if y >= q else (1 - level) * (q - y)) / 3
    expected = total / np.nansum(np.abs(truth.actual))

    assert metrics.METRICS["wql"].value(truth, forecasts) == pytest.approx(expected)


def test_smape_of_zero_forecast_as_zero_is_zero() -> None:
    """Nothing divided by nothing is no error."""
    truth, forecasts = cases()
    nothing = Cases(
        truth.actual * 0, truth.scale, truth.series, truth.window, truth.origin, truth.keys, truth.quantiles
    )

    assert metrics.METRICS["smape"].value(nothing, forecasts * 0) == 0


@pytest.mark.parametrize("name", metrics.METRICS)
def test_a_perfect_forecast_has_no_error(name: str) -> None:
    """Zero is the least of every metric."""
    truth, _ = cases()
    perfect = np.repeat(np.nan_to_num(truth.actual)[:, :, None], 4, axis=2)

    assert metrics.METRICS[name].value(truth, perfect) == pytest.approx(0)


@settings(max_examples=40)
@given(st.sampled_from(sorted(metrics.METRICS)), st.lists(st.integers(0, 5), min_size=6, max_size=6).filter(any))
def test_a_resample_is_the_metric_of_the_cases_drawn(name: str, drawn: list[int]) -> None:
    """Counting a case twice is having it twice."""
    truth, forecasts = cases()
    counts = np.array(drawn)
    repeated = np.repeat(np.arange(6), counts)
    metric = metrics.METRICS[name]

    assert metric.value(truth, forecasts, counts) == pytest.approx(metric.value(truth[repeated], forecasts[repeated]))


def test_errors_by_step_and_by_series_add_up_to_mase() -> None:
    """The table by step and the picture by series tell of the same errors as the score."""
    truth, forecasts = cases(count=6)
    whole = Cases(
        np.nan_to_num(truth.actual, nan=10.0), *(getattr(truth, n) for n in ("scale", "series", "window", "origin")),
        truth.keys, truth.quantiles,
    )  # fmt: skip
    mase = metrics.METRICS["mase"].value(whole, forecasts)

    assert metrics.by_step(whole, forecasts).mean() == pytest.approx(mase)
    assert metrics.by_series(whole, forecasts).mean() == pytest.approx(mase)


def test_an_unknown_metric_names_the_nearest() -> None:
    """A typo in gate.metric is refused with what there is."""
    with pytest.raises(InputError, match="did you mean 'mase'"):
        metrics.metric("masee", "forecasting")
