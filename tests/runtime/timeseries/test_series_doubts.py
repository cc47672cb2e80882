"""What a first look at series may get wrong: fused series, a misread frequency, zones. It says so, or asks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime import contract as contracts
from mlgen_runtime.contract import Contract
from mlgen_runtime.contract.catalogue import Problem
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries.contract.proposal import propose as proposal
from mlgen_runtime.timeseries.use_case import USE_CASE
from mlgen_runtime.usecase.configuration import load

MONTHS = pd.date_range("2010-01-01", periods=48, freq="MS")


def propose(rows: pd.DataFrame, project: Path, **changed: Any) -> Contract:
    """The contract that the settings and the rows give."""
    plain = {"target": "sold", "time": None, "series": None, "horizon": 3}
    return proposal(rows, dataclasses.replace(load([], project).data, **plain | changed))


def problems(rows: pd.DataFrame, agreed: Contract, project: Path) -> dict[str, Problem]:
    """What the checks find, by their names."""
    found = contracts.check(rows, agreed, load([], project).contract, USE_CASE.checks)
    return {problem.check: problem for problem in found}


def of(days: Any, **more: Any) -> pd.DataFrame:
    """Rows of these days with a value that is never the same."""
    return pd.DataFrame({"day": days, **more}).assign(sold=lambda rows: 10.0 + np.sin(np.arange(len(rows))))


@pytest.mark.parametrize("format", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"])
def test_a_monthly_series_is_no_twelve_days_of_each_january(format: str, project: Path) -> None:
    """01/02/2015 is read in the way that makes steps regular, and the contract says so."""
    found = propose(of(MONTHS.strftime(format)), project)

    assert found.forecast is not None and found.forecast.frequency == "MS"
    time = found.with_role("time")[0]
    assert time.format == format and time.note is not None and "regular steps" in time.note


def test_days_or_months_of_one_year_are_asked_about(project: Path) -> None:
    """Twelve days of January are twelve months as well; the setting decides which."""
    rows = of([f"{day:02}/01/2015" for day in range(1, 13)])

    with pytest.raises(InputError, match=r"day holds dates such as .* data\.date_format=%m/%d/%Y or data\.date_format"):
        propose(rows, project)
    frequencies = {
        format: propose(rows, project, date_format=format).forecast.frequency  # type: ignore[union-attr]
        for format in ("%d/%m/%Y", "%m/%d/%Y")
    }
    assert frequencies == {"%d/%m/%Y": "D", "%m/%d/%Y": "MS"}


def fused(back: int, **names: Any) -> pd.DataFrame:
    """Two products, one after the other; the second begins so many months before the end of the first."""
    first, second = names["product"]
    later = pd.date_range(MONTHS[-1] - pd.DateOffset(months=back - 1), periods=48, freq="MS")
    return of([*MONTHS, *later], product=[first] * 48 + [second] * 48, note="x")


@pytest.mark.parametrize("product", [("A", "B"), (1, 2), (True, False)])
def test_time_that_goes_back_names_the_column_that_explains_it(product: tuple[Any, Any], project: Path) -> None:
    """Series without a common moment are not fused into one."""
    rows = of(
        [*MONTHS, *(MONTHS - pd.DateOffset(years=4))],
        product=[product[0]] * 48 + [product[1]] * 48, year=np.repeat(range(8), 12),
    )  # fmt: skip

    with pytest.raises(InputError, match=r"go back where product changes.*data\.series=\[product\]"):
        propose(rows, project)
    assert propose(rows, project, series=["product"]).with_role("series")[0].name == "product"
    agreed = propose(rows, project, series=[])
    assert problems(rows, agreed, project)["fused_series"].severity == "error"


def test_moments_that_repeat_name_the_column_that_explains_it(project: Path) -> None:
    """Numbers that stand for products are no text, so they are proposed, not taken."""
    with pytest.raises(InputError, match=r"^48 rows repeat a moment .* set data\.series=\[product\]"):
        propose(fused(48, product=(7, 8)), project)
    assert propose(fused(48, product=("A", "B")), project).with_role("series")[0].name == "product"


def test_a_column_in_stretches_is_a_candidate(project: Path) -> None:
    """Where time goes on, a product that ends as another begins is told; the year of the moment is none."""
    rows = fused(0, product=("A", "B")).assign(year=lambda table: pd.to_datetime(table["day"]).dt.year)
    agreed = propose(rows, project)

    found = problems(rows, agreed, project)["fused_series"]

    assert found.severity == "warning" and found.column == "product" and "data.series=[product]" in found.message
    plain = rows.drop(columns="product")
    assert "fused_series" not in problems(plain, propose(plain, project), project)


def test_newest_first_is_no_time_that_goes_back(project: Path) -> None:
    """A file may be sorted either way; rows in no order are not explained by a column that is constant in none."""
    rows = of(MONTHS[::-1], shop=["x", "y"] * 24)
    assert not propose(rows, project).with_role("series")

    shuffled = rows.sample(frac=1, random_state=1)
    assert not propose(shuffled.reset_index(drop=True), project).with_role("series")


def test_mostly_gaps_are_an_error(project: Path) -> None:
    """A grid that nine of ten steps are missing on is a wrong one; the limit is a setting."""
    rows = of([*MONTHS[:4], *MONTHS[20:23], *MONTHS[40:43]])
    agreed = propose(rows, project)

    found = problems(rows, agreed, project)["mostly_gaps"]

    assert found.severity == "error"
    for word in ("76.7% of the steps of MS", "10 values in 43 steps", "data.frequency", "contract.gap_limit"):
        assert word in found.message
    settings = load(["contract.gap_limit=0.8"], project).contract
    assert "mostly_gaps" not in {problem.check for problem in contracts.check(rows, agreed, settings, USE_CASE.checks)}


@pytest.mark.parametrize("frequency", [None, "MS", "ME"])
def test_month_starts_beside_month_ends_are_named(frequency: str | None, project: Path) -> None:
    """Both series and their kinds, whatever frequency is set; not "a grid of 31D"."""
    rows = of([*MONTHS, *(MONTHS + pd.offsets.MonthEnd(0))], product=["A"] * 48 + ["B"] * 48)

    with pytest.raises(
        InputError, match=r"A at month starts, such as 2010-01-01, and B at month ends, such as 2010-01"
    ):
        propose(rows, project, series=["product"], frequency=frequency)


def test_series_of_different_grids_are_named(project: Path) -> None:
    """Weeks that begin on different days are regular, each by itself."""
    weeks = pd.date_range("2024-01-01", periods=40, freq="W-MON")
    rows = of([*weeks, *(weeks + pd.Timedelta(days=3))], shop=["a"] * 40 + ["b"] * 40)

    with pytest.raises(InputError, match="a is of W-MON, b of W-THU"):
        propose(rows, project, series=["shop"])


AUTUMN = pd.date_range("2024-10-20", "2024-11-03 23:00", freq="h", tz="Europe/Berlin")


def test_the_doubled_hour_is_named_as_such(project: Path) -> None:
    """Local time without an offset has it twice: by the proposal, and by the check of a contract without a zone."""
    rows = of(AUTUMN.strftime("%Y-%m-%d %H:%M"))

    with pytest.raises(
        InputError, match=r"^1 row.* the hour that comes twice when the clocks of Europe/Berlin are set"
    ):
        propose(rows, project)
    agreed = propose(rows.drop_duplicates("day"), project)
    message = problems(rows, agreed, project)["duplicate_stamps"].message
    assert "2024-10-27T02:00:00, the hour that comes twice when the clocks of Europe/Berlin" in message


@pytest.mark.parametrize("kind", ["moments", "texts", "utc"])
def test_hours_are_counted_as_they_pass_and_days_by_the_clock(kind: str, project: Path) -> None:
    """Across the change of time, in whichever way the file names the instants."""
    days = pd.date_range("2024-03-01", periods=260, tz="Europe/Berlin")
    for stamps, frequency, season in ((AUTUMN, "h", 24), (days, "D", 7)):
        written = {
            "moments": stamps,
            "texts": [stamp.isoformat() for stamp in stamps],
            "utc": [stamp.isoformat().replace("+00:00", "Z") for stamp in stamps.tz_convert("UTC")],
        }[kind]

        found = propose(of(written), project, zone=None if kind == "moments" else "Europe/Berlin")

        assert found.forecast is not None
        assert (found.forecast.frequency, found.forecast.season) == (frequency, season)
        assert found.with_role("time")[0].zone == "Europe/Berlin"
        assert problems(of(written), found, project) == {}


def test_several_offsets_are_asked_about_with_a_place_that_has_them(project: Path) -> None:
    """Whose days and hours are counted is for the user to say."""
    rows = of([stamp.isoformat() for stamp in AUTUMN])

    with pytest.raises(InputError, match=r"2 offsets .*as the clocks of Europe/Berlin .*data\.zone=Europe/Berlin"):
        propose(rows, project)


def test_a_far_moment_belongs_to_no_step(project: Path) -> None:
    """It is an error that names the cell and the row, not a row without a moment."""
    rows = of([*MONTHS.strftime("%Y-%m-%d"), "9999-12-31"])

    found = problems(rows, propose(rows, project), project)

    assert found["far_moments"].severity == "error" and "9999-12-31 in row 49" in found["far_moments"].message
    assert "missing_times" not in found
