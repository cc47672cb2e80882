"""Locks: whoever has one keeps others out, and a file system without any is said."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest
from mlgen_runtime.core import process
from mlgen_runtime.core.errors import InputError


def test_a_lock_is_had_once(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open("w") as second:
        assert process.try_lock(first.fileno())
        assert not process.try_lock(second.fileno())
        first.close()
        assert process.try_lock(second.fileno())


def test_a_file_system_without_locks_is_not_taken_for_one_that_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job would be skipped for ever, and nobody would know. No such file system is here, so its answer is made."""

    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        (tmp_path / "lock").open("w") as file,
        pytest.raises(InputError, match="cannot lock files .No locks available"),
    ):
        process.try_lock(file.fileno())
