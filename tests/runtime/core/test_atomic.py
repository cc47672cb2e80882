"""Files that a reader never sees half written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlgen_runtime.core import atomic


def test_a_file_is_replaced_as_a_whole_and_its_folder_made(tmp_path: Path) -> None:
    """The text arrives as it is, and nothing else lies beside it."""
    path = tmp_path / "new" / "file.txt"

    atomic.write(path, "one\r\ntwo\n")
    atomic.write(path, "ä\n")

    assert path.read_bytes() == "ä\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """And no half of a new one."""
    path = tmp_path / "file.txt"
    atomic.write(path, "before")

    with pytest.raises(UnicodeEncodeError):
        atomic.write(path, "\ud800")

    assert path.read_text("utf8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_would_be_the_same_is_not_touched(tmp_path: Path) -> None:
    """So whoever watches it is not woken."""
    path = tmp_path / "file.txt"

    assert atomic.write_if_changed(path, "one\n")
    there = path.stat().st_ino
    assert not atomic.write_if_changed(path, "one\n")
    assert path.stat().st_ino == there
    assert atomic.write_if_changed(path, "two\n")


def test_threads_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    """Each writes under a name of its own, so the last one wins and none fails."""
    path = tmp_path / "many.txt"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: atomic.write(path, str(number)), range(400)))

    assert int(path.read_text("utf8")) in range(400)
    assert list(tmp_path.iterdir()) == [path]
