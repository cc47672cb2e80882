"""Where batch reads from databases and Delta tables: one snapshot, in a known order, and a fault told in a line."""

from __future__ import annotations

import errno
import signal
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from mlgen_runtime.config.settings import TableSettings
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data.source import open_source
from mlgen_runtime.data.source.rows import Source
from mlgen_runtime.data.source.spool import Spool
from sample_projects import run_code

if TYPE_CHECKING:
    from postgres import Server

pytest_plugins = ["postgres"]


@pytest.fixture(autouse=True)
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files of the test's own."""
    folder = tmp_path / "spools"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def opened(root: Path, text: str, key: Sequence[str] = ()) -> Source:
    names = ("version", "test_path", "target", "separator", "decimal", "thousands", "date_format", "zone")
    data = TableSettings(path="", drop=[], encoding="utf-8", na_values=[], **dict.fromkeys(names))
    return open_source(text, data, root, key, "batch.input")


def rows(source: Source, size: int = 100_000, after: int = 0) -> list[dict[str, Any]]:
    return [row for batch in source.batches(size, after) for row in batch.table.to_pylist()]


def sessions(database: str) -> int:
    """How many others are connected to a database; those who have left are given a moment to be gone."""
    asked = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    with psycopg.connect(database, autocommit=True) as connection:
        for _ in range(50):
            (found,) = connection.execute(asked).fetchone() or (0,)
            if not found:
                return 0
            time.sleep(0.05)
    return int(found)


def filled(place: Path, *statements: str) -> None:
    with sqlite3.connect(place) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


COUNTED = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) "


def test_a_table_is_one_snapshot(tmp_path: Path, spools: Path) -> None:
    """What is written to the table while its rows are read is not among them, and closing leaves no file."""
    filled(tmp_path / "x.db", f"create table t as {COUNTED} select i as id, i * 0.5 as half, 'no ' || i as name from n")
    source = opened(tmp_path, "sqlite:///x.db#t", ["id"])

    batches = source.batches(30_000)
    first = next(batches)
    filled(tmp_path / "x.db", "update t set id = -id", "alter table t rename column half to other")
    others = list(batches)

    assert (source.described, source.names, source.rows) == ("sqlite:///x.db#t", ("id", "half", "name"), 100_000)
    numbers = pa.concat_tables([first.table, *(batch.table for batch in others)])["id"].to_pylist()
    assert numbers == list(range(1, 100_001))
    assert rows(source, after=99_999) == [{"id": 100_000, "half": 50_000.0, "name": "no 100000"}]
    source.close()
    assert not list(spools.iterdir())


def test_the_key_orders_the_rows(tmp_path: Path) -> None:
    """The same rows in another order in the table are the same source; without a key they are not."""
    filled(tmp_path / "1.db", 'create table t ("a b" int, x)', "insert into t values (2, 'x'), (1, 'y'), (3, null)")
    filled(tmp_path / "2.db", 'create table t ("a b" int, x)', "insert into t values (1, 'y'), (3, null), (2, 'x')")

    one, other = (opened(tmp_path, f"sqlite:///{number}.db#t", ["a b"]) for number in (1, 2))

    assert [row["a b"] for row in rows(one)] == [1, 2, 3]
    assert one.fingerprint() == other.fingerprint()
    assert len({opened(tmp_path, f"sqlite:///{number}.db#t").fingerprint() for number in (1, 2)}) == 2
    with pytest.raises(InputError, match="data.key: sqlite:///1.db#t has no column 'ab' .did you mean 'a b'"):
        opened(tmp_path, "sqlite:///1.db#t", ["ab"])


def test_a_column_may_change_its_kind_far_down(tmp_path: Path) -> None:
    """SQLite lets it: numbers after nulls are numbers, text among numbers makes them text."""
    late = "case when i < 90000 then null else i end as late, case when i = 90000 then 'x' else i end as mixed"
    filled(tmp_path / "x.db", f"create table t as {COUNTED} select i, {late}, i + 0.5 * (i > 90000) as part from n")

    found = rows(opened(tmp_path, "sqlite:///x.db#t"))

    assert found[0] == {"i": 1, "late": None, "mixed": "1", "part": 1.0}
    assert found[89_999] == {"i": 90_000, "late": 90_000, "mixed": "x", "part": 90_000.0}
    assert found[-1] == {"i": 100_000, "late": 100_000, "mixed": "100000", "part": 100_000.5}


def test_a_query_without_rows_has_columns(tmp_path: Path, database: str) -> None:
    """On both databases."""
    filled(tmp_path / "x.db", "create table t (a int, b text)")

    for text in ("sqlite:///x.db#select a, b from t where 1 = 0;", f"{database}#select 1 as a, 'x' as b limit 0"):
        source = opened(tmp_path, text)
        assert (source.names, source.rows, rows(source)) == (("a", "b"), 0, [])


def test_the_types_of_postgresql(tmp_path: Path, database: str) -> None:
    """Decimals are numbers, dates moments; what has no place among the types of a table is text."""
    plain = "1::int2 a, 12.34::numeric b, 1.5::float4 c, true d, date '2026-01-02' e, null f, '{\"x\": 1}'::jsonb g"
    first = {"a": 1, "b": 12.34, "c": 1.5, "d": True, "f": None, "g": '{"x": 1}'}

    for text, more in ((plain, {}), (f"{plain}, array[1, 2] h, '1.50'::money i", {"h": "[1, 2]", "i": "$1.50"})):
        row = rows(opened(tmp_path, f"{database}#select {text} where 'x%' like '%'"))[0]
        assert str(row.pop("e")) == "2026-01-02 00:00:00"
        assert row == first | more


