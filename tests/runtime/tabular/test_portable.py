"""The reader that is copied into a folder reads every cell as the predictor does, and refuses the same."""

from __future__ import annotations

import datetime
import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.tabular import portable
from mlgen_runtime.tabular.encoding import Encoding, Levels, boolean, moment, number, parts
from mlgen_runtime.tabular.portable import reader
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion

PARTS = ("year", "month", "day", "weekday", "hour", "minute", "elapsed")
LEVELS = ("a", "3", "True", "2024-01-31 00:00:00")
ENCODINGS = {
    "number": Encoding(column="x", kind="number", fill=3.5),
    "open number": Encoding(column="x", kind="number"),
    "boolean": Encoding(column="x", kind="boolean", fill=1.0),
    "category": Encoding(column="x", kind="category", levels=LEVELS, other=4, missing=5),
    "bare category": Encoding(column="x", kind="category", levels=("a", " b")),
    "datetime": Encoding(column="x", kind="datetime", parts=PARTS),
    "written datetime": Encoding(column="x", kind="datetime", parts=("day", "elapsed"), format="%d.%m.%Y %H:%M"),
    "american datetime": Encoding(column="x", kind="datetime", parts=PARTS, format="%m/%d/%y %I:%M %p"),
    "year": Encoding(column="x", kind="datetime", parts=PARTS, format="%Y"),
    "zoned datetime": Encoding(column="x", kind="datetime", parts=PARTS, zone="Europe/Berlin"),
    "text": Encoding(column="x", kind="text", vocabulary=("12", "a", "twelve"), idf=(1.5, 2.25, 3.1), words=("none",)),
    "offset datetime": Encoding(column="x", kind="datetime", parts=PARTS, zone="-03:30", format="%d %b %Y"),
}
PLAIN: tuple[Any, ...] = (None, math.nan, math.inf, -math.inf, 0, -0.0, 3, 3.0, 1e39, -1e300, 10**400, True, False)
TEXTS = (
    *("", " ", "?", "NA", "n/a", "none", "-", "1_000", " 12 ", "1e5", "inf", "-Infinity", "0x10", "٣", "twelve", "3"),
    *("true", "FALSE ", "1", "0", "yes", "a", "A", " b", "\ue000"),
)
MOMENTS = (
    *(np.datetime64("2024-01-31T12:30"), np.datetime64("NaT"), datetime.date(2024, 1, 31)),
    *(datetime.datetime(2024, 1, 31), datetime.datetime(2024, 1, 31, tzinfo=datetime.UTC)),
    *("2024-01-31", "20240131", "2024-01-31T12:30:15.25+05:30", "2024-W05-3", "31.01.2024 23:59", "2024-02-30"),
    *("0001-01-01T00:00+14:00", "9999-12-31", "31.12.9999 00:00", "2262-01-01", "1678-01-01", "2015", 2015, 2015.0),
    *("01/31/15 12:05 am", "1/5/69 12:59 PM", "5 Mar 2020", "31 FEB 2020", " 2024-1-5 ", "2024-01-31T24:00"),
    *(
        "2024-10-27T02:30",
        "2024-10-27T02:30+01:00",
        "2024-10-27 02:30 +0200",
        "2024-03-31 02:30:00",
        "2024-07-01T12:00",
    ),
    *("1800-06-01T12:00", "2100-07-01T12:00:00.123456789", "2024-01-31T12:30:15+99:00", "2024-01-31T12", "24-01-31"),
    *(datetime.datetime(9999, 12, 31), datetime.datetime(2024, 10, 27, 2, 30), np.datetime64("9999-12-31")),
)
OTHERS = (
    *(Decimal("1.5"), [], {}, (1,), b"a"),
    *(np.float32(1.5), np.int64(3), np.float64("nan"), np.bool_(True)),
)
CELLS = (*PLAIN, *TEXTS, *MOMENTS, *OTHERS)


