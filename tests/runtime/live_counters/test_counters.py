"""The live counters: in which bin a value is counted, and how far the last stretch is from the training data."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import Asking
from mlgen_runtime.bundle import reference
from mlgen_runtime.contract.schema import Column
from mlgen_runtime.live_counters import bins
from mlgen_runtime.live_counters import hook as counters
from mlgen_runtime.live_counters.bins import Bins, Named, Numeric
from mlgen_runtime.live_counters.hook import Counters
from mlgen_runtime.prediction_log.settings import LogSettings
from mlgen_runtime.rest.metrics import Binning

NUMBER = {"kind": "number", "rows": 10, "missing": 0.2, "edges": [1.0, 6.0, 9.0], "counts": [0, 4, 3, 1]}
NAMES = {"kind": "category", "rows": 10, "missing": 0.0, "counts": {"a": 5, "b": 3, "7": 2}, "other": 0}

#: This module runs in each use case.
EACH_USE_CASE = True


class Contract:
    """As much of a contract as the bins look at."""

    columns = (Column(name="age"), Column(name="plan", type="category", categories=("a", "b", "7", "rare")))
    features = ()


@pytest.fixture
def small() -> Bins:
    """The bins of a number, of a category and of a label."""
    entries = {"inputs": {"age": NUMBER, "plan": NAMES}, "predictions": {"prediction": NAMES}}
    return Bins(entries, Contract())  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [1, 7])
def test_each_value_is_counted_in_its_bin(small: Bins, rows: int) -> None:
    """Numbers by the edges of training, missing ones apart; categories by name, unknown ones apart; one row or many."""
    ages: list[Any] = [0, 1, 5.5, 6, 9, None, "3.5"]
    plans = ["a", "b", 7.0, "rare", "new", None, " "]
    for start in range(0, 7, rows):
        small.add({"age": ages[start : start + rows], "plan": plans[start : start + rows]}, {"a": rows})

    counts = small.fold()

    age, plan = small.columns["age"], small.columns["plan"]
    assert dict(zip(age.names, counts["age"].tolist(), strict=True)) == {
        "below 1": 1,
        "1..6": 3,
        "6..9": 1,
        "from 9": 1,
        "missing": 1,
    }
    assert dict(zip(plan.names, counts["plan"].tolist(), strict=True)) == {
        "a": 1,
        "b": 1,
        "7": 1,
        "other": 1,
        "unseen": 1,
        "missing": 2,
    }
    assert counts[bins.PREDICTION].tolist() == [7, 0, 0, 0, 0, 0]
    assert small.fold() == {}


def test_the_bins_are_those_of_the_reference() -> None:
    """Training values counted live give the counts that the bundle has of them."""
    values = np.random.default_rng(0).gamma(2.0, size=500)
    entry = reference._numbers(np.where(np.arange(500) % 10 == 0, np.nan, values), "number")
    found = Bins({"inputs": {"age": entry}}, Contract())  # type: ignore[arg-type]

    counts = found.zeros()["age"]
    for value in np.where(np.arange(500) % 10 == 0, np.nan, values).tolist():
        if found.add({"age": (value,)}, {}):
            counts += found.fold()["age"]

    assert (counts + found.fold()["age"]).tolist() == Numeric(entry, None).reference


def test_a_category_beyond_the_named_ones_is_other_where_it_cannot_be_told() -> None:
    """Where training had more names than the bundle keeps, an unknown one may be one of those, and is not unseen."""
    many = {"kind": "category", "rows": 9, "missing": 0.0, "counts": {"a": 5}, "other": 4}

    found = Named(many, Column(name="plan", type="category"))

    assert dict(zip(found.names, found.counts({"x": 2, "a": 1}).tolist(), strict=True))["other"] == 2


def test_many_rows_are_counted_evenly(small: Bins) -> None:
    """Of a request with more rows than are counted, every so-manyth is; its predictions were counted already, all."""
    rows = 5 * bins.MOST
    small.add({"age": [number % 10 for number in range(rows)], "plan": ["a"] * rows}, {"a": rows})

    counts = small.fold()

    assert counts["age"].sum() == bins.MOST
    assert counts[bins.PREDICTION].sum() == rows


@pytest.mark.parametrize("edges", [[1234567.0, 1234568.0, 1234569.0], [1.0], []])
def test_predictions_are_counted_in_the_bin_that_the_service_found(edges: list[float]) -> None:
    """By its place: names of six digits may be alike, and a reference without edges has one bin."""
    entry = {"kind": "number", "rows": 4, "missing": 0.0, "edges": edges, "counts": [1] * (len(edges) + 1)}
    entries = {"inputs": {}, "predictions": {"prediction": entry}}
    found = Bins(entries, Contract())  # type: ignore[arg-type]
    contract = dataclasses.make_dataclass("Contract", [("labels", tuple, ())])()
    predictions = [0.0, *edges, 2e9]

    found.add({}, Binning.of(entries, contract).counts(predictions))

    expected = np.bincount(np.searchsorted(edges, predictions, side="right"), minlength=len(edges) + 2)
    assert found.fold()[bins.PREDICTION].tolist() == expected.tolist()


@pytest.fixture(scope="module")
def asking(trained_once: Path) -> Asking:
    return Asking(trained_once)


def index(*found: Counters) -> dict[str, float]:
    """feature_psi by feature, of all processes together."""
    summed: dict[Any, float] = {}
    for each in found:
        for sample in each.samples():
            summed[sample.name, sample.labels] = summed.get((sample.name, sample.labels), 0.0) + sample.value
    derived = list(found[0].derived(summed))
    return {dict(sample.labels)["feature"]: sample.value for sample in derived if sample.name == "feature_psi"}


def counted(asking: Asking, like: dict[str, Any]) -> Counters:
    """Counters over a model whose training had uniform numbers from 0 to 1."""
    found = Counters(LogSettings(), asking.model)
    found.bins = Bins({"inputs": like}, asking.model.contract)
    found.totals = found.bins.zeros()
    return found


def test_the_index_tells_a_shift_from_none_and_sums_over_processes(asking: Asking) -> None:
    """As in training it is near 0; shifted it is not; half of the values in each of two processes give the same."""
    random = np.random.default_rng(1)
    entry = reference._numbers(random.uniform(size=5000), "number")
    usual, shifted, first, second = (counted(asking, {"age": entry}) for _ in range(4))
    told = asking.answered()
    for number, value in enumerate(random.uniform(size=800).tolist()):
        usual.predicted(dataclasses.replace(told, columns={"age": (value,)}))
        moved = dataclasses.replace(told, columns={"age": (value + 0.3,)})
        shifted.predicted(moved)
        (first if number % 2 else second).predicted(moved)

    assert index(usual)["age"] < 0.05
    assert index(shifted)["age"] > 0.25
    assert index(first, second) == pytest.approx(index(shifted))


def test_too_few_values_are_no_index(asking: Asking) -> None:
    """There is no sample at all, rather than one that nobody should trust."""
    found = counted(asking, {"age": NUMBER})
    for _ in range(counters.ENOUGH - 1):
        found.predicted(dataclasses.replace(asking.answered(), columns={"age": (3.0,)}))

    assert index(found) == {}


def test_what_is_long_ago_is_not_in_the_index(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stretch moves on: after it there is not enough data again, and the totals stay."""
    found = counted(asking, {"age": NUMBER})
    for _ in range(2 * counters.ENOUGH):
        found.predicted(dataclasses.replace(asking.answered(), columns={"age": (3.0,)}))
    assert index(found)
    later = counters.time.time() + 60 * LogSettings().psi_minutes

    monkeypatch.setattr(counters.time, "time", lambda: later)

    assert index(found) == {}
    assert sum(sample.value for sample in found.samples() if sample.name == "feature_values_total") > counters.ENOUGH


