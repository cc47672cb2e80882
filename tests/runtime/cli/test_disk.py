"""A full disk and folders that may not be written: one line, exit 2, no trace, nothing half written."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest
from constrained import run, tree
from mlgen_runtime.core import disk
from mlgen_runtime.core.errors import InputError
from sample_projects import VERB, environment

#: Verbs that write, with settings that make them do so.
WRITING = {
    "train": ("+experiment=quick",),
    "contract": ("contract.write=true",),
    "predict": ("input=data/sample.csv", "output=predictions.csv"),
    "batch": ("batch.input=data/sample.csv", "batch.output=scored.parquet", "log.batch_rows=0"),
    "export": (),
    "monitor": ("monitor.track=false",),
    "retrain": ("retrain.when=always",),
}


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    """Exit 2 and one line that says so, whatever was printed before."""
    assert done.returncode == 2, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr[-3000:]
    for words in said:
        assert words in lines[0]


@pytest.mark.parametrize("verb", WRITING)
def test_a_report_that_cannot_be_written_is_found_before_the_work(trained: Path, verb: str) -> None:
    """Nothing is read, trained or scored for nothing: the folder is named, and everything stays as it was."""
    (trained / "reports").mkdir(exist_ok=True)
    before = tree(trained)

    done = run(trained, verb, *WRITING[verb], unwritable=trained / "reports")

    refused(done, "reports cannot be written: Permission denied", "write elsewhere")
    assert tree(trained) == before


@pytest.mark.parametrize("folder", ["bundles", "."])
def test_a_store_that_cannot_be_written_is_found_before_the_fits(trained: Path, folder: str) -> None:
    """The store of bundles, and the folder of MLflow's database."""
    (trained / "reports").mkdir(exist_ok=True)
    before = tree(trained)

    done = run(trained, "train", "+experiment=quick", unwritable=trained / folder)

    refused(done, "cannot be written: Permission denied")
    assert "fit " not in done.stdout
    assert tree(trained) == before


@pytest.mark.parametrize("output", ["out/predictions.csv", "out/predictions.parquet", "out/predictions.jsonl"])
def test_an_output_that_cannot_be_written_is_named(trained: Path, output: str) -> None:
    """By the name that was given, not by the one under which it is written until it is whole."""
    done = run(trained, "predict", "input=data/sample.csv", f"output={output}", unwritable=trained / "out")

    refused(done, f"{output} cannot be written: Permission denied")
    assert list((trained / "out").iterdir()) == []


@pytest.mark.parametrize("limit", [0, 20_000])
@pytest.mark.parametrize("verb", ["train", "contract", "predict", "batch", "export", "monitor"])
def test_a_full_disk_is_one_line(trained: Path, verb: str, limit: int) -> None:
    """Whether nothing can be written any more or only little: the champion, the contract and the output are as they
    were, and what is to be done is said."""
    (trained / "reports").mkdir(exist_ok=True)
    kept = {name: text for name, text in tree(trained).items() if name.startswith(("bundles/", "data/", "conf/"))}

    done = run(trained, verb, *WRITING[verb], limit=limit)

    if done.returncode == 0:  # little was enough
        assert limit
        assert verb in ("contract", "monitor")
        return
    refused(done)
    after = {name: text for name, text in tree(trained).items() if name.startswith(("bundles/", "data/", "conf/"))}
    assert after == kept
    assert not (trained / "predictions.csv").exists()
    assert not (trained / "scored.parquet").exists()


def test_a_disk_that_fills_up_under_an_output_names_it(trained: Path) -> None:
    """The system says that there is no room, and not where: the file is named all the same."""
    done = run(trained, "predict", "input=data/sample.csv", "output=predictions.csv", limit=50_000)

    refused(done, "predictions.csv cannot be written: File too large")
    assert not (trained / "predictions.csv").exists()


def test_a_full_disk_behind_the_standard_output_is_told(trained: Path) -> None:
    """`predict > file` on a full disk is not taken for done."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, not a path of ours
        done = subprocess.run(
            [*VERB, "predict", "input=data/sample.csv"],
            cwd=trained,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "No space left on device; free some space" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EROFS, "mount it for writing"),
        (errno.EACCES, "who may write there"),
        (errno.ENOTDIR, "stands in the way"),
    ],
)
def test_what_a_user_can_mend_comes_with_its_remedy(tmp_path: Path, number: int, said: str) -> None:
    """The path as it was meant: without the marks of a file that is not whole yet."""
    error = OSError(number, "words", str(tmp_path / ".card.html.0123456789ab"))

    found = str(disk.told(error))

    assert str(tmp_path / "card.html") in found
    assert said in found


def test_a_bug_is_no_full_disk() -> None:
    """Other failures keep their trace."""
    assert disk.told(FileNotFoundError(errno.ENOENT, "words", "x")) is None
    assert disk.told(OSError("something else")) is None
    assert "free some space" in str(disk.told(OSError("1000 requested and 3 written")))


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_around_it(tmp_path: Path) -> None:
    """And nothing is left behind."""
    disk.check_writable(tmp_path / "new" / "er")
    (tmp_path / "file").write_text("x", "utf8")

    with pytest.raises(InputError, match="Not a directory"):
        disk.check_writable(tmp_path / "file")

    assert [path.name for path in tmp_path.iterdir()] == ["file"]
