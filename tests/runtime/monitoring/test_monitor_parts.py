"""The parts of monitoring by themselves: what chance does, which bins, which windows, which charts."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from mlgen_runtime.core import significance
from mlgen_runtime.monitoring import charts
from mlgen_runtime.monitoring.decoding import UNSAID, Fields
from mlgen_runtime.monitoring.histogram import tally_for
from mlgen_runtime.monitoring.latency import Latencies
from mlgen_runtime.monitoring.reading import ReservoirSample

NUMBERS = {"kind": "number", "rows": 8, "missing": 0.0, "edges": [1.0, 2.0, 5.0], "counts": [0, 4, 3, 1]}
WORDS = {"kind": "category", "rows": 9, "missing": 0.0, "counts": {"a": 6, "b": 3}, "other": 0}


def test_chance_stays_below_its_limit() -> None:
    """Two draws of the same distribution, a thousand times: the index is never beyond what chance is said to do."""
    draw = np.random.default_rng(0)
    reference = draw.multinomial(5000, [0.1] * 10)

    draws = (draw.multinomial(300, [0.1] * 10).tolist() for _ in range(1000))
    found = [significance.psi(drawn, reference.tolist(), True) for drawn in draws]

    assert all(value < limit for value, limit in found)
    assert np.mean([value for value, _ in found]) == pytest.approx(9 * (1 / 300 + 1 / 5000), rel=0.1)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_shift_is_beyond_chance(ordered: bool) -> None:
    """A fifth of the rows in another bin is beyond chance with 500 rows, and not with 20."""
    then, now = [500, 500, 500, 500], [200, 125, 125, 50]

    value, limit = significance.psi(now, then, ordered)
    few, far = significance.psi([8, 5, 5, 2], then, ordered)

    assert value > limit
    assert few < far


@pytest.mark.parametrize("ordered", [True, False])
def test_rare_bins_prove_nothing_by_themselves(ordered: bool) -> None:
    """Bins that are nearly empty on both sides are merged, so that one row in them is no drift."""
    then, now = [1000, *[1] * 40], [200, *[0] * 39, 1]

    value, limit = significance.psi(now, then, ordered)

    assert value < limit


@pytest.mark.parametrize(
    ("count", "rows", "shown"), [(0, 1000, False), (20, 1000, False), (60, 1000, True), (3, 50, False)]
)
def test_a_share_above_what_was_usual(count: int, rows: int, shown: bool) -> None:
    """Two per cent were missing in training: 6 % of a thousand are more than chance, 2 % or three of fifty are not."""
    assert significance.above(count, rows, 0.02, 5000) is shown


def test_few_cases_prove_little() -> None:
    """A difference must be the larger the fewer cases its error was reckoned from; from one, nothing can be said."""
    needed = [significance.critical_value(cases=cases) for cases in (1, 3, 10, 100_000)]

    assert needed == sorted(needed, reverse=True)
    assert needed[0] == math.inf
    assert needed[-1] == pytest.approx(significance.critical_value(), rel=0.01)


def test_numbers_fall_into_the_bins_of_training() -> None:
    """Bins are closed below; text may be a number; what is outside is unseen, what cannot be read is missing."""
    tally = tally_for(NUMBERS)

    tally.add([0.5, 1.0, "1.5", 2.0, 5.0, 7, None, "?"])

    assert tally.shown == [1, 2, 1, 2]
    assert (tally.rows, tally.missing, tally.unseen) == (8, 2, 2)


def test_categories_keep_their_names() -> None:
    """New categories share a bin and are told by an example; blanks are missing; 3 and 3.0 are one."""
    tally = tally_for({**WORDS, "counts": {"a": 6, "3": 3}})

    tally.add(["a", "a", 3, 3.0, "new", " ", None])

    assert tally.shown == [2, 2, 1]
    assert (tally.missing, tally.unseen) == (2, 1)
    assert "'new'" in tally.examples


def test_categories_beyond_those_kept_cannot_be_called_unseen() -> None:
    """Where training had more categories than are kept by name, a strange one may have been among them."""
    tally = tally_for({**WORDS, "other": 4})

    tally.add(["new"])

    assert tally.unseen is None


def test_fields_of_json() -> None:
    """Wanted fields come as columns, whatever else an object holds; a broken line is no reason to stop."""
    texts = [json.dumps({"a": 1, "c d": "x", "z": [1, 2]}), '{"c d": null}', "{broken", "[1]"]

    assert Fields(["a", "c d"]).columns(texts) == [(1, None, None, None), ("x", None, None, None)]
    assert Fields(["a"], sparse=True).columns(texts[:2]) == [(1, UNSAID)]
    assert Fields([]).columns(texts) == []


def test_latencies_to_the_nearest_per_cent() -> None:
    """Quantiles come from bins, and are as exact as the bins are narrow."""
    values = np.random.default_rng(1).lognormal(1, 0.5, 20_000)
    found = Latencies()

    found.add(values.tolist())

    for share in (0.5, 0.95, 0.99):
        assert found.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.015)
    assert found.slower(float(np.quantile(values, 0.9))) == pytest.approx(2000, rel=0.05)


def test_a_sample_is_bounded_and_fair() -> None:
    """Of rows in many batches a fixed number stays, from the first batch as from the last."""
    sample = ReservoirSample(["number"], 500, seed=0)

    for start in range(0, 20_000, 1000):
        sample.add([list(range(start, start + 1000))], 1000)

    numbers = sample.columns()["number"]
    assert len(numbers) == len(set(numbers)) == 500
    assert np.mean(numbers) == pytest.approx(10_000, rel=0.1)


@pytest.mark.parametrize("values", [[], [None, None], [math.nan], [1.0], [3.0, None, 3.0], [-2.0, 1e9], [0.0, 0.0]])
def test_charts_of_whatever_there_is(values: list[float | None]) -> None:
    """Gaps, a single point, equal values and huge ones give a chart, or say that there is nothing: none is broken."""
    axis = charts.Axis(places=[at / 2 for at in range(len(values))], names=[str(at) for at in range(len(values))])

    drawn = charts.lines(axis, [charts.Line(name="<all>", values=values)], "{:.3g}".format)

    assert ("<svg" in drawn) == any(value is not None and math.isfinite(value) for value in values)
    assert "nan" not in drawn
    assert "<all>" not in drawn
