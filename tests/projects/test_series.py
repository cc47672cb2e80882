"""Time series end to end: real sets against their reference scores, and inputs from which nothing can be forecast.

Slow (the environment is large), so `make test-fast` leaves this file out. The real sets are those of the folder that
`MLGEN_REAL_DATA` names; the last horizon of each of their series is the test, as their `meta.yaml` says.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
import yaml
from generated_projects import REAL, run
from trees import contents

Row = dict[str, str]
Churn = Callable[..., str]

HORIZON = 7
#: Set -> what is said beside the roles, so that the test is quick; benchmarks/ has all sets with nothing said.
SETS = {"air_passengers": [], "electricity_price": ["model=lightgbm", "split.windows=4"]}
ROLES = ["data.target=sold", "data.time=day", "data.series=[shop]", f"data.horizon={HORIZON}"]


@pytest.fixture
def project(installed: Callable[..., Path]) -> Path:
    """A fresh project for time series."""
    return installed("timeseries")


@pytest.fixture
def churn(project: Path) -> Churn:
    """Run a verb of the project."""

    def verb(*words: object, code: int = 0) -> str:
        return run(project, ".venv/bin/churn", *words, code=code)

    return verb


def read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write rows as CSV; they all have the columns of the first."""
    rows = list(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def last(rows: list[Row], keys: list[str], horizon: int) -> tuple[list[Row], list[Row]]:
    """All rows but the last `horizon` of each series, and those; rows are in the order of time within a series."""
    series: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        series[tuple(row[key] for key in keys)].append(row)
    return ([row for own in series.values() for row in own[:-horizon]],
            [row for own in series.values() for row in own[-horizon:]])  # fmt: skip


def mase(facts: Mapping[str, Any], history: list[Row], truth: list[Row], made: list[Row]) -> float:
    """The mean over series of the absolute error, relative to the seasonal naive one within the history."""
    keys, target, time, season = facts["series_id"], facts["target"], facts["time_column"], facts["season_length"]

    def values(rows: list[Row], column: str) -> dict[tuple[str, ...], dict[str, float]]:
        found: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
        for row in rows:
            moment = row[time].replace("T", " ").removesuffix(" 00:00:00")
            found[tuple(row[key] for key in keys)][moment] = float(row[column])
        return found

    before, wanted, forecast = values(history, target), values(truth, target), values(made, "prediction")
    assert {key: list(own) for key, own in forecast.items()} == {key: list(own) for key, own in wanted.items()}
    scores = []
    for key, own in wanted.items():
        past = list(before[key].values())
        scale = fmean(abs(new - old) for old, new in zip(past, past[season:], strict=False))
        scores.append(fmean(abs(forecast[key][moment] - value) for moment, value in own.items()) / scale)
    return fmean(scores)


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize(("name", "quicker"), SETS.items(), ids=SETS)
def test_forecasts_are_as_good_as_the_references(name: str, quicker: list[str], project: Path, churn: Churn) -> None:
    """With the columns' roles and the horizon alone, the promoted model's MASE is at or under the best reference."""
    facts = yaml.safe_load((Path(str(REAL)) / name / "meta.yaml").read_text("utf8"))
    keys, known = facts["series_id"], facts.get("known_future_covariates", [])
    history, truth = last(read(Path(str(REAL)) / name / facts["read"]["file"]), keys, facts["horizon"])
    settings = [f"data.path={write(project / 'data' / 'history.csv', history)}", f"data.target={facts['target']}"]
    settings += [f"data.time={facts['time_column']}", f"data.series=[{','.join(keys)}]"]
    settings += [f"data.horizon={facts['horizon']}", f"data.known_future=[{','.join(known)}]"]
    future = [{column: row[column] for column in [*keys, facts["time_column"], *known]} for row in truth]

    churn("contract", *settings)
    churn("train", *settings, *quicker)
    given = [f"input={write(project / 'data' / 'future.csv', future)}"] if known else []
    churn("predict", *given, "output=reports/predictions.csv", *settings)

    made = read(project / "reports" / "predictions.csv")
    best = min(scores["mase"] for scores in facts["reference_scores"].values())
    assert mase(facts, history, truth, made) <= best
    assert all(float(row["quantile_0.1"]) <= float(row["quantile_0.9"]) for row in made)


def sales(days: int = 90) -> list[Row]:
    """Two shops with a weekly season and a price that is known ahead."""
    start = date(2024, 1, 1)
    return [{"shop": shop, "day": str(start + timedelta(day)), "price": str(5 + (day // 10) % 3),
             "sold": str(level * (10 + 5 * (day % 7 > 4)) + day % 3)}
            for shop, level in (("north", 1), ("south", 4)) for day in range(days)]  # fmt: skip


def changed(place: int, **values: str) -> list[Row]:
    """The sales, with other values in one row."""
    rows = sales()
    rows[place] = rows[place] | values
    return rows


#: What is wrong -> (the rows, what is set beside the roles, what the line says)
BAD: dict[str, tuple[list[Row], list[str], list[str]]] = {
    "a moment twice": ([*sales(), sales()[5]], [], ["2024-01-06", "north"]),
    "an unknown frequency": (sales(), ["data.frequency=fortnight"], ["frequency", "fortnight"]),
    "a target that is no number": (changed(20, sold="many"), [], ["sold", "many"]),
    "a series shorter than the horizon": ([*sales(), *(row | {"shop": "new"} for row in sales(5)[:5])], [], ["new"]),
    "time zones mixed": (changed(30, day="2024-01-31T00:00:00+05:00"), [], ["day", "zone"]),
    "a covariate that is not there": (sales(), ["data.known_future=[weather]"], ["weather"]),
    "a column in two roles": (sales(), ["data.known_future=[price]", "data.past=[price]"], ["price"]),
}


def refusal(said: str) -> str:
    """The one line with which a verb refuses; steps that went well before may stand above it."""
    lines = [line for line in said.splitlines() if not line.startswith("  ")]
    assert len(lines) == 1 and lines[0].startswith("churn: "), said
    return lines[0]


@pytest.mark.parametrize(("rows", "settings", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be_forecast_is_refused(
    rows: list[Row], settings: list[str], words: list[str], project: Path, churn: Churn
) -> None:
    """Each is one line that names what is wrong, exit 2, and nothing is written."""
    path = write(project / "data" / "sales.csv", rows)
    before = contents(project)

    said = refusal(churn("train", "+experiment=quick", f"data.path={path}", *ROLES, *settings, code=2))

    assert all(word in said for word in words), said
    assert contents(project) == before


def test_a_forecast_without_its_future_covariates_is_refused(project: Path, churn: Churn) -> None:
    """What is known ahead must be given for every step: a missing file, column or day is one line, exit 2."""
    path = write(project / "data" / "sales.csv", sales())
    said = [f"data.path={path}", *ROLES, "data.known_future=[price]"]
    churn("train", "model=lightgbm", "split.windows=2", *said)
    days = [{"shop": row["shop"], "day": row["day"], "price": row["price"]} for row in sales(90 + HORIZON)
            if row["day"] > "2024-03-30"]  # fmt: skip
    files = {
        "nothing": None,
        "no price": [{name: row[name] for name in ("shop", "day")} for row in days],
        "a day less": [row for row in days if row != days[-1]],
        "a price less": [*days[:-1], days[-1] | {"price": ""}],
    }
    for name, rows in files.items():
        given = [f"input={write(project / 'data' / 'future.csv', rows)}"] if rows else []
        before = contents(project)

        told = refusal(churn("predict", *given, "output=reports/forecast.csv", *said, code=2))

        assert "price" in told, f"{name}: {told}"
        assert contents(project) == before, name

    churn("predict", f"input={write(project / 'data' / 'future.csv', days)}", "output=reports/forecast.csv", *said)

    assert len(read(project / "reports" / "forecast.csv")) == 2 * HORIZON