def test_every_input_of_the_bundle_is_counted(asking: Asking) -> None:
    """The columns that requests bring are counted under their names, but for moments; another model begins anew."""
    found = Counters(LogSettings(), asking.model)
    entries = json.loads((asking.model.folder / "reference.json").read_text("utf8"))["inputs"]

    found.predicted(asking.answered())
    brought = {name for name, entry in entries.items() if entry["kind"] != "datetime" and name in asking.columns}
    seen = {dict(sample.labels).get("feature"): 0.0 for sample in found.samples()}
    for sample in found.samples():
        if sample.name == "feature_values_total":
            seen[dict(sample.labels)["feature"]] += sample.value
    found.swapped(asking.model)

    assert {name for name, count in seen.items() if count == len(asking.records)} >= brought
    assert not any(sample.value for sample in found.samples())


def test_an_answer_of_the_model_before_this_one_is_not_counted(asking: Asking) -> None:
    """It was computed before the swap and is told after it: its bins are others, and the counters go on."""
    found = Counters(LogSettings(), asking.model)
    late = dataclasses.replace(asking.model, version="another")
    told = dataclasses.replace(asking.answered(), model=late, counts={999: 1})

    found.predicted(told)
    found.predicted(asking.answered())

    counted = [sample.value for sample in found.samples() if sample.name == "feature_values_total"]
    assert sum(counted) == len(asking.records) * len({name for name in found.totals if name and name in asking.columns})
