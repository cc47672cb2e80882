"""How the dates of a column are written: found from all cells, noted where it was decided, asked where it was not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime import contract
from mlgen_runtime.contract import file
from mlgen_runtime.contract.dates import Said
from mlgen_runtime.contract.profile import Told
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY

DAY = pd.Timestamp("2015-01-01")


def proposed(cells: Sequence[object], **said: str) -> Column:
    """The entry of a column with these cells, beside a number and a target."""
    rows = len(cells)
    random = np.random.default_rng(0)
    table = pd.DataFrame({"day": cells, "amount": random.normal(size=rows), "goal": np.arange(rows) % 2})
    return infer(table, target="goal", told=Told(dates=Said(**said))).columns[0]


def dated(days: pd.DatetimeIndex, format: str) -> list[str]:
    return list(days.strftime(format))


MONTHS = pd.date_range("2015-01-01", periods=36, freq="MS")
EVERY_DAY = pd.date_range("2015-01-01", periods=60)


@pytest.mark.parametrize(
    "format",
    [
        *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%d %B %Y"),
        *(
            "%b %d, %Y",
            "%m/%d/%y",
            "%d/%m/%y",
            "%d.%m.%y",
            "%d.%m.%Y %H:%M",
            "%m/%d/%Y %I:%M:%S %p",
            "%d/%m/%Y %H:%M:%S",
        ),
    ],
)
def test_a_day_above_twelve_tells_how_dates_are_written(format: str) -> None:
    """All cells decide, wherever the telling one stands; nothing needs to be noted."""
    found = proposed(dated(EVERY_DAY, format))

    assert (found.type, found.format) == ("datetime", format)
    assert "fit" not in (found.note or "")


@pytest.mark.parametrize("format", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y"])
@pytest.mark.parametrize("frequency", ["MS", "QS", "6MS"])
def test_the_reading_with_regular_steps_is_taken_and_noted(format: str, frequency: str) -> None:
    """A monthly column is no twelve days of each January, in whichever order its rows stand."""
    days = pd.date_range("2015-01-01", periods=36, freq=frequency)
    shuffled = np.random.default_rng(3).permutation(36)

    for order in (np.arange(36), shuffled):
        found = proposed(dated(days[order], format))

        assert found.format == format
        assert found.note and "regular steps" in found.note and "data.date_format" in found.note


def test_rows_in_order_tell_where_steps_do_not() -> None:
    """Few irregular dates that rise in one reading only are read so."""
    found = proposed(["03/01/2015", "05/02/2015", "01/04/2015", "12/07/2015", "02/11/2015"])

    assert found.format == "%d/%m/%Y"
    assert found.note and "in order" in found.note


@pytest.mark.parametrize(
    "cells",
    [
        [f"{day:02}/01/2015" for day in range(1, 13)],
        ["01/02/2015", "03/04/2015"],
        ["03/01/2015", "05/02/2015", "01/04/2015", "04/03/2015", "02/01/2015"],
    ],
    ids=["twelve days or months", "two", "in no order"],
)
def test_what_can_be_read_in_two_ways_is_asked(cells: list[str]) -> None:
    """One line names the column, a cell, both readings, and the ways out; the setting decides."""
    with pytest.raises(InputError) as caught:
        proposed(cells)

    for word in ("day holds", "data.date_format=%m/%d/%Y", "data.date_format=%d/%m/%Y", "data.drop=[day]"):
        assert word in str(caught.value)
    for format in ("%d/%m/%Y", "%m/%d/%Y"):
        assert proposed(cells, format=format).format == format


def test_a_column_that_nobody_reads_is_not_asked_about() -> None:
    """A key, and what is constant, may be written as it likes."""
    table = pd.DataFrame({"day": ["01/02/2015"] * 6, "x": range(6), "goal": [0, 1] * 3})

    assert infer(table, target="goal").columns[0].role == "ignore"


@pytest.mark.parametrize(
    ("said", "words"),
    [({"format": "%d/%m/%Y"}, "data.date_format=%d/%m/%Y fits no column"), ({"zone": "Europe/Berlin"}, "data.zone")],
)
def test_a_setting_that_fits_nothing_is_refused(said: dict[str, str], words: str) -> None:
    """A setting is never passed over in silence."""
    with pytest.raises(InputError, match=words):
        proposed(dated(EVERY_DAY, "%Y-%m-%d"), **said)


def test_a_setting_that_differs_from_the_contract_is_a_question(configure, project: Path) -> None:  # type: ignore[no-untyped-def]
    """What stands in the reviewed contract holds."""
    from mlgen_runtime.usecase.resolve import resolve

    resolve(configure("data.path=data/sample.csv")).save()
    for said in ("data.date_format='%d/%m/%Y'", "data.zone=UTC"):
        with pytest.raises(InputError, match=rf"{said.split('=')[0]} is .*contract\.write=true"):
            resolve(configure("data.path=data/sample.csv", said))


def test_numbers_are_dates_where_the_setting_says_so() -> None:
    """20150131 is a number until then."""
    cells = [int(day) for day in dated(EVERY_DAY, "%Y%m%d")]

    assert proposed(cells).type == "integer"
    assert proposed(cells, format="%Y%m%d").format == "%Y%m%d"


@pytest.mark.parametrize("far", ["9999-12-31", "1000-01-01", "9999-12-31 00:00:00"])
@pytest.mark.parametrize("kind", ["text", "moments"])
def test_a_date_too_far_to_be_one_is_missing_and_said_to_be(far: str, kind: str) -> None:
    """9999-12-31 means "no end": the column stays one of dates, and the contract tells how many such cells it has."""
    cells: pd.Series = pd.Series([*dated(EVERY_DAY, "%Y-%m-%d"), far, far])
    if kind == "moments":
        cells = cells.astype("datetime64[s]")

    found = proposed(cells)

    assert (found.type, found.nullable) == ("datetime", True)
    assert found.note and "2 cells such as" in found.note and far[:10] in found.note and "read as missing" in found.note
    read = contract.conform(pd.DataFrame({"day": cells, "goal": 1}), _contract(found))
    assert read["day"].isna().sum() == 2


def test_far_dates_are_a_warning_of_the_check(configure, project: Path) -> None:  # type: ignore[no-untyped-def]
    """With the row and the cell."""
    from mlgen_runtime.usecase import registry

    config = configure()
    cells = [*dated(EVERY_DAY, "%d.%m.%Y"), "31.12.9999"]
    found = _contract(Column(name="day", type="datetime", format="%d.%m.%Y", nullable=True))
    table = pd.DataFrame({"day": cells, "goal": np.arange(61) % 2})

    problems = contract.check(table, found, config.contract, registry.of(config).checks)

    told = next(problem for problem in problems if problem.check == "far_moments")
    assert told.severity == "warning" and "31.12.9999" in told.message and "row 61" in told.message


@pytest.mark.parametrize(
    ("cells", "zone"),
    [
        (dated(EVERY_DAY, "%Y-%m-%dT%H:%M:%SZ"), "UTC"),
        (dated(EVERY_DAY, "%Y-%m-%d %H:%M:%S+02:00"), "+02:00"),
        (dated(EVERY_DAY, "%Y-%m-%d %H:%M:%S-0330"), "-03:30"),
        (EVERY_DAY.tz_localize("Europe/Berlin"), "Europe/Berlin"),
        (EVERY_DAY.tz_localize("UTC"), "UTC"),
        (EVERY_DAY.tz_localize("+05:30"), "+05:30"),
        (dated(EVERY_DAY, "%Y-%m-%d"), None),
        (EVERY_DAY, None),
    ],
)
def test_the_zone_is_that_of_the_cells(cells: Sequence[object], zone: str | None) -> None:
    """It stands in the contract; moments without one have none."""
    assert proposed(cells).zone == zone


def test_several_offsets_are_noted_with_a_place_that_has_them() -> None:
    """Instants are clear; whose hours and weekdays count is for the reader to say."""
    cells = [day.isoformat() for day in pd.date_range("2024-03-01", periods=60, tz="Europe/Berlin")]

    found = proposed(cells)

    assert found.zone == "UTC" and found.note and "Europe/Berlin" in found.note
    assert proposed(cells, zone="Europe/Berlin").zone == "Europe/Berlin"


def test_moments_of_which_some_have_an_offset_are_asked_about() -> None:
    """Whose local time the others are, nobody can know."""
    cells = [*dated(EVERY_DAY, "%Y-%m-%dT12:00:00"), "2015-06-01T12:00:00Z"]

    with pytest.raises(InputError, match=r"UTC in 1 row, no offset in 60 rows.*data\.zone"):
        proposed(cells)
    assert proposed(cells, zone="Europe/Berlin").zone == "Europe/Berlin"


def test_cells_without_an_offset_are_local_time_of_the_zone() -> None:
    """In text and in a file's own moments alike; midnight is the first instant of its day."""
    found = _contract(Column(name="day", type="datetime", zone="America/Sao_Paulo"))
    texts = ["2018-11-03", "2018-11-04", "2018-11-05T12:00:00", "2018-11-05T12:00:00-03:00"]

    for cells in (pd.Series(texts, dtype="str"), pd.to_datetime(pd.Series(texts[:3]), format="ISO8601")):
        read = contract.conform(pd.DataFrame({"day": cells, "goal": 1}), found)["day"]
        assert read[:3].tolist() == [
            *(pd.Timestamp("2018-11-03 03:00"), pd.Timestamp("2018-11-04 03:00"), pd.Timestamp("2018-11-05 14:00"))
        ]


