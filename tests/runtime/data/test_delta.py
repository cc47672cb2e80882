"""Versions of a Delta table: written, read as they were, and an old run made again."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from mlgen_runtime import contract
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data import tables
from mlgen_runtime.data.delta import table
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.resolve import resolve
from sample_projects import copied, rendered

TABLE = "data.path=delta://data/table"
QUICK = "+experiment=quick"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project that keeps versions."""
    return copied(rendered("tabular", "delta"), tmp_path / "project")


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project, which is the current folder."""
    monkeypatch.chdir(project)
    return project


def rows(root: Path, path: str, version: str | None = None) -> pd.DataFrame:
    """The rows of a path, as the project reads them."""
    return tables.read(path, load([], root).data, root, version)


def report(verb: str) -> dict[str, Any]:
    """What a verb wrote to reports/."""
    found: dict[str, Any] = json.loads((Path("reports") / f"{verb}.json").read_text("utf8"))
    return found


def fewer(root: Path, name: str = "fewer.csv") -> Path:
    """The sample without its first rows, as another file."""
    lines = (root / "data" / "sample.csv").read_text("utf8").splitlines(keepends=True)
    (root / "data" / name).write_text("".join(lines[:1] + lines[40:]), "utf8")
    return root / "data" / name


def reword(file: Path) -> None:
    """Change what a contract says."""
    known = contract.load(file, VOCABULARY)
    columns = tuple(dataclasses.replace(column, unit="furlong") for column in known.columns)
    contract.dump(dataclasses.replace(known, columns=columns), file)


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a command is refused with."""
    capsys.readouterr()
    assert main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_an_old_run_is_made_again_to_the_bit(here: Path) -> None:
    """Trained at the old version, after the data and the contract changed: the same models, files and figures."""
    assert main(["snapshot"]) == 0
    assert main(["train", TABLE, QUICK, "bundle.store=first"]) == 0
    first = report("train")
    assert main(["snapshot"]) == 0  # the same rows, and the contract that there is by now
    fewer(here)
    assert main(["snapshot", "data.path=data/fewer.csv"]) == 0
    assert main(["train", TABLE, QUICK, "bundle.store=second"]) == 0
    second = report("train")
    reword(Path("data/contract.yaml"))

    assert main(["train", TABLE, QUICK, "data.version=1", "bundle.store=again"]) == 0

    again = report("train")
    made = [[entrant["sha256"] for entrant in run["entrants"]] for run in (first, second, again)]
    assert made[0] == made[2] != made[1]
    assert [run["data"]["version"] for run in (first, second, again)] == ["0", "2", "1"]
    assert first["data"]["fingerprint"] == again["data"]["fingerprint"] != second["data"]["fingerprint"]
    assert first["details"] == again["details"] and first["decision"] == again["decision"]
    files = [bundle.read_json(here / run["bundle"], bundle.MANIFEST)["files"] for run in (first, again)]
    assert {name for name in files[0] | files[1] if files[0].get(name) != files[1].get(name)} == {"lineage.json"}


def test_a_table_gives_the_rows_of_its_file(here: Path) -> None:
    """Text stays text: the same cells, the same fingerprint, and nothing to do a second time."""
    assert main(["snapshot"]) == 0
    assert main(["snapshot"]) == 0

    assert report("snapshot")["new"] is False
    assert tables.fingerprint(rows(here, "delta://data/table")) == tables.fingerprint(rows(here, "data/sample.csv"))
    assert table.versions(here / "data" / "table") == [0]


