"""A moment means the same however it is written and whoever reads it: cells, columns, requests, exported readers."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.contract import columns
from mlgen_runtime.contract.dates import FORMATS
from mlgen_runtime.contract.schema import Column
from mlgen_runtime.core import moments, zones
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rest import fields
from mlgen_runtime.rows.example import plausible
from mlgen_runtime.tabular import portable
from mlgen_runtime.tabular.encoding import NO_MOMENT, Encoding, moment, parts
from mlgen_runtime.tabular.portable import moments as exported
from mlgen_runtime.tabular.preprocessing import PARTS, Preprocessing

ZONES = (None, "UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "+05:30", "-03:00")
WAYS = (None, "%Y", "%Y%m%d", "%Y-%d-%m", "%d.%m.%Y %H:%M:%S%z", *FORMATS)
STAMPS = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1))
#: What is near a date, and often none.
ODD = (
    "2024-02-30", "31.02.2024", "13/13/2024", "2024-01-31T24:00", "2024-01-31T12", "20240131", "2024-W05-3", "٣.1.2024",
    "0000-01-01", "9999-12-31", "31.12.9999", "12/31/9999", "1677-12-31", "2262-01-01", "2024-10-27T02:30", "",
    "2024-03-31 02:30:00", "2024-10-27T02:30:00+01:00", "2018-11-04", "2024-01-31 12:00 UTC", "2024-01-31T12:00+25:00",
    "5 Mar 2020", "05-MAR-2020", "1/5/2016 12:00:00 AM", "1/5/2016 13:00:00 PM", "12/31/69", "01.02.24", "2015",
    "nonsense",
    "2024-1-5", "2024-01-31T12:00:00.123456789Z", "2024-01-31T12:00:00,5", "2024-01-31\n", "1/5/2016  10:59 pm",
)  # fmt: skip


@st.composite
def cells(draw: st.DrawFn) -> tuple[str, str | None, str | None]:
    """A text with the format and the zone of its column: a moment written so, in ISO 8601, or something near it."""
    format, zone = draw(st.sampled_from(WAYS)), draw(st.sampled_from(ZONES))
    stamp = draw(STAMPS)
    if draw(st.booleans()):
        stamp = stamp.replace(second=0, microsecond=0)
    way = draw(st.integers(0, 3))
    if way == 0:
        return draw(st.sampled_from(ODD)), format, zone
    if way == 1:
        return (
            stamp.isoformat(draw(st.sampled_from("T "))) + draw(st.sampled_from(("", "Z", "+02:00", " -0330"))),
            format,
            zone,
        )
    aware = stamp.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=draw(st.sampled_from((0, 90, -210))))))
    return aware.strftime(format or "%Y-%m-%d") + draw(st.sampled_from(("", " "))), format, zone


def told(text: str, format: str | None, zone: str | None) -> int | str | None:
    """What a single cell is: nanoseconds, "far", or None where it is refused."""
    try:
        found = moments.read(text, format, zone)
    except moments.Unread:
        return None
    return "far" if found is None else found


@given(cells())
@settings(max_examples=400, deadline=None)
def test_a_cell_and_a_column_of_them_are_read_alike(cell: tuple[str, str | None, str | None]) -> None:
    """One by one or many at once: the same instant, the same far cells, the same refusals."""
    text, format, zone = cell

    for kind in ("str", object):
        read = columns.moments(pd.Series([text, None], dtype=kind), format, zone)  # type: ignore[arg-type]

        expected = told(text, format, zone) if text.strip() else "missing"
        assert (bool(read.bad[0]), bool(read.far[0])) == (expected is None, expected == "far"), cell
        assert not read.bad[1] and np.isnat(read.values[1])
        if isinstance(expected, int):
            assert int(read.values[0].astype(np.int64)) == expected


@given(cells())
@settings(max_examples=300, deadline=None)
def test_the_predictor_and_the_exported_reader_read_alike(cell: tuple[str, str | None, str | None]) -> None:
    """A row, many rows and reader.py give the same parts of a moment, or refuse the same cell."""
    text, format, zone = cell
    if not text.strip():
        return
    encoding = Encoding(column="x", kind="datetime", parts=PARTS, format=format, zone=zone)
    expected = told(text, format, zone)

    try:
        stamp = moment(text, encoding)
    except InputError:
        assert expected is None
        with pytest.raises((ValueError, OverflowError)):
            exported.parts(text, format, zone)
        return
    one = parts(stamp, PARTS, zone)
    many = Preprocessing((encoding,)).read({"x": [text] * 2}).columns[0][0]
    other = exported.parts(text, format, zone)

    assert np.array_equal(one, many, equal_nan=True)
    assert (stamp == NO_MOMENT) == (expected == "far") == (other is None)
    assert other is None or [other[name] for name in PARTS] == one


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_reader_in_javascript_reads_alike(tmp_path: Path) -> None:
    """2,000 cells and the odd ones: reader.mjs gives the parts that the predictor gives, or refuses the same."""
    source = Path(portable.__file__).with_name("reader.mjs").read_text("utf8")
    shutil.copy(Path(portable.__file__).with_name("words.mjs"), tmp_path)
    (tmp_path / "cells.mjs").write_text(source + "\nexport { stamp, clockOf };\n", "utf8")
    (tmp_path / "ask.mjs").write_text(
        'import { readFileSync } from "node:fs"; import { stamp, clockOf } from "./cells.mjs";\n'
        'const asked = JSON.parse(readFileSync("asked.json", "utf8"));\n'
        'const told = (found, zone) => (found === null ? "far" : found === undefined ? null : clockOf(found, zone));\n'
        "const parts = ([text, format, zone]) => told(stamp(text.trim(), format, zone), zone);\n"
        "console.log(JSON.stringify(asked.map(parts)));",
        "utf8",
    )
    asked: list[tuple[str, str | None, str | None]] = [
        (text, format, zone) for text in ODD if text for format in WAYS[:12] for zone in ZONES[:3]
    ]

    @given(cells())
    @settings(max_examples=2_000, deadline=None, database=None)
    def collect(cell: tuple[str, str | None, str | None]) -> None:
        asked.append(cell)

    collect()
    asked = [cell for cell in asked if cell[0].strip()]
    (tmp_path / "asked.json").write_text(json.dumps(asked), "utf8")
    done = subprocess.run(["node", "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)

    for cell, found in zip(asked, json.loads(done.stdout), strict=True):
        expected = told(*cell)
        if not isinstance(expected, int):
            assert found == expected, cell
        else:
            assert [found[name] for name in PARTS] == parts(expected // 1000, PARTS, cell[2]), cell


@given(st.lists(STAMPS, min_size=1, max_size=5), st.sampled_from(WAYS), st.sampled_from(ZONES))
@settings(max_examples=300, deadline=None)
def test_what_a_column_holds_can_be_written_as_cells_of_it(
    stamps: list[datetime.datetime], format: str | None, zone: str | None
) -> None:
    """Typed moments become cells of the contract's own spelling, and those are read back as what they were."""
    times = np.array(stamps, dtype="M8[us]")
    if format is not None and None not in moments.spellings(format):  # the format alone, which has no time of day
        times = zones.instants(zones.local(times, zone).astype("M8[D]").astype("M8[us]"), zone)[0]

    texts = moments.formatted(times, format, zone)

    read = columns.moments(pd.Series(texts, dtype="str"), format, zone)
    assert not read.bad.any() and (read.values == times).all()
    assert [told(str(text), format, zone) for text in texts] == times.astype("M8[ns]").astype(np.int64).tolist()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("format", WAYS)
