"""`batch` where something breaks: one line that says what, nothing lost; mended, the same command goes on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from batch_runs import answers, few, needs_rows, quarantine, run, score, small
from killing import Victims
from mlgen_runtime.batch.sink import sqlite
from mlgen_runtime.batch.sink.database import Database
from mlgen_runtime.batch.sink.folder import Folder
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import batch_scoring
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from postgres import PASSWORD, Server

pytest_plugins = ["postgres"]
#: This module runs in each use case.
EACH_USE_CASE = True
rows_only = pytest.mark.only_in("tabular")
series_only = pytest.mark.only_in("timeseries")
#: What a database or a disk does, it does whatever the rows are of.
once = rows_only


@pytest.fixture
def root(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained project, which is the current folder too, with a few rows to score in several portions."""
    monkeypatch.chdir(trained)
    monkeypatch.setattr(batch_scoring, "GROUP", 1)
    few(trained)
    return trained


class Caught:
    """A run of the command line: its exit code, and the lines on its standard error."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], *settings: str) -> None:
        capsys.readouterr()
        self.code = main(["batch", *small(root), *settings])
        self.said = capsys.readouterr().err
        self.lines = [line for line in self.said.splitlines() if line.strip()]


@pytest.fixture
def batch(root: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the verb."""
    return lambda *settings: Caught(root, capsys, *settings)


def before_writing(monkeypatch: pytest.MonkeyPatch, number: int, act: Any, of: type = Database) -> None:
    """Do something once, before the `number`-th portion is written."""
    calls = [0]
    write = of.write

    def counted(self: Any, portion: Any, to: Any) -> int:
        calls[0] += 1
        if calls[0] == number:
            act()
        done: int = write(self, portion, to)
        return done

    monkeypatch.setattr(of, "write", counted)


def refused(batch: Any, words: str, *settings: str) -> str:
    """Exit 2 and one line with these words."""
    ended = batch(*settings)
    assert ended.code == 2, ended.said
    assert len(ended.lines) == 1, ended.said
    assert words in ended.said
    return str(ended.said)


@once
def test_a_database_that_is_down_is_one_line(batch: Any, postgres: Server) -> None:
    """A server that does not answer is named, without a password."""
    address = postgres.address(user="guarded").replace("guarded@", f"guarded:{PASSWORD.replace(' ', '%20')}@")
    postgres.stop()

    said = refused(batch, "cannot be reached", f"batch.output={address}")

    assert "sesame" not in said and "127.0.0.1" in said
    assert "nothing was written" in said


@once
def test_a_wrong_password_is_one_line(batch: Any, postgres: Server) -> None:
    """What the server says of a password is shown, the password is not."""
    address = postgres.address(user="guarded").replace("guarded@", "guarded:sesame@")

    said = refused(batch, "password authentication failed", f"batch.output={address}")

    assert "sesame" not in said