def test_almost_dates_are_named() -> None:
    """A column is not made a category without a word because of one cell."""
    found = proposed([*dated(EVERY_DAY, "%Y-%m-%d"), "0000-00-00"])

    assert found.type == "text" and found.note and "dates, but not '0000-00-00'" in found.note


def test_versions_are_no_dates() -> None:
    """1.10.2 has the shape of a day, a month and a year of two digits."""
    assert proposed([f"1.{number % 12 + 1}.{number % 9 + 10}" for number in range(40)]).type == "text"


def test_format_and_zone_survive_the_file(tmp_path: Path) -> None:
    """An offset is put into quotes: YAML would read +10:00 as a number."""
    whole = _contract(Column(name="day", type="datetime", format="%d.%m.%Y %H:%M", zone="+10:00"))

    file.dump(whole, tmp_path / "contract.yaml")

    assert file.load(tmp_path / "contract.yaml", VOCABULARY) == whole
    text = (tmp_path / "contract.yaml").read_text("utf8").replace("'+10:00'", "+10:00")
    with pytest.raises(InputError, match=r"zone 600; expected text: put it into quotes"):
        file.parse(text, "contract.yaml", VOCABULARY)


def _contract(column: Column) -> Contract:
    return Contract(
        vocabulary=VOCABULARY,
        task="binary",
        columns=(column, Column(name="goal", role="target", type="integer", categories=("0", "1"))),
    )