def test_each_version_can_be_read(here: Path) -> None:
    """By its number, in the path or apart, and as it was at a moment."""
    fewer(here)
    main(["snapshot"])
    main(["snapshot", "data.path=data/fewer.csv"])
    moments = [commit["timestamp"] for _, commit in sorted(table.commits(DeltaTable("data/table")).items())]
    before = pd.Timestamp(moments[1] - 1, unit="ms", tz="UTC").isoformat()
    all_rows, last = len(rows(here, "data/sample.csv")), len(rows(here, "data/fewer.csv"))

    found = [
        len(rows(here, "delta://data/table")),
        len(rows(here, "delta://data/table@0")),
        len(rows(here, "delta://data/table", "0")),
        len(rows(here, "delta://data/table", before)),
        len(rows(here, f"delta://data/table@{pd.Timestamp(moments[1], unit='ms').isoformat()}")),
    ]

    assert found == [last, all_rows, all_rows, all_rows, last]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ([TABLE, "data.version=7"], ["no version 7", "it has 0 alone"]),
        (["data.path=delta://data/table@7"], ["no version 7"]),
        (["data.path=delta://data/table@0", "data.version=1"], ["data.version=1", "names version 0"]),
        ([TABLE, "data.version=v1"], ["data.version=v1", "neither a version nor a moment", "0 alone"]),
        ([TABLE, "data.version=2001-01-01"], ["had no version yet", "its first is of 20"]),
        (["data.path=delta://data/tabel"], ["no Delta table in data/tabel", "snapshot"]),
        (["data.path=delta://"], ["names no folder"]),
        (["data.version=0"], ["data/sample.csv is none", "data.path=delta://FOLDER"]),
    ],
)
def test_a_version_that_is_not_there_is_refused(
    changed: list[str], words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line that names what is there; nothing is written."""
    main(["snapshot"])

    line = refused(capsys, "train", *changed)

    assert [word for word in words if word not in line] == [], line
    assert not Path("bundles").exists()


def test_rows_join_those_that_are_there(here: Path) -> None:
    """In append mode: after them, in the order in which they were written, and never twice."""
    fewer(here)
    main(["snapshot"])

    for _ in range(2):
        assert main(["snapshot", "data.path=data/fewer.csv", "delta.mode=append"]) == 0

    both = pd.concat([rows(here, "data/sample.csv"), rows(here, "data/fewer.csv")], ignore_index=True)
    pd.testing.assert_frame_equal(rows(here, "delta://data/table"), both)
    assert report("snapshot")["new"] is False and table.versions(here / "data" / "table") == [0, 1]


def test_a_dry_run_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which version there would be."""
    assert main(["snapshot", "--dry-run"]) == 0

    assert "would be version 0" in capsys.readouterr().out
    assert not Path("data/table").exists()


def test_the_table_is_no_source_of_itself(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An earlier version is: it becomes the latest again."""
    fewer(here)
    main(["snapshot"])
    main(["snapshot", "data.path=data/fewer.csv"])

    assert "is the table itself" in refused(capsys, "snapshot", TABLE)
    assert main(["snapshot", TABLE, "data.version=0"]) == 0

    assert len(rows(here, "delta://data/table", "2")) == len(rows(here, "data/sample.csv"))


def test_a_contract_that_changed_is_a_version_of_the_same_rows(here: Path) -> None:
    """Each version has the contract that it was written with."""
    config = load(["contract.path=data/contract.yaml"], here)
    resolve(config).save()
    main(["snapshot"])
    then = Path("data/contract.yaml").read_text("utf8")
    reword(Path("data/contract.yaml"))

    main(["snapshot"])

    kept = [table.commits(DeltaTable("data/table"))[number]["snapshot.contract"] for number in (0, 1)]
    assert kept == [then, Path("data/contract.yaml").read_text("utf8")] and kept[0] != kept[1]
    assert len(DeltaTable("data/table").file_uris()) == 1


@pytest.fixture
def typed(here: Path) -> Path:
    """A table that somebody else wrote, with types."""
    place = here / "data" / "table"
    known = pa.table({"n": pa.array([1], pa.int32()), "x": [1.5], "day": pa.array([0], pa.date32()), "s": ["a"]})
    write_deltalake(place, known)
    return place


def test_text_becomes_what_the_table_holds(typed: Path, here: Path) -> None:
    """Rows of a CSV that join a typed table."""
    (here / "more.csv").write_text("s,day,x,n\n007,2026-01-31,2.50,2\n,,,3\n", "utf8")

    assert main(["snapshot", "data.path=more.csv", "delta.mode=append"]) == 0

    found = DeltaTable(typed).to_pyarrow_table().sort_by("n").to_pydict()
    assert found["n"] == [1, 2, 3] and found["x"] == [1.5, 2.5, None] and found["s"] == ["a", "007", None]
    assert str(found["day"][1]) == "2026-01-31"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n,x,day,s\nmany,1,2026-01-31,a\n", ["'n'", "int32", "many"]),
        ("n,x,day,s\n1.5,1,2026-01-31,a\n", ["'n'", "int32"]),
        ("n,x,day,s\n1,1,31.01.2026,a\n", ["'day'", "date32"]),
        ("n,x,day\n1,1,2026-01-31\n", ["more.csv has no column 's'", "delta.mode=overwrite"]),
        ("n,x,day,s,more\n1,1,2026-01-31,a,b\n", ["the table has no column 'more'", "delta.mode=overwrite"]),
    ],
)
def test_rows_that_do_not_fit_a_table_are_refused(
    text: str, words: list[str], typed: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Naming the column; nothing is written."""
    (here / "more.csv").write_text(text, "utf8")

    line = refused(capsys, "snapshot", "data.path=more.csv", "delta.mode=append")

    assert [word for word in words if word not in line] == [], line
    assert table.versions(typed) == [0]


def test_numbers_do_not_join_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1.50 and 1.5 are one number and two texts, so which text it was could not be told."""
    (here / "one.csv").write_text("n\n1.50\n", "utf8")
    pd.DataFrame({"n": [1.5]}).to_parquet(here / "two.parquet")
    main(["snapshot", "data.path=one.csv"])

    assert "the table has text" in refused(capsys, "snapshot", "data.path=two.parquet", "delta.mode=append")


def test_odd_columns_are_kept_or_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A column without a value, names with blanks and signs, categories; but no times of day."""
    frame = pd.DataFrame({"all empty": [None, None], "a;b,c {}": ["x", "y"], "kind": pd.Categorical(["u", "v"])})
    frame.to_parquet(here / "odd.parquet")
    frame.assign(at=[pd.Timestamp("2026-01-31 06:00").time()] * 2).to_parquet(here / "time.parquet")

    assert main(["snapshot", "data.path=odd.parquet"]) == 0
    line = refused(capsys, "snapshot", "data.path=time.parquet")

    found = rows(here, "delta://data/table")
    assert found["kind"].tolist() == ["u", "v"] and found["a;b,c {}"].tolist() == ["x", "y"]
    assert found["all empty"].isna().all()
    assert "'at'" in line and "time64" in line


def test_a_table_with_deleted_rows_is_read_in_one_order(here: Path) -> None:
    """Where only the engine can tell which rows are left, they come sorted."""
    place = here / "data" / "marked"
    marks = {"delta.enableDeletionVectors": "true"}
    write_deltalake(place, pa.table({"n": list(range(5000, 0, -1))}), configuration=marks)
    DeltaTable(place).delete("n > 4990")

    found = rows(here, "delta://data/marked")

    assert found["n"].tolist() == list(range(1, 4991))


def test_a_version_whose_files_are_gone_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a vacuum the later versions are still there."""
    fewer(here)
    main(["snapshot"])
    main(["snapshot", "data.path=data/fewer.csv"])
    DeltaTable("data/table").vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    assert "a vacuum" in refused(capsys, "train", TABLE, "data.version=0")
    assert len(rows(here, "delta://data/table")) == len(rows(here, "data/fewer.csv"))


def test_a_broken_table_is_told_in_one_line(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is no log."""
    main(["snapshot"])
    (here / "data" / "table" / "_delta_log" / "00000000000000000000.json").write_text("{", "utf8")

    assert "cannot be read" in refused(capsys, "contract", TABLE)
    with pytest.raises(InputError, match="no Delta table"):
        table.at(shutil.copytree(here / "conf", here / "other"), "other", None)
