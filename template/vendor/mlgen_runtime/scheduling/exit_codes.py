"""Exit codes of a job's run: those of the project's command, and three that the wrapper adds."""

from __future__ import annotations

DONE = (0, 3)  # 3: done, but an alert fired or the candidate was not promoted
BUG = 1  # the only one after which another attempt makes sense
WRONG = 2  # the input or a setting
LEFT_OUT = 75  # the run before it still runs
TIMED_OUT = 124
SIGNALLED = 128  # plus the number of the signal

_MEANINGS = {
    WRONG: " (the input or a setting is wrong: not tried again)",
    3: " (done, but an alert fired or the candidate was not promoted)",
    TIMED_OUT: " (it took too long and was stopped)",
}


def describe(code: int) -> str:
    """Return an exit code as people read it, with what it means where that is not plain."""
    return f"exit code {code}{_MEANINGS.get(code, '')}"