def test_the_example_of_a_column_is_a_cell_of_it(format: str | None, zone: str | None) -> None:
    """What warms a model up, and stands in documents and forms, is what the service takes."""
    column = Column(name="day", type="datetime", format=format, zone=zone)
    example = plausible(column)

    assert isinstance(told(example, format, zone), int)
    assert fields.input_field(column, strict=False).fault(example) is None


@given(cells())
@settings(max_examples=400, deadline=None)
def test_what_the_service_takes_is_read(cell: tuple[str, str | None, str | None]) -> None:
    """A text that the request's schema lets through is a moment, but for a day that its month lacks in a format, and a
    local time that its zone has twice or never."""
    text, format, zone = cell
    for nullable in (False, True):
        column = Column(name="day", type="datetime", format=format, zone=zone, nullable=nullable)
        if fields.input_field(column, strict=False).fault(text) is None:
            found = told(text, format, None)
            assert (format is not None and found is None) or isinstance(found, int) or (nullable and found == "far")


@pytest.mark.parametrize(("text", "kind"), [("2024-10-27T02:30:00", "twice"), ("2024-03-31T02:30:00", "never")])
def test_an_hour_that_the_clock_has_twice_or_never_is_named(text: str, kind: str) -> None:
    """Berlin's clocks are set back in October and forward in March; an offset tells what is meant."""
    with pytest.raises(moments.Unread, match=f"{kind} .*Europe/Berlin|Europe/Berlin {kind}|{kind} in Europe/Berlin"):
        moments.read(text, None, "Europe/Berlin")

    first, second = (moments.read(f"{text}+0{hours}:00", None, "Europe/Berlin") for hours in (2, 1))
    assert first is not None and second is not None and second - first == 3_600_000_000_000


def test_moments_are_written_by_the_clocks_of_their_zone() -> None:
    """The two hours of the night on which clocks are set back differ in their offset."""
    times = np.array(["2024-10-27T00:30", "2024-10-27T01:30", "NaT"], "M8[ns]")

    assert moments.written(times, "Europe/Berlin") == ["2024-10-27T02:30:00+02:00", "2024-10-27T02:30:00+01:00", "NaT"]
    assert moments.written(times[:1], "UTC") == ["2024-10-27T00:30:00Z"]
    assert moments.written(times[:1] + np.timedelta64(5, "ms")) == ["2024-10-27T00:30:00.005000"]
    assert moments.written(times[:1], days=True) == ["2024-10-27"]


@pytest.mark.parametrize("name", ["Europe/Atlantis", "+2", "+25:00", "", "../etc/passwd", 120])
def test_a_zone_that_is_none_is_refused(name: Any) -> None:
    """By the contract, with what would be one."""
    with pytest.raises(InputError, match=r"zone.* (expected a name such as Europe/Berlin|expected text)"):
        Column(name="day", type="datetime", zone=name)


@pytest.mark.parametrize("format", ["%d.%m", "%Q", "%Y %Y", "%I:%M %Y", "%d.%m.%Y %"])
def test_a_format_that_no_reader_knows_is_refused(format: str) -> None:
    """By the contract, before anything is read with it."""
    with pytest.raises(InputError, match="format"):
        Column(name="day", type="datetime", format=format)
