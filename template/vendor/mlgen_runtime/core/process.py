"""Which process made this, does it still run, and may I go first: what crash recovery asks of the operating system."""

from __future__ import annotations

import os
import socket
from typing import Any

from .errors import InputError


def name() -> str:
    """Return `<host>-<process id>`, the mark that this process leaves on what it has not finished."""
    return f"{socket.gethostname()}-{os.getpid()}"


def is_gone(mark: str) -> bool:
    """Whether the process that left a mark ran on this machine and runs no more."""
    host, _, number = mark.rpartition("-")
    return host == socket.gethostname() and number.isdigit() and not _alive(int(number))


def user() -> str:
    """Return a name for the current user that is fit for a file name."""
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


def lock(descriptor: int) -> None:
    """Wait for an exclusive lock on an open file; closing the file, or the process's death, frees it."""
    if os.name == "nt":
        import msvcrt

        windows: Any = msvcrt
        windows.locking(descriptor, windows.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def try_lock(descriptor: int) -> bool:
    """Take an exclusive lock on an open file if nobody has it; tell whether it was had.

    Raises InputError where the file system has no locks: that nobody can ever have it must not read as "not now".
    """
    if os.name == "nt":
        import msvcrt

        windows: Any = msvcrt
        try:
            windows.locking(descriptor, windows.LK_NBLCK, 1)
        except OSError:  # it has one error for all
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise InputError(
            f"the file system cannot lock files ({error.strerror}), which keeps two processes apart; put what is "
            "written here on a disk that can, such as a local one"
        ) from error
    return True


def _alive(number: int) -> bool:
    """Whether a process runs: signal 0 asks and does nothing (POSIX)."""
    if os.name == "nt":
        return _alive_on_windows(number)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _alive_on_windows(number: int) -> bool:
    """On Windows `os.kill` would end the process, so ask for a handle instead (0x1000: limited information)."""
    import ctypes

    kernel: Any = ctypes.__dict__["windll"].kernel32
    handle = kernel.OpenProcess(0x1000, False, number)
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)
