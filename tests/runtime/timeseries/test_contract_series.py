"""The contract of series: roles from the settings, frequency from the moments, and everything that can be wrong."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime import contract as contracts
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract import Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY
from mlgen_runtime.timeseries.settings import ContractSettings
from mlgen_runtime.timeseries.use_case import USE_CASE
from mlgen_runtime.usecase.configuration import load
from series import contract, frame


@pytest.fixture
def settings(configure: Any) -> ContractSettings:
    """The settings of the checks as the project has them."""
    found: ContractSettings = configure().contract
    return found


def checks(rows: pd.DataFrame, agreed: Contract, settings: ContractSettings) -> dict[str, str]:
    """Check id to message of all problems."""
    return {problem.check: problem.message for problem in contracts.check(rows, agreed, settings, USE_CASE.checks)}


def test_good_rows_have_no_problem(settings: ContractSettings) -> None:
    """Complete, regular series of two shops keep their contract."""
    assert checks(frame(), contract(), settings) == {}


def repeated(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.iloc[[3]]], ignore_index=True)


def shifted(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(day=rows["day"].where(rows.index != 5, rows["day"] + pd.Timedelta(hours=7)))


def short(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["shop"] == "a") | (rows["day"] < "2024-01-03")]


def undated(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(day=rows["day"].where(rows.index != 5))


def zoned(rows: pd.DataFrame) -> pd.DataFrame:
    texts = rows["day"].dt.strftime("%Y-%m-%dT%H:%M:%S")
    return rows.assign(day=texts.where(rows.index > 5, texts + "+02:00"))


def constant(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(sold=rows["sold"].where(rows["shop"] == "a", 7.0))


def over(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["shop"] == "a") | (rows["day"] < "2024-01-20")]


def holed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(index=range(10, 20))


def empty(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(price=np.nan)


def ahead(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(sold=rows["sold"].where(rows["day"] < "2024-02-05"))


def leaking(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(price=rows["sold"] * 2)


def moving(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(region=np.where(rows.index % 2, "north", "south"))


@pytest.mark.parametrize(
    ("spoil", "check", "words", "severity"),
    [
        (repeated, "duplicate_stamps", ["a has 1 row", "2024-01-04"], "error"),
        (shifted, "off_grid", ["1 moment of day", "grid of D", "07:00"], "error"),
        (short, "short_series", ["b has 2 values", "horizon of 3", "4 at least"], "error"),
        (undated, "missing_times", ["day is empty in 1 row"], "error"),
        (zoned, "mixed_zones", ["2 offsets", "+02:00 in 6 rows"], "error"),
        (constant, "constant_series", ["1 of the series", "b"], "warning"),
        (over, "ended_early", ["1 of 2 series", "2024-02-09", "b"], "warning"),
        (holed, "gaps", ["10 steps", "most in a: 25.0%"], "warning"),
        (empty, "empty_covariates", ["price (known_future)", "no value at all"], "error"),
        (ahead, "past_in_the_future", ["visitors", "10 values", "data.known_future"], "warning"),
        (leaking, "leaking_future", ["price tells the target", "R2 1.0000"], "error"),
        (moving, "varying_static", ["region", "2 of them"], "error"),
    ],
)
def test_what_is_wrong_with_series_is_told_by_name(
    spoil: Any, check: str, words: list[str], severity: str, settings: ContractSettings
) -> None:
    """Every check speaks of the series, the moment and the next step, as grave as the settings say."""
    found = {
        problem.check: problem for problem in contracts.check(spoil(frame()), contract(), settings, USE_CASE.checks)
    }

    assert check in found
    assert found[check].severity == severity
    for word in words:
        assert word in found[check].message


def test_every_check_has_a_severity(settings: ContractSettings) -> None:
    """The settings name every check and no other."""
    assert set(settings.severity) == set(USE_CASE.checks)


def propose(rows: pd.DataFrame, project: Path, **changed: Any) -> Contract:
    """The contract that the settings and the rows give."""
    plain = {"target": "sold", "time": None, "series": None, "horizon": 3}
    data = dataclasses.replace(load([], project).data, **plain | changed)
    from mlgen_runtime.timeseries.contract.proposal import propose as proposal

    return proposal(rows, data)


def test_roles_are_those_of_the_settings_and_what_is_not_named_is_ignored(project: Path) -> None:
    """Covariates have to be declared; time and series are found where nothing names them."""
    found = propose(frame(), project, known_future=["price"], static=["region"])

    roles = {column.name: column.role for column in found.columns}
    assert roles == {
        "shop": "series", "day": "time", "sold": "target", "visitors": "ignore", "price": "known_future",
        "region": "static",
    }  # fmt: skip
    assert found.forecast is not None
    assert (found.forecast.frequency, found.forecast.horizon, found.forecast.season) == ("D", 3, 7)
    assert found.target.minimum == 0


def test_a_target_below_zero_has_no_floor(project: Path) -> None:
    """Prices can be negative: no minimum is proposed, so forecasts are not cut."""
    assert propose(frame().assign(sold=lambda rows: rows["sold"] - 15), project).target.minimum is None


@pytest.mark.parametrize("time", ["year", None])
def test_whole_numbers_of_four_digits_are_years(time: str | None, project: Path) -> None:
    """A column of years is a time column of yearly steps, named or not."""
    rows = pd.DataFrame({"year": range(1900, 1960), "sold": np.arange(60.0)})

    found = propose(rows, project, time=time, series=[])

    assert found.forecast is not None
    assert found.forecast.frequency == "YS"
    assert contracts.conform(rows, found)["year"].iloc[0] == pd.Timestamp("1900-01-01")


@pytest.mark.parametrize(
    ("changed", "spoil", "words"),
    [
        ({"target": "sould"}, {}, "no column 'sould' (did you mean 'sold'?)"),
        ({"target": "region"}, {}, "the target 'region' holds text"),
        ({"time": "visitors"}, {}, "data.time: 'visitors' holds"),
        ({"frequency": "fortnight"}, {}, "frequency: 'fortnight' is not known"),
        (
            {"past": ["price"], "known_future": ["price"]},
            {},
            "data.known_future names 'price', which is the past already",
        ),
        ({"series": []}, {"shop": "a", "region": "north"}, None),
        ({}, {"shop": "a", "region": "north"}, "rows repeat a moment"),
    ],
)
def test_settings_that_do_not_fit_the_rows_are_refused(
    changed: dict[str, Any], spoil: dict[str, Any], words: str | None, project: Path
) -> None:
    """One line with the setting, the value and what is there instead."""
    rows = frame().assign(**spoil)
    if words is None:  # said to be one series: the check of doubled moments will speak
        assert "duplicate_stamps" in checks(rows, propose(rows, project, **changed), load([], project).contract)
        return
    with pytest.raises(InputError, match=re.escape(words)):
        propose(rows, project, **changed)


def test_a_contract_with_a_forecast_survives_its_file(tmp_path: Path) -> None:
    """What is written is what is read."""
    path = tmp_path / "contract.yaml"

    contracts.dump(contract(), path)

    assert contracts.load(path, VOCABULARY) == contract()


@pytest.mark.parametrize(
    "entry", ["forecast: {horizon: 0, frequency: D, season: 7}", "forecast: {horizon: 3}", "forecast: 3"]
)
def test_a_broken_forecast_entry_is_refused(entry: str, tmp_path: Path) -> None:
    """A horizon of nothing, a missing frequency, a number where a mapping belongs."""
    path = tmp_path / "contract.yaml"
    path.write_text(f"task: forecasting\n{entry}\ncolumns:\n  y:\n    role: target\n", "utf8")

    with pytest.raises(InputError, match="forecast"):
        contracts.load(path, VOCABULARY)


@pytest.mark.parametrize(
    "changed", ["data.horizon=6", "data.season=3", "data.frequency=QS", "data.static=[measurement]"]
)
def test_settings_against_a_reviewed_contract_are_a_question(
    changed: str, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contract stands until it is written anew; the line names both, and nothing is trained."""
    monkeypatch.chdir(project)
    assert main(["contract"]) == 0
    capsys.readouterr()

    code = main(["train", changed])

    assert code == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert changed.partition("=")[0] in error[0]
    assert "contract.write=true" in error[0]
    assert not (project / "bundles").exists()
