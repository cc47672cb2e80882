"""The newest history: what came since, how far back a training looks, and history of what came true."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime import contract
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.contract import Column, Contract
from mlgen_runtime.contract.forecast import Forecast
from mlgen_runtime.core.duration import Span
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.retraining import history, job
from mlgen_runtime.timeseries import newest as recent
from mlgen_runtime.timeseries import reading as data
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.resolve import resolve

SALES = Contract(
    vocabulary=VOCABULARY,
    task="forecasting",
    columns=(
        Column(name="shop", role="series", type="category"),
        Column(name="day", role="time", type="datetime"),
        Column(name="price", role="known_future", nullable=True),
        Column(name="sold", role="target"),
    ),
    forecast=Forecast(horizon=2, frequency="D", season=7),
)


def sold(*days: str, shop: str = "north") -> pd.DataFrame:
    """Conformed rows of these days."""
    moments = pd.to_datetime(list(days)).to_numpy(dtype="datetime64[ns]")
    count = np.arange(float(len(days)))
    return pd.DataFrame({"shop": [shop] * len(days), "day": moments, "price": count + 1, "sold": count})


def test_what_is_later_than_all_that_was_learnt_is_new(trained: Path) -> None:
    """Values of a later month, but not those that are not known yet."""
    config = load([], trained)
    settled = resolve(config)
    rows = contract.conform(settled.frame, settled.contract)
    time = settled.contract.with_role("time")[0].name
    later = rows.tail(3).copy()
    later[time] = (rows[time].max() + pd.to_timedelta([31, 62, 93], "D")).to_numpy(dtype="datetime64[ns]")
    later.loc[later.index[-1], settled.contract.target.name] = np.nan
    store = Store(trained / "bundles")

    found = [recent.fresh(store, "1", frame, settled.contract) for frame in (rows, pd.concat([rows, later]))]

    assert found == [0, 2]


def test_a_window_is_the_newest_stretch_of_time_or_number_of_rows() -> None:
    """In the order of the file."""
    rows = sold("2024-03-01", "2024-01-01", "2024-03-02", "2024-02-01")
    spans = (None, Span(rows=2), Span(share=0.5), Span(seconds=40 * 86400))

    found = [recent.window(rows, SALES, span, "retrain.window")["sold"].tolist() for span in spans]

    assert found == [[0, 1, 2, 3], [0, 2], [0, 2], [0, 2, 3]]


def test_what_is_held_out_are_the_windows_of_the_backtest() -> None:
    """Anything else is refused, with the setting that says how many."""
    assert recent.held_out(sold("2024-01-01"), SALES, None, 0, "retrain.holdout") == {}
    with pytest.raises(InputError, match=r"retrain\.holdout: 20% is for rows; .* set split\.windows"):
        recent.held_out(sold("2024-01-01"), SALES, Span(share=0.2), 0, "retrain.holdout")


def test_what_came_true_is_history() -> None:
    """By the key of the forecast; a covariate that was not sent is missing, and what has no such key is left out."""
    moments = ("2024-01-05T00:00:00", "2024-01-06T00:00:00", "2024-01-07")
    keys = [["north", moments[0]], ["south", moments[1]], None, ["north"], ["north", moments[2]]]
    cells = {"shop": [None] * 5, "day": [None] * 5, "price": [9.5, None, None, None, None]}

    found, good = recent.logged(cells, keys, [3, 4, 5, 6, None], [0.0] * 5, SALES)

    assert good.tolist() == [True, True, False, False, False]
    assert found["shop"].tolist() == ["north", "south"]
    assert found["day"].tolist() == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-01-06")]
    assert found["sold"].tolist() == [3, 4] and found["price"].tolist()[0] == 9.5 and np.isnan(found["price"].iloc[1])


def test_the_source_knows_better_than_the_log() -> None:
    """A moment that stands in both is taken once, from the source."""
    both = recent.combined(sold("2024-01-01", "2024-01-02"), sold("2024-01-02", "2024-01-03"), SALES)

    assert both["sold"].tolist() == [0, 1, 1]
    assert both["day"].dt.day.tolist() == [1, 2, 3]


def test_a_window_of_history_is_written_down_and_compared_in_the_newest_windows(trained: Path) -> None:
    """lineage.json names the file; the champion answers for the same windows, and serves on or stays published."""
    words = ["+experiment=quick", "retrain.when=always", "retrain.window=9000d"]

    done = job.run(load(words, trained))

    (row,) = history.rows(Store(trained / "bundles"))
    traced = json.loads((Store(trained / "bundles").fetch(str(row.version)) / "lineage.json").read_text("utf8"))
    rows = data.read_rows(str(row.data), dataclasses.replace(load([], trained).data, path=str(row.data)), trained)
    assert (traced["data"], traced["fingerprint"], traced["rows"]) == (row.data, row.fingerprint, len(rows))
    assert done.trained is not None and "champion" in {entrant.kind for entrant in done.trained.models}
    assert row.decision in ("promoted", "refused") and "1" in Store(trained / "bundles").versions()