def test_every_spelling_of_postgresql(tmp_path: Path, database: str) -> None:
    """With and without a driver; a schema before the table; the key's order where the table has another."""
    with psycopg.connect(database) as connection:
        connection.execute('create schema s; create table s.t ("Id" int); insert into s.t values (2), (1)')

    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        address = database.replace("postgresql", scheme, 1)
        assert rows(opened(tmp_path, f"{address}#s.t", ["Id"])) == [{"Id": 1}, {"Id": 2}]


def test_a_query_cannot_write(tmp_path: Path, database: str) -> None:
    """Reading is all that a source does."""
    filled(tmp_path / "x.db", "create table t (a int)")

    for text in ("sqlite:///x.db#delete from t", f"{database}#create table t (a int)"):
        with pytest.raises(InputError, match=r"(?i)read.?only"):
            opened(tmp_path, text)


def test_faults_are_told_without_a_password(tmp_path: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password, a missing table, a missing file, an unknown scheme, and a server that is down."""
    from postgres import GUARDED, PASSWORD

    guarded = postgres.address(user=GUARDED)
    wrong = guarded.replace("@", ":not-this-one@", 1)
    filled(tmp_path / "x.db", "create table customers (a int)")
    for text, message in {
        f"{wrong}#t": "password authentication failed",
        f"{guarded}#t": "no password supplied",
        "sqlite:///x.db#custmers": "no such table: custmers .did you mean 'customers'",
        "sqlite:///y.db#t": "there is no file y.db .did you mean 'x.db'",
        "sqlite:///x.db": "names no table",
        "nothing://x#t": "is no address that can be read",
    }.items():
        with pytest.raises(InputError, match=message) as caught:
            opened(tmp_path, text)
        assert "not-this-one" not in str(caught.value)
        assert "\n" not in str(caught.value)

    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert rows(opened(tmp_path, f"{guarded}#select 1 as a")) == [{"a": 1}]
    postgres.stop()
    with pytest.raises(InputError, match="Connection refused"):
        opened(tmp_path, f"{wrong}#t")


def test_a_database_that_goes_down_in_the_middle(tmp_path: Path, postgres: Server, spools: Path) -> None:
    """One line that says so, and nothing is left behind."""
    database = postgres.fresh()
    threading.Timer(0.7, postgres.stop).start()

    with pytest.raises(InputError, match="broke off after .* rows .*start the job again"):
        opened(tmp_path, f"{database}#select i, pg_sleep(0.0001)::text as x from generate_series(1, 1000000) i")

    assert not list(spools.iterdir())


def test_a_query_that_is_given_up_lets_go_of_the_server(
    tmp_path: Path, postgres: Server, spools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its rows find no room while the server still sends, the connection is closed before the error is told."""
    database = postgres.fresh()

    def full(self: Spool) -> None:
        raise self._full(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(Spool, "_flush", full)
    with pytest.raises(InputError, match="is full after .* rows of the query") as caught:
        opened(tmp_path, f"{database}#select i, repeat('x', 1000) as x from generate_series(1, 200000) i")

    assert sessions(database) == 0, caught.traceback  # which holds what was at work
    assert not list(spools.iterdir())


def test_what_a_killed_process_left_is_removed(tmp_path: Path, spools: Path) -> None:
    """By the next one that makes a spool; that of a living process stays."""
    make = "from mlgen_runtime.data.source.spool import Spool; Spool()"
    killed = run_code(f"import os, signal; {make}; os.kill(os.getpid(), signal.SIGKILL)", TMPDIR=str(spools))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (left,) = spools.iterdir()
    left.rename(left.with_name(f"{left.name[:-2]}_x"))  # what is random about a name may hold any sign of it
    filled(tmp_path / "x.db", "create table t as select 1 as a")

    living = opened(tmp_path, "sqlite:///x.db#t")
    other = opened(tmp_path, "sqlite:///x.db#t")

    assert len(list(spools.iterdir())) == 2
    assert rows(living) == rows(other) == [{"a": 1}]


def test_versions_of_a_delta_table(tmp_path: Path) -> None:
    """The latest or the one that is named; columns that a file lacks are missing, those of its folder are there."""
    place = tmp_path / "d"
    write_deltalake(place, pa.table({"a": [1, 2], "p": ["ü /=%", "z"]}), partition_by=["p"])
    write_deltalake(place, pa.table({"a": [3], "p": ["z"], "n": [1.5]}), mode="append", schema_mode="merge")

    old, new = opened(tmp_path, "delta://d@0"), opened(tmp_path, "delta://d")

    assert (old.described, old.rows, new.described, new.rows) == ("delta://d@0", 2, "delta://d@1", 3)
    assert sorted(map(str, rows(old))) == ["{'a': 1, 'p': 'ü /=%'}", "{'a': 2, 'p': 'z'}"]
    assert {row["a"]: (row["p"], row["n"]) for row in rows(new)} == {1: ("ü /=%", None), 2: ("z", None), 3: ("z", 1.5)}
    assert rows(new, 1, after=1) == rows(new)[1:]
    assert len({old.fingerprint(), new.fingerprint()}) == 2
    with pytest.raises(InputError, match="has no version 7; it has 0 to 1"):
        opened(tmp_path, "delta://d@7")
    with pytest.raises(InputError, match="there is no Delta table in e"):
        opened(tmp_path, "delta://e")
    with pytest.raises(InputError, match="is a Delta table; set batch.input=delta://d"):
        opened(tmp_path, "d")