def test_a_database_that_goes_away_is_gone_on_with(
    root: Path, batch: Any, postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that crashes in the middle stops the job with one line; up again, the same command ends it."""
    expected = score(root, f"batch.output={database}#undisturbed")
    with monkeypatch.context() as patch:
        before_writing(patch, 2, postgres.stop)
        refused(batch, "run the same command again", f"batch.output={database}")
    postgres.start()

    ended = batch(f"batch.output={database}")

    assert ended.code == 0
    assert "by an earlier process" in ended.said or not needs_rows(root)
    found, wanted = answers(root, database), answers(root, f"{database}#undisturbed")
    assert [row[:-1] for row in found] == [row[:-1] for row in wanted] and len(found) == expected.standing.written
    assert len(quarantine(root, database)) == expected.standing.rejected


@once
def test_a_commit_that_arrives_late_is_waited_for(root: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portion that a killed process had sent off, and that the server commits after the next process has begun, is
    not written twice."""
    import psycopg

    expected = score(root, f"batch.output={database}#undisturbed")

    def broken() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        before_writing(patch, 3, broken)
        with pytest.raises(KeyboardInterrupt):
            score(root, f"batch.output={database}")
    late = psycopg.connect(database)
    # what is under way still: the second portion, as if it had not been committed yet
    mark, read, written, rejected = late.execute(
        "select mark, rows_read, rows_written, rows_rejected from predictions_runs"
    ).fetchall()[0]
    held = late.execute("select * from predictions").fetchall()
    with psycopg.connect(database) as earlier:
        earlier.execute("delete from predictions")
        earlier.execute("update predictions_runs set mark = 0, rows_read = 0, rows_written = 0, rows_rejected = 0")
    late.rollback()
    places = ", ".join(["%s"] * len(held[0]))
    late.cursor().executemany(f"insert into predictions values ({places})", held)
    late.execute(
        "update predictions_runs set mark = %s, rows_read = %s, rows_written = %s, rows_rejected = %s",
        (mark, read, written, rejected),
    )
    committing = threading.Timer(1.0, late.commit)
    committing.start()

    done = score(root, f"batch.output={database}")
    committing.join()
    late.close()

    assert done.standing.written == expected.standing.written
    assert [row[:-1] for row in answers(root, database)] == [
        row[:-1] for row in answers(root, f"{database}#undisturbed")
    ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_column_that_is_renamed_under_a_job(
    root: Path, batch: Any, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose table changes under it stops with one line, and so does the next one; put back, it goes on."""
    output = "sqlite:///p.db" if kind == "sqlite" else request.getfixturevalue("database")
    expected = score(root, f"batch.output={output}#undisturbed")

    def rename(old: str, new: str) -> None:
        statement = f"alter table predictions rename column {old} to {new}"
        if kind == "sqlite":
            connection = sqlite3.connect("p.db")
            connection.execute(statement)
            connection.commit()
            connection.close()
        else:
            import psycopg

            with psycopg.connect(output) as other:
                other.execute(statement)

    with monkeypatch.context() as patch:
        before_writing(patch, 2, lambda: rename("prediction", "guess"))
        refused(batch, "prediction", f"batch.output={output}")
    refused(batch, "has no column prediction", f"batch.output={output}")
    rename("guess", "prediction")

    assert batch(f"batch.output={output}").code == 0
    assert len(answers(root, output)) == expected.standing.written


def test_tables_that_hold_something_else_are_refused(root: Path, batch: Any, database: str) -> None:
    """A table with other columns, another key or another type is named with what is expected, and is not changed."""
    import psycopg

    done = score(root, f"batch.output={database}#right")
    key = done.form.key[0]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create table other (name text)")
        connection.execute('create table keyless as select * from "right"')
        connection.execute('create table narrow (like "right" including all)')
        figure = next(field.name for field in done.form.fields if field.kind == "number")
        connection.execute(f'alter table narrow alter column "{figure}" type real')
        connection.execute('create table worded (like "right" including all)')
        connection.execute(f'alter table worded alter column "{figure}" type text')
        connection.execute("create view seen as select 1 as one")

    refused(batch, "no column", f"batch.output={database}#other")
    assert key in refused(batch, "has the key (none)", f"batch.output={database}#keyless")
    assert figure in refused(batch, "REAL", f"batch.output={database}#narrow")
    assert figure in refused(batch, "TEXT", f"batch.output={database}#worded")
    refused(batch, "no_schema", f"batch.output={database}#no_schema.predictions")


@once
def test_names_that_need_quotes_are_names(root: Path, database: str) -> None:
    """Tables may be called anything: capitals, blanks, per cent, quotation marks."""
    for output in (f'{database}#Per % "cent"', 'sqlite:///p.db#Per % "cent"'):
        for day in ("2026-01-01", "2026-01-02"):
            done = score(root, f"batch.output='{output}'", f"batch.date={day}")
            assert done.standing.finished and not done.already


@once
def test_one_table_by_two_names_has_one_lock(root: Path, database: str) -> None:
    """`predictions` and `public.predictions` are the same table, so the second run is refused."""
    from mlgen_runtime.batch.sink import open_sink

    done = score(root, f"batch.output={database}")
    held = open_sink(f"{database}#public.predictions", root, False)

    with held.hold(done.run, done.form, False), pytest.raises(InputError, match="another run writes"):
        score(root, f"batch.output={database}", "batch.date=2026-02-02")
    held.close()


@once
@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("mysql://me@host/db", "is no sink"),
        ("sqlite://p.db", "names no file"),
        ("sqlite:///none/p.db", "there is no folder"),
        ("sqlite:///data", "is a folder"),
        ("sqlite:///few.csv", "is not a database"),
        ("postgresql://me:secret@host:port/db", "no address"),
        ("'postgresql://127.0.0.1:1/db?user=me&password=secret'", "cannot be reached"),
        ("few.csv/out", "cannot be written"),
        ("delta://few.csv", "is a file"),
        ("", "names no place"),
        (".", "names no place"),
    ],
)
def test_places_that_cannot_be_written_are_named(batch: Any, output: str, words: str) -> None:
    """An address that leads nowhere is one line with what is expected."""
    assert "secret" not in refused(batch, words, f"batch.output={output}")


def holding(seconds: float) -> subprocess.Popen[bytes]:
    """Another process, which holds p.db for itself as long: locks of SQLite are between processes."""
    script = (
        "import sqlite3, time; other = sqlite3.connect('p.db'); other.execute('begin exclusive'); "
        f"print(flush=True); time.sleep({seconds})"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


@once
def test_another_writer_is_waited_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file that another program holds for a moment is written when it lets go."""
    expected = score(root, "batch.output=sqlite:///p.db#undisturbed")
    others: list[subprocess.Popen[bytes]] = []
    before_writing(monkeypatch, 2, lambda: others.append(holding(1.0)))
    done = score(root, "batch.output=sqlite:///p.db", "batch.chunk=10")
    assert others[0].wait() == 0

    assert done.standing.written == expected.standing.written


@once
def test_another_writer_that_stays_is_named(root: Path, batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file that stays locked ends the job with one line, and the same command goes on once it is free."""
    monkeypatch.setattr(sqlite, "PATIENCE", 200)
    others: list[subprocess.Popen[bytes]] = []
    with monkeypatch.context() as patch:
        before_writing(patch, 2, lambda: others.append(holding(60)))
        refused(batch, "locked", "batch.output=sqlite:///p.db")
        refused(batch, "locked", "batch.output=sqlite:///p.db")
    others[0].kill()
    others[0].wait()

    assert batch("batch.output=sqlite:///p.db").code == 0


@once
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_two_tables_of_one_file_are_written_at_once(root: Path, mode: str) -> None:
    """Two runs into two tables of one SQLite file take turns, whichever way the file keeps its journal."""
    connection = sqlite3.connect("p.db")
    connection.execute(f"pragma journal_mode={mode}")
    connection.close()
    ended: dict[str, list[int]] = {}

    def one(table: str, victims: Victims) -> None:
        settings = [f"batch.output=sqlite:///p.db#{table}", "batch.chunk=1"]
        # the second run replaces rows: it reads before it writes
        ended[table] = [victims.run(0, *settings, f"batch.date={day}") for day in ("2026-01-01", "2026-01-02")]

    both = [(table, Victims(root)) for table in ("a", "b")]
    threads = [threading.Thread(target=one, args=each) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, victims in both:
        victims.close()

    assert ended == {"a": [0, 0], "b": [0, 0]}
    one_table, other_table = (answers(root, f"sqlite:///p.db#{table}") for table in ("a", "b"))
    assert [row[:-2] for row in one_table] == [row[:-2] for row in other_table]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A very small disk."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode or not sys.platform.startswith("linux"):
        pytest.skip("only root of a Linux machine can make a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.parametrize("address", ["sqlite:///{}/p.db", "{}/out", "delta://{}/table"])
def test_a_full_disk_loses_nothing(root: Path, batch: Any, disk: Path, address: str) -> None:
    """A disk that fills up ends the job with one line; with room again, the same command ends with the whole table."""
    address = address.format(disk)
    (disk / "ballast").write_bytes(b"0" * 148_000)
    refused(batch, "cannot be written" if "sqlite" not in address else "full", f"batch.output={address}")
    (disk / "ballast").unlink()

    assert batch(f"batch.output={address}").code == 0

    expected = score(root, f"batch.output={address.replace(str(disk), str(root))}")
    assert len(answers(root, address)) == expected.standing.written


@rows_only
def test_a_full_disk_for_a_query_is_one_line(batch: Any, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a query are kept on the disk for temporary files; where it is full, that one is named, and left."""
    connection = sqlite3.connect("s.db")
    connection.execute("create table source (id integer)")
    connection.executemany("insert into source values (?)", [(number,) for number in range(200)])
    connection.commit()
    connection.close()
    monkeypatch.setattr(tempfile, "tempdir", str(disk))

    query = "'sqlite:///s.db#select id, hex(randomblob(4000)) as wide from source'"
    refused(batch, "is full", f"batch.input={query}", "batch.output=sqlite:///p.db")

    assert not list(disk.iterdir()) and not Path("p.db").exists()


@rows_only
def test_source_and_sink_may_be_one_file(root: Path) -> None:
    """Rows of a table go into another table of the same SQLite file, and a source that changes meanwhile does not
    matter: it was read in one go."""
    import pandas as pd

    table = pd.read_csv("few.csv", dtype=str, on_bad_lines="skip").drop_duplicates("id")
    connection = sqlite3.connect("p.db")
    table.to_sql("source", connection, index=False)
    connection.close()

    done = score(root, "batch.input=sqlite:///p.db#source", "batch.output=sqlite:///p.db#scores")

    assert done.standing.written == len(answers(root, "sqlite:///p.db#scores")) == len(table)


@rows_only
def test_a_source_that_loses_a_column_is_refused(root: Path, batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of the source that is renamed while a job is at work does not disturb it: it has read all. The next one
    names the column."""
    import pandas as pd

    table = pd.read_csv("few.csv", dtype=str, on_bad_lines="skip").drop_duplicates("id")
    connection = sqlite3.connect("s.db", check_same_thread=False)
    table.to_sql("source", connection, index=False)
    name = table.columns[4]
    settings = ["batch.input=sqlite:///s.db#source", "batch.output=sqlite:///p.db"]
    with monkeypatch.context() as patch:
        before_writing(patch, 2, lambda: connection.execute(f'alter table source rename column "{name}" to gone'))
        assert batch(*settings).code == 0
    connection.close()

    refused(batch, name, *settings)


@rows_only
@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"\n", "empty"), (b"a,b\n1,2\n", "lack"), (b"\xff\xfea\x00,\x00", "lack")],
)
def test_files_without_rows_to_score_are_named(batch: Any, content: bytes, words: str) -> None:
    """An empty file, one of other columns and one of another encoding are one line each, and no table is made."""
    Path("bad.csv").write_bytes(content)

    refused(batch, words, "batch.input=bad.csv", "batch.output=sqlite:///p.db")

    assert not Path("p.db").exists()


@series_only
def test_newer_values_under_another_name_are_named(root: Path, batch: Any) -> None:
    """Rows without the target and without a covariate would change no forecast, and nobody would notice."""
    contract = load_champion(load([], root)).contract
    notes = [contract.target.name, *(each.name for each in contract.columns if each.role in ("past", "known_future"))]
    lines = Path("data/sample.csv").read_text("utf8").splitlines()
    header = ",".join(f"{name}s" if name in notes else name for name in lines[0].split(","))
    Path("renamed.csv").write_text("\n".join([header, *lines[1:20]]) + "\n", "utf8")

    said = refused(batch, "bring nothing new", "batch.input=renamed.csv", "batch.output=sqlite:///p.db")

    assert f"did you mean '{notes[0]}s'" in said and not Path("p.db").exists()


@rows_only
@pytest.mark.parametrize("output", ["sqlite:///p.db", "out", "delta://table"])
def test_no_rows_are_an_empty_table(root: Path, batch: Any, output: str) -> None:
    """A header without rows, and a query that finds none, end well with an empty table; the same again is done."""
    header = Path("few.csv").read_text("utf8").splitlines()[0]
    Path("none.csv").write_text(header + "\n", "utf8")
    connection = sqlite3.connect("s.db")
    connection.execute(f"create table source ({', '.join(name + ' text' for name in header.split(','))})")
    connection.close()

    for source in ("none.csv", "'sqlite:///s.db#select * from source where 1 = 0'"):
        ended = batch(f"batch.input={source}", f"batch.output={output}")
        assert ended.code == 0, ended.said
        assert answers(root, output) == []
        assert "already" in batch(f"batch.input={source}", f"batch.output={output}").said


def test_an_empty_input_is_not_the_default_one(batch: Any) -> None:
    """`batch.input=$ROWS` of a script that forgot to set ROWS scores nothing."""
    refused(batch, "batch.input is not set", "batch.input=")


@rows_only
def test_bytes_of_another_encoding_cost_their_rows(root: Path, batch: Any) -> None:
    """In a file of mixed encodings, the rows that cannot be read are in quarantine, and the others are scored."""
    lines = Path("few.csv").read_bytes().splitlines()
    lines[3] = b"\xe9" + lines[3]
    Path("mixed.csv").write_bytes(b"\n".join(lines))

    assert batch("batch.input=mixed.csv", "batch.output=sqlite:///p.db").code == 0

    reasons = {row[0]: row[1] for row in quarantine(root, "sqlite:///p.db")}
    assert "byte 0xe9 is not utf-8" in reasons[3]


@once
def test_a_folder_without_rights_is_one_line(root: Path, batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder or a database file in a folder that may not be written is named."""

    mkdir, opened = Path.mkdir, Path.open

    def denied(place: Path, call: Any, *given: Any, **named: Any) -> Any:
        if place.name in ("out", ".table-batch") or place.suffix == ".lock":
            raise PermissionError(13, "Permission denied")
        return call(place, *given, **named)

    monkeypatch.setattr(Path, "mkdir", lambda place, *given, **named: denied(place, mkdir, *given, **named))
    monkeypatch.setattr(Path, "open", lambda place, *given, **named: denied(place, opened, *given, **named))
    for output in ("out", "delta://table", "sqlite:///p.db"):
        refused(batch, "Permission denied", f"batch.output={output}")


def test_ctrl_c_leaves_a_run_to_go_on_with(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job stopped by hand in the middle ends with 130, and the same command goes on."""

    def stop() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        before_writing(patch, 2, stop, Folder)
        assert main(["batch", *small(root), "batch.output=out"]) == 130

    done = score(root, "batch.output=out")
    assert done.standing.written == len(answers(root, "out")) and not done.already
    with suppress(FileNotFoundError):
        shutil.rmtree("out")
    assert run(load([*small(root), "batch.output=out"], root)).standing.finished
