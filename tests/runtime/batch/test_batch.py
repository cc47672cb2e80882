"""`batch`: what is in a table after a run, after the same command again, and after another run."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from batch_runs import answers, broken_rows, few, keyed, needs_rows, quarantine, score, small
from mlgen_runtime.batch import job
from mlgen_runtime.batch.sink import open_sink
from mlgen_runtime.batch.sink.folder import Folder
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import batch_scoring
from mlgen_runtime.usecase import loading, registry
from mlgen_runtime.usecase.configuration import load

pytest_plugins = ["postgres"]
#: This module runs in each use case.
EACH_USE_CASE = True

SINKS = ("sqlite", "postgresql", "folder", "file", "delta")
DATABASES = SINKS[:2]
rows_only = pytest.mark.only_in("tabular")


@pytest.fixture
def root(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained project, which is the current folder too, with a few rows to score."""
    monkeypatch.chdir(trained)
    few(trained)
    return trained


@pytest.fixture(params=SINKS)
def sink(request: pytest.FixtureRequest) -> str:
    """An address of every kind."""
    if request.param == "postgresql":
        return f"{request.getfixturevalue('database')}#scores"
    places = {"sqlite": "sqlite:///p.db#scores", "folder": "out", "file": "one.parquet", "delta": "delta://table"}
    return places[request.param]


@pytest.fixture
def base(sink: str) -> str:
    """The sinks that look for keys."""
    if "sql" not in sink:
        pytest.skip("a folder looks for no keys")
    return sink


def frame(root: Path, address: str, done: job.Done) -> pd.DataFrame:
    """What a sink holds, by name."""
    names = [field.name for field in done.form.fields] + ["model_version", "run_id", "scored_at"]
    return pd.DataFrame(answers(root, address), columns=names)


def good(root: Path) -> str:
    """The few rows without those at fault, and the setting that names them."""
    if not needs_rows(root):
        return "batch.input=null"
    lines = (root / "few.csv").read_text("utf8").splitlines()
    first = {line.split(",")[0]: line for line in reversed(lines[1:]) if not line.startswith("x,")}
    (root / "good.csv").write_text("\n".join([lines[0], *sorted(first.values())]) + "\n", "utf8")
    return "batch.input=good.csv"


def test_answers_are_those_of_predict(root: Path, sink: str) -> None:
    """Every row is there once, under its key, equal to what `predict` says to the last digit, with model and run."""
    done = score(root, good(root), f"batch.output={sink}")

    told_by = load([*(["input=good.csv"] if needs_rows(root) else []), "output=told.parquet", *keyed(root)], root)
    registry.of(told_by).prediction.score_file(told_by)
    told, found = pd.read_parquet("told.parquet"), frame(root, sink, done)
    keys = [name for name in done.form.key if name in told]
    for name in keys:
        if done.form.fields[done.form.key.index(name)].kind == "moment":
            told[name], found[name] = pd.to_datetime(told[name]), pd.to_datetime(found[name])
    told, found = (each.sort_values(keys, ignore_index=True) for each in (told, found))
    assert len(found) == len(told) == done.standing.written
    for name in told:
        np.testing.assert_array_equal(found[name].to_numpy(), told[name].to_numpy(), err_msg=name)
    assert set(found["model_version"]) == {"1"} and set(found["run_id"]) == {done.run.id}
    assert found["scored_at"].nunique() == 1


@rows_only
def test_files_hold_rows_in_their_order(root: Path) -> None:
    """In files, rows stand as they stood in the source; without a key they are known by their number."""
    score(root, "batch.output=out", "data.key=[]", "batch.threads=3", "batch.chunk=4")

    found = [row[0] for row in answers(root, "out")]
    assert found == [number for number in range(1, 54) if number not in broken_rows(root)]


def test_the_definition_is_the_contracts(root: Path) -> None:
    """The table's columns and key follow from the contract; the run belongs to the key where earlier ones are kept."""
    done = score(root, "batch.output=sqlite:///p.db")
    score(root, "batch.output=sqlite:///p.db#kept", "batch.history=true")

    connection = sqlite3.connect("p.db")
    types = {"text": "TEXT", "number": "REAL", "integer": "BIGINT", "boolean": "BOOLEAN", "moment": "TEXT"}
    found = {name: (kind, key) for _, name, kind, _, _, key in connection.execute("pragma table_info(predictions)")}
    for field in done.form.fields:
        place = done.form.key.index(field.name) + 1 if field.name in done.form.key else 0
        assert found[field.name] == (types[field.kind], place)
    keys = [name for _, name, _, _, _, key in connection.execute("pragma table_info(kept)") if key]
    assert set(keys) == {"run_id", *done.form.key}
    connection.close()