def wanted(encoding: Encoding, cell: Any) -> list[float] | None:
    """What the predictor reads; None where it refuses."""
    try:
        if encoding.kind == "datetime":
            return parts(moment(cell, encoding), encoding.parts, encoding.zone)
        if encoding.kind == "text":
            return encoding.weights.row(encoding.text(cell))
        if encoding.kind == "category":
            return [Levels(encoding).read(cell)]
        return [(boolean if encoding.kind == "boolean" else number)(cell, encoding)]
    except InputError:
        return None


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: repr(cell)[:20])
@pytest.mark.parametrize("kind", ENCODINGS)
def test_a_cell_means_the_same(kind: str, cell: Any) -> None:
    """Numbers as text, words for missing, unseen levels, moments: the same features, or refused by both."""
    encoding = ENCODINGS[kind]
    read, _ = reader._reader({name: getattr(encoding, name) for name in Encoding.__dataclass_fields__})

    try:
        found = read(cell)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        found = None

    expected = wanted(encoding, cell)
    assert (found is None) == (expected is None)
    assert np.array_equal(np.array(found or [], np.float64), np.array(expected or [], np.float64), equal_nan=True)


@pytest.fixture(scope="module")
def folder(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model's files."""
    place = tmp_path_factory.mktemp("portable")
    config = load([], trained_once)
    portable.write(load_champion(config), config, place)
    return place


def copied(folder: Path) -> ModuleType:
    """The reader of a folder, as a module."""
    specification = importlib.util.spec_from_file_location("copied", folder / "reader.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_one_row_and_many_are_answered_as_by_the_predictor(folder: Path, trained_once: Path) -> None:
    """Real and spoilt rows, one by one and together, to the last digit."""
    config = load([], trained_once)
    model = load_champion(config)
    own = copied(folder).Model(folder)
    for question in portable.questions(model, config, 200):
        expected = portable.answers(model, question)

        assert own.predict(question.rows) == expected
        assert [own.predict([row])[0] for row in question.rows] == expected


def test_refusals_name_row_column_and_cell(folder: Path) -> None:
    """What cannot be read, and a column that is not there, in words."""
    module = copied(folder)
    own, row = module.Model(folder), {}
    row = dict.fromkeys(own.columns, "1")

    with pytest.raises(module.Refused, match=r"row 1: column 'age' holds 'many', expected a whole number"):
        own.predict([{**row, "age": "many"}])
    with pytest.raises(module.Refused, match=r"row 2: column 'age' holds \[1\]"):
        own.predict([row, {**row, "age": [1]}])
    with pytest.raises(module.Refused, match="row 1 lacks age"):
        own.predict([{name: cell for name, cell in row.items() if name != "age"}])
    assert own.predict([]) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace(b"age,", b"agee,", 1), "lacks the columns age; its header has"),
        (lambda text: b"", "its header has none"),
        (lambda text: text + b'1,"open\n' + b"x" * 200_000, "mend its quotation marks"),
        (lambda text: text + b"1,2\n", "row 3 has 2 cells"),
        (lambda text: text + b"\xe9\n", "byte 0xe9 is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    folder: Path, trained_once: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], words: str
) -> None:
    """A column called otherwise, no content, a quotation mark that stays open, a short row, another encoding."""
    lines = (trained_once / "data" / "sample.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "rows.csv").write_bytes(spoil(b"".join(lines[:3])))

    done = subprocess.run(
        [sys.executable, folder / "reader.py", tmp_path / "rows.csv"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2 and words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("asked", "code"), [(["--help"], 0), ([], 2), (["a.csv", "b.csv"], 2)])
def test_the_reader_says_how_it_is_called(folder: Path, asked: list[str], code: int) -> None:
    """Asked for help, or called with anything but one file."""
    done = subprocess.run([sys.executable, folder / "reader.py", *asked], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (code, "usage: python reader.py rows.csv > answers.csv\n")


def test_a_bundle_in_a_library_s_own_format_stays(trained: Path, tmp_path: Path) -> None:
    """Without an exact ONNX graph there is nothing to take along, and the message says what to do."""
    config = load([], trained)
    model = load_champion(config)
    path = model.folder / "inference.json"
    path.write_text(path.read_text("utf8").replace('"format": "onnx"', '"format": "native"'), "utf8")

    with pytest.raises(InputError, match=r"kept as native.*train a model that exports"):
        portable.write(model, config, tmp_path)
