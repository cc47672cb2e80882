"""Where batch reads from files: the same rows whatever the pieces, and a fault told as what it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlgen_runtime.config.settings import TableSettings
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data.source import open_source
from mlgen_runtime.data.source.records import LONGEST
from mlgen_runtime.data.source.rows import Broken, Source
from pyarrow import parquet

CELLS = st.text(st.sampled_from('ab,;" \n\r\tä€') | st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def settled(**changed: Any) -> TableSettings:
    none: dict[str, Any] = dict.fromkeys(("version", "test_path", "target", "separator"))
    return TableSettings(
        **{
            "path": "",
            "drop": [],
            "encoding": "utf-8",
            "na_values": ["NA"],
            "decimal": None,
            "thousands": None,
            "date_format": None,
            "zone": None,
            **none,
            **changed,
        }
    )


def opened(root: Path, text: str, key: Sequence[str] = (), **changed: Any) -> Source:
    return open_source(text, settled(**changed), root, key, "batch.input")


def rows(source: Source, size: int = 1000, after: int = 0) -> dict[int, dict[str, Any] | Broken]:
    """Every row of a source by its number; checks that batches follow each other and are of the size asked for."""
    found: dict[int, dict[str, Any] | Broken] = {}
    lengths, start = [], after
    for batch in source.batches(size, after):
        assert batch.start == start
        assert batch.length == batch.table.num_rows + len(batch.broken)
        found |= dict(zip(batch.numbers.tolist(), batch.table.to_pylist(), strict=True))
        found |= {line.number: line for line in batch.broken}
        lengths.append(batch.length)
        start = batch.end
    assert all(length == size for length in lengths[:-1])
    assert sorted(found) == list(range(after + 1, start + 1))
    return found


def written(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return name


MIXED = b'a,b\n1,x\n2\n"3\n3",""\n\n4,y,z\n5,\xff\n6,NA\n7,"open\n8,"q"\n9,5" pipe\n'


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Source]:
    """One source of each kind that needs no database."""
    table = pa.table({"a": range(25), "b": [f"text {i}" for i in range(25)]})
    parquet.write_table(table, tmp_path / "one.parquet", row_group_size=7)
    for day, part in enumerate((table[:11], table[11:11], table[11:])):
        (tmp_path / f"many/day={day}").mkdir(parents=True)
        parquet.write_table(part, tmp_path / f"many/day={day}/part.parquet", row_group_size=4)
    written(tmp_path, "mixed.csv", MIXED)
    written(tmp_path, "mixed.csv.gz", gzip.compress(MIXED, mtime=0))
    lines = [json.dumps({"a": i}) if i % 3 else "[broken" for i in range(25)]
    written(tmp_path, "lines.jsonl", "\n\n".join(lines).encode())
    names = ("one.parquet", "many", "mixed.csv", "mixed.csv.gz", "lines.jsonl")
    return {name: opened(tmp_path, name) for name in names}


def test_any_split_gives_the_same_rows(sources: dict[str, Source]) -> None:
    """Whatever the size of a batch and the row to go on after, a row keeps its number and its content."""
    for source in sources.values():
        whole = rows(source)
        for size in (1, 2, 3, 7, 10):
            for after in (0, 1, 4, 6, 8, len(whole), len(whole) + 3):
                there = {number: row for number, row in whole.items() if number > after}
                assert rows(source, size, after) == there


def test_the_same_content_has_the_same_fingerprint(sources: dict[str, Source], tmp_path: Path) -> None:
    """A copy has it, another content has another, and so has one that is read another way."""
    (tmp_path / "again").mkdir()
    again = opened(tmp_path / "again", written(tmp_path / "again", "other.csv", MIXED))
    assert again.fingerprint() == sources["mixed.csv"].fingerprint()
    assert len({source.fingerprint() for source in sources.values()}) == len(sources)

    assert opened(tmp_path, "mixed.csv", encoding="latin-1").fingerprint() != again.fingerprint()
    assert opened(tmp_path, written(tmp_path, "b.csv", MIXED + b"1,2\n")).fingerprint() != again.fingerprint()


def test_a_broken_line_spoils_itself_only(sources: dict[str, Source]) -> None:
    """Too few or too many cells, a quotation mark without its fellow, other bytes: told by number, the rest is read."""
    found = rows(sources["mixed.csv"])

    assert [found[number] for number in (1, 3, 6, 8, 9)] == [
        {"a": "1", "b": "x"},
        {"a": "3\n3", "b": None},
        {"a": "6", "b": "NA"},
        {"a": "8", "b": "q"},
        {"a": "9", "b": '5" pipe'},
    ]
    assert found[2] == Broken(2, "2", "has 1 cells, expected 2")
    assert found[4] == Broken(4, "4,y,z", "has 3 cells, expected 2")
    assert found[5] == Broken(5, "5,�", "byte 0xff is not utf-8; mend the row, or try data.encoding=cp1252")
    assert found[7] == Broken(7, '7,"open', "a quotation mark opens a cell and none closes it")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=8), separator=st.sampled_from(",;\t|"), data=st.data())
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path: Path, table: list[tuple[str, ...]], separator: str, data: st.DataObject
) -> None:
    """Cells with separators, quotation marks and line breaks come back as they were, in any pieces; "" is missing."""
    text = io.StringIO(newline="")
    # with \n alone as its line end, Python's writer leaves a \r in a cell without quotation marks
    ends, quoting = data.draw(
        st.sampled_from((("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)))
    )
    writer = csv.writer(text, delimiter=separator, lineterminator=ends, quoting=quoting)
    writer.writerows([("a", "b", "c"), *table])
    written(tmp_path, "t.csv", text.getvalue().encode())

    found = rows(opened(tmp_path, "t.csv", separator=separator, na_values=[]), data.draw(st.integers(1, 5)))

    assert [tuple(row.values()) for row in found.values() if isinstance(row, dict)] == [
        tuple(cell or None for cell in row) for row in table
    ]


def test_a_csv_longer_than_a_block_is_read_whole(tmp_path: Path) -> None:
    """Quoted line breaks and broken lines that fall where a block ends are read as anywhere else."""
    lines = [b'%d,"%b"\n' % (i, b"line\n" * (i % 50)) if i % 997 else b"%d,x,y\n" % i for i in range(1, 60_001)]
    source = opened(tmp_path, written(tmp_path, "long.csv", b"a,b\n" + b"".join(lines)))

    found = rows(source, 7_000)

    assert len(found) == 60_000
    assert [number for number, row in found.items() if isinstance(row, Broken)] == list(range(997, 60_001, 997))
    assert found[59_999] == {"a": "59999", "b": "line\n" * 49}
    assert rows(source, 7_000, after=59_000) == {number: found[number] for number in range(59_001, 60_001)}


def test_a_quotation_mark_that_nothing_closes_does_not_swallow_a_long_file(tmp_path: Path) -> None:
    """It spoils its own line, though megabytes follow."""
    many = b"".join(b"%d,some text\n" % i for i in range(2 * LONGEST // 10))
    found = rows(opened(tmp_path, written(tmp_path, "open.csv", b'a,b\n0,"open\n' + many)), 100_000)

    assert isinstance(found[1], Broken)
    assert found[2] == {"a": "0", "b": "some text"}
    assert len(found) == 1 + 2 * LONGEST // 10


@pytest.mark.parametrize(
    ("content", "encoding", "expected"),
    [
        (b"\xef\xbb\xbfa,b\n\xc3\xa4,1\n", "utf-8", {"a": "ä", "b": "1"}),
        (b"a,b\r\n\xe4,1\r\n", "latin-1", {"a": "ä", "b": "1"}),
        ("a,b\nä,1".encode("utf-16"), "utf-16", {"a": "ä", "b": "1"}),
        (b"a,b\r\x80,1\r", "cp1252", {"a": "€", "b": "1"}),
    ],
)
def test_encodings_and_line_ends(tmp_path: Path, content: bytes, encoding: str, expected: dict[str, str]) -> None:
    """A byte order mark is no part of a name, and a declared encoding is read."""
    assert rows(opened(tmp_path, written(tmp_path, "t.csv", content), encoding=encoding)) == {1: expected}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    """It has names; only an empty file is refused."""
    for content in (b"a,b", b"a,b\n"):
        source = opened(tmp_path, written(tmp_path, "t.csv", content))
        assert (source.names, rows(source)) == (("a", "b"), {})


def test_json_lines(tmp_path: Path) -> None:
    """A missing key is null, a list is kept as such, several types are text, and a line that is no object is broken."""
    content = b'{"a": 1, "b": [1, "\xc3\xa4"]}\n\n{"a": 2.5, "c": true}\n[1]\n{"a"\n{"c": \xff}\n{"c": "x"}'
    source = opened(tmp_path, written(tmp_path, "t.jsonl", content))

    assert source.names == ("a", "b", "c")
    found = rows(source)
    assert found[1] == {"a": 1.0, "b": ['[1, "ä"]', "list"], "c": None}
    assert found[2] == {"a": 2.5, "b": None, "c": "true"}
    assert found[3] == Broken(3, "[1]", "is a list, expected one JSON object a line")
    assert isinstance(found[4], Broken) and "not valid JSON" in found[4].reason
    assert isinstance(found[5], Broken) and "byte 0xff is not utf-8" in found[5].reason
    assert found[6] == {"a": None, "b": None, "c": "x"}


def test_a_key_that_turns_up_late_is_not_lost(tmp_path: Path) -> None:
    """It is no name, but a column of the batch that has it."""
    content = b'{"a": 1}\n' * 1200 + b'{"a": 2, "late": "x"}\n'
    source = opened(tmp_path, written(tmp_path, "t.jsonl", content))

    assert source.names == ("a",)
    assert rows(source, 5000)[1201] == {"a": 2, "late": "x"}


def test_folders_name_columns_and_files_agree_on_types(tmp_path: Path) -> None:
    """`day=3` is a whole number, hidden files are no data, and whole numbers join fractions."""
    for name, values in {"day=1/a.parquet": [1, 2], "day=2/x.parquet": [1.5], "_skip/z.parquet": ["no"]}.items():
        (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(pa.table({"v": values}), tmp_path / "f" / name)
    written(tmp_path, "f/.hidden.parquet", b"no")

    source = opened(tmp_path, "f")

    assert (source.described, source.names, source.rows) == ("f", ("v", "day"), 3)
    assert rows(source) == {1: {"v": 1.0, "day": 1}, 2: {"v": 2.0, "day": 1}, 3: {"v": 1.5, "day": 2}}


def test_files_of_other_columns_are_refused(tmp_path: Path) -> None:
    """The message names the file, the column and, where it is that, the types."""
    (tmp_path / "f").mkdir()
    parquet.write_table(pa.table({"a": [1], "b": [1]}), tmp_path / "f" / "1.parquet")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "f" / "2.parquet")
    with pytest.raises(InputError, match="f/2.parquet has no column 'b', which f/1.parquet has"):
        opened(tmp_path, "f")

    parquet.write_table(pa.table({"a": ["x"], "b": [1]}), tmp_path / "f" / "2.parquet")
    with pytest.raises(InputError, match="f/2.parquet: column 'a' is string, but int64 in f/1.parquet"):
        opened(tmp_path, "f")


@pytest.mark.parametrize("name", ["one.parquet", "mixed.csv", "lines.jsonl"])
def test_a_file_that_changes_while_it_is_read_is_refused(sources: dict[str, Source], tmp_path: Path, name: str) -> None:
    """Another file under its name, one without a column, and none at all: an error, never rows of two files."""
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match="is not there any more"):
        rows(sources[name])

    parquet.write_table(pa.table({"renamed": range(25)}), tmp_path / name)
    with pytest.raises(InputError, match="changed while it was read"):
        rows(sources[name])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"\xef\xbb\xbf", "is empty"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("t.csv", b"a;b\n1;2\n", "set 'data.separator=\";\"'"),
        ("t.csv", b"a,a\n1,2\n", "the column name 'a' stands there more than once"),
        ("t.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:-20], "is no complete gzip file"),
        ("t.csv.gz", b"a,b\n1,2\n", "is no complete gzip file"),
        ("t.jsonl", b"", "is empty"),
        ("t.parquet", b"no parquet", "is no Parquet file"),
        ("t.xlsx", b"sheet", "save the sheet as CSV"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """The message names the file and what to do."""
    with pytest.raises(InputError, match=message):
        rows(opened(tmp_path, written(tmp_path, name, content)))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl"])
def test_the_rows_of_a_text_are_reckoned(tmp_path: Path, name: str) -> None:
    """From the first megabytes, within a few per cent, packed or not; of a table they are known."""
    count = 400_000
    lines = [json.dumps({"a": row, "b": f"x{row * 7919 % 9973}"}) for row in range(count)]
    if "csv" in name:
        lines = ["a,b", *(f"{row},x{row * 7919 % 9973}" for row in range(count))]
    content = "\n".join(lines).encode()
    source = opened(tmp_path, written(tmp_path, name, gzip.compress(content, 1, mtime=0) if "gz" in name else content))

    assert source.reckoned and source.rows == pytest.approx(count, rel=0.1)