def test_the_same_command_again_does_nothing(root: Path, sink: str) -> None:
    """A run that is whole is found whole: not a row is written, and nothing in the table differs."""
    first = score(root, f"batch.output={sink}")
    before = answers(root, sink)

    second = score(root, f"batch.output={sink}")

    assert (first.already, second.already) == (False, True)
    assert second.run.id == first.run.id and second.standing == first.standing
    assert answers(root, sink) == before and len(quarantine(root, sink)) == first.standing.rejected


@pytest.mark.parametrize("history", [False, True])
def test_another_date_is_another_run(root: Path, sink: str, history: bool) -> None:
    """A run of another day takes the place of the first, or with batch.history=true stands beside it; the first one,
    run again, is back."""
    if history and sink.endswith(".parquet"):
        pytest.skip("a file holds one run")
    settings = [f"batch.output={sink}", f"batch.history={history}"]
    first = score(root, *settings)
    second = score(root, *settings, "batch.date=2026-02-01")

    def runs() -> set[str]:
        kept = answers(root, f"{sink}/run-{first.run.id}") if "://" not in sink and history else []
        kept += answers(root, f"{sink}/run-{second.run.id}") if kept else answers(root, sink)
        assert len(kept) == first.standing.written * (2 if history else 1)
        return {row[-2] for row in kept}

    assert runs() == ({first.run.id, second.run.id} if history else {second.run.id})
    again = score(root, *settings)
    assert runs() == ({first.run.id, second.run.id} if history else {first.run.id})
    assert (again.run.id, again.already) == (first.run.id, history)


def test_rows_that_were_deleted_come_back(root: Path, sink: str) -> None:
    """A run whose rows somebody took away is not whole any more: the same command puts them back, each once."""
    score(root, f"batch.output={sink}")
    before = sorted(row[:-1] for row in answers(root, sink))
    if sink.startswith("sqlite"):
        with sqlite3.connect("p.db") as connection:
            connection.execute("delete from scores")
    elif sink.startswith("postgresql"):
        import psycopg

        with psycopg.connect(sink.partition("#")[0]) as other:
            other.execute("delete from scores where ctid in (select ctid from scores limit 3)")
    elif sink.endswith(".parquet"):
        Path(sink).unlink()
    elif sink == "out":
        next(Path("out").glob("*.parquet")).unlink()
    else:
        from deltalake import DeltaTable

        DeltaTable("table").delete()

    assert not score(root, f"batch.output={sink}").already

    assert sorted(row[:-1] for row in answers(root, sink)) == before


@rows_only
def test_changed_content_is_another_run(root: Path, sink: str) -> None:
    """The same file with another row in it is scored anew, and the table has the new content's answers."""
    first = score(root, good(root), f"batch.output={sink}")
    lines = Path("good.csv").read_text("utf8").splitlines()
    Path("good.csv").write_text("\n".join([*lines, "z" + lines[1][1:]]) + "\n", "utf8")

    second = score(root, "batch.input=good.csv", f"batch.output={sink}")

    assert second.run.id != first.run.id
    assert len(answers(root, sink)) == first.standing.written + 1


def test_what_an_unfinished_run_left_goes_with_the_next(root: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the content changed before a stopped run was whole, its rows are no rows of the new run's table."""
    monkeypatch.setattr(batch_scoring, "GROUP", 1)
    with pytest.raises(InputError, match="break the contract"):
        score(root, f"batch.output={base}", "batch.max_rejected=0.001")
    left = answers(root, base)
    Path("few.csv").write_text(Path("few.csv").read_text("utf8") + "x\n", "utf8")

    done = score(root, f"batch.output={base}")

    assert left and {row[-2] for row in answers(root, base)} == {done.run.id}


def test_the_quarantine_says_which_rows_and_why(root: Path, sink: str) -> None:
    """Lines that are no rows are kept with their number and the reason, and the rest is scored."""
    done = score(root, f"batch.output={sink}")

    found = quarantine(root, sink)
    assert len(found) == done.standing.rejected
    assert [row[0] for row in found if "30 cells" in row[1]] == broken_rows(root)
    assert all(json.loads(row[2]) for row in found)


@rows_only
def test_a_doubled_key_counts_once(root: Path, base: str) -> None:
    """Of two rows with one key, in one portion or in two, the first is answered and the other one is in quarantine."""
    lines = Path("few.csv").read_text("utf8").splitlines()
    lines[5] = "c002" + lines[5][4:]  # c004 is called as c002, in the same portion
    Path("few.csv").write_text("\n".join(lines) + "\n", "utf8")

    done = score(root, f"batch.output={base}")
    over = score(root, f"batch.output={base}", "batch.date=2026-02-01")

    for run in (done, over):
        assert run.standing.read == run.standing.written + run.standing.rejected == 53
        assert run.reasons[job.DOUBLE] == 2
    doubles = {row[0]: row[1] for row in quarantine(root, base) if "the first one counts" in row[1]}
    assert sorted(doubles) == [5, 49] and "c001" in doubles[49] and "c002" in doubles[5]
    assert [row[0] for row in answers(root, base)].count("c001") == 1


@rows_only
def test_keys_that_cannot_be_kept_are_in_quarantine(root: Path, sink: str) -> None:
    """An empty key, and in a text key a NUL, which PostgreSQL cannot hold, cost their own row only."""
    lines = Path("few.csv").read_text("utf8").splitlines()
    lines[2], lines[3] = lines[2][4:], "\0" + lines[3]
    Path("few.csv").write_text("\n".join(lines) + "\n", "utf8")

    done = score(root, f"batch.output={sink}")

    reasons = {row[0]: row[1] for row in quarantine(root, sink)}
    assert "the key id is empty" in reasons[2] and "NUL" in reasons[3]
    assert done.standing.read == 53


@rows_only
def test_cells_are_held_to_the_contract(root: Path, sink: str) -> None:
    """A cell that cannot be read, and a gap where none is allowed, put their row in quarantine, which says why."""
    contract = loading.load_champion(load([], root)).contract
    number = next(column for column in contract.inputs if column.type in ("integer", "number"))
    table = pd.read_csv(good(root).partition("=")[2], dtype=str, keep_default_na=False)
    table.loc[4, number.name] = "many"
    table.to_csv("cells.csv", index=False)

    done = score(root, "batch.input=cells.csv", f"batch.output={sink}")

    assert done.standing.rejected == 1
    [(row, reason, record)] = quarantine(root, sink)
    assert (row, json.loads(record)[number.name]) == (5, "many")
    assert f"{number.name} holds 'many', expected" in reason


@rows_only
def test_several_columns_of_several_types_make_a_key(root: Path, sink: str) -> None:
    """Integers, moments to the microsecond and texts of a Parquet file are keys as they are, and come back so."""
    table = pd.read_csv(good(root).partition("=")[2], dtype=str, keep_default_na=False)
    table["number"] = np.arange(len(table)) % 7 + 2**40
    table["when"] = pd.Timestamp("2026-01-01T00:00:00.000001") + pd.to_timedelta(np.arange(len(table)) // 7, unit="us")
    table["when"] = table["when"].astype("datetime64[us]")
    table.to_parquet("keys.parquet", index=False)

    settings = ["batch.input=keys.parquet", f"batch.output={sink}", "data.key=[number,when]"]
    done = score(root, *settings)

    assert (done.standing.written, done.standing.rejected) == (len(table), 0)
    found = frame(root, sink, done)
    assert set(found["number"]) == set(table["number"])
    assert set(pd.to_datetime(found["when"], format="ISO8601")) == set(table["when"])
    assert score(root, *settings).already
    assert score(root, *settings, "batch.date=2026-02-02").standing.written == len(table)
    assert len(answers(root, sink)) == len(table)


def test_too_many_rejected_rows_stop_the_job(root: Path, sink: str, capsys: pytest.CaptureFixture[str]) -> None:
    """More than batch.max_rejected ends with exit 2 and the most frequent reason, as often as it is tried; a higher
    limit goes on from there."""
    settings = ["batch", *small(root), f"batch.output={sink}"]
    assert main([*settings, "batch.max_rejected=0.01"]) == 2
    said = capsys.readouterr().err
    assert "30 cells" in said and "batch.max_rejected=0.01" in said
    assert main([*settings, "batch.max_rejected=0.01"]) == 2

    assert main(settings) == 0

    report = json.loads(Path("reports/batch.json").read_text("utf8"))
    assert report["rows_rejected"] >= len(broken_rows(root))
    assert len(answers(root, sink)) == report["rows_written"]


def test_a_dry_run_writes_nothing(root: Path, sink: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It reads and checks all rows, and neither a file nor a table is there afterwards."""
    before = {path for path in root.rglob("*") if "reports" not in path.parts}

    assert main(["batch", *small(root), f"batch.output={sink}", "--dry-run"]) == 0

    assert "nothing written" in capsys.readouterr().err
    assert {path for path in root.rglob("*") if "reports" not in path.parts} == before
    if sink.startswith("postgresql"):
        import psycopg

        with psycopg.connect(sink.partition("#")[0]) as connection:
            assert connection.execute("select 1 from pg_tables where schemaname = 'public'").fetchone() is None


def test_a_dry_run_counts_what_a_run_writes(root: Path) -> None:
    """The rows or forecasts that it says can be written are as many as are written then."""
    dry = score(root, "batch.dry_run=true", "batch.output=out").standing
    done = score(root, "batch.output=out").standing

    assert dry.written > 0
    assert (dry.read, dry.written, dry.rejected) == (done.read, done.written, done.rejected)


def test_a_flag_belongs_to_its_verb(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--dry-run is short for a setting of batch, wherever it stands; other verbs know no such flag, and say which is
    near."""
    assert main(["--dry-run", "batch", *small(root)]) == 0
    assert "nothing written" in capsys.readouterr().err

    assert main(["predict", "--dry-run"]) == 2
    assert main(["batch", "--dryrun"]) == 2
    assert "did you mean '--dry-run'?" in capsys.readouterr().err


def test_a_second_run_is_refused_or_waits(root: Path, sink: str, capsys: pytest.CaptureFixture[str]) -> None:
    """While one run holds a sink, another ends with exit 2; with batch.wait=true it starts when the first is done."""
    settings = [*small(root), f"batch.output={sink}"]
    held = open_sink(sink, root, False)
    planned = score(root, "batch.dry_run=true", f"batch.output={sink}")

    with held.hold(planned.run, planned.form, False):
        assert main(["batch", *settings]) == 2
        assert "another run writes" in capsys.readouterr().err
        waiting = threading.Thread(target=lambda: ended.append(score(root, *settings, "batch.wait=true")))
        ended: list[job.Done] = []
        waiting.start()
        waiting.join(0.7)
        assert waiting.is_alive() and not ended
    held.close()
    waiting.join(60)

    assert ended[0].standing.finished and len(answers(root, sink)) == ended[0].standing.written


def test_kept_and_replaced_runs_are_not_mixed(root: Path, sink: str) -> None:
    """A table or folder whose runs replace each other does not take runs that are to be kept."""
    if sink.startswith("delta"):
        pytest.skip("a Delta table has versions")
    score(root, f"batch.output={sink}")

    with pytest.raises(InputError, match=r"batch\.history"):
        score(root, f"batch.output={sink}", "batch.history=true")


def test_kept_runs_are_read_as_one_table(root: Path) -> None:
    """The folders of several runs are one table to pandas."""
    done = score(root, "batch.output=out", "batch.history=true")
    score(root, "batch.output=out", "batch.history=true", "batch.date=2026-02-01")

    assert len(pd.read_parquet("out")) == 2 * done.standing.written


def test_fewer_larger_files_leave_none_of_the_old(root: Path) -> None:
    """A kept run that is written again with larger portions leaves no file of its first time."""
    settings = ["batch.output=out", "batch.history=true"]
    done = score(root, *settings, "batch.chunk=1")
    place = Path("out") / f"run-{done.run.id}"
    sorted(place.glob("*.parquet"))[0].unlink()

    score(root, *settings, "batch.chunk=1000")

    assert len(answers(root, f"out/run-{done.run.id}")) == done.standing.written


def test_a_folder_of_other_things_is_left_alone(root: Path) -> None:
    """A folder with foreign files, and a file, are refused by name."""
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("important", "utf8")

    for output, match in (("mine", r"notes\.txt"), ("few.csv", "ending"), ("delta://mine", "no Delta table")):
        with pytest.raises(InputError, match=match):
            score(root, f"batch.output={output}")
    assert Folder(root / "mine", "mine", False).path.is_dir()


def test_only_answers_are_replaced(root: Path) -> None:
    """A Parquet file that no batch has written stays as it is, and a plain file is no folder."""
    pd.DataFrame({"a": [1]}).to_parquet("mine.parquet")
    Path("notes").write_text("important", "utf8")

    for output, match in (("mine.parquet", "no batch has written it"), ("notes", "is a file")):
        with pytest.raises(InputError, match=match):
            score(root, f"batch.output={output}")

    assert list(pd.read_parquet("mine.parquet")) == ["a"]


@rows_only
def test_a_run_without_rows_is_a_file_with_columns(root: Path) -> None:
    """The file of a run that answered nothing has the columns of answers, and no row."""
    Path("none.csv").write_text(Path("few.csv").read_text("utf8").splitlines()[0] + "\n", "utf8")

    done = score(root, "batch.input=none.csv", "batch.output=one.parquet")

    found = pd.read_parquet("one.parquet")
    assert found.empty and list(found)[: len(done.form.fields)] == [field.name for field in done.form.fields]
