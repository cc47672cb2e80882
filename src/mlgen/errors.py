"""The failures a user can act on. Each message is one sentence: the offending value, what was expected, the next step.

`__main__` prints them as one line and exits with 2; anything else is a bug and keeps its trace.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable


class MlgenError(Exception):
    """Something the user gave, or the place it points to, is wrong; nothing was written."""


class AnswerError(MlgenError):
    """An answer, a setting or an override cannot be used."""


class DeclarationError(MlgenError):
    """A declaration file or a preset cannot be read or does not exist."""


class DestinationError(MlgenError):
    """The folder to write to, or the project to update, is not in a state to be written."""


class SourceError(MlgenError):
    """The template, or the release a project was made from, cannot be read."""


#: What the operating system may say of a place that a user can mend.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


def disk(error: OSError) -> str | None:
    """A disk that takes nothing in one sentence, None where the error is no such thing."""
    if "No usable temporary directory" in str(error):
        return "there is no folder for temporary files; free some space in one of them, or set TMPDIR to another."
    if error.errno not in _DISK:
        return None
    where = error.filename2 or error.filename
    path = f"'{os.fsdecode(where)}'" if isinstance(where, str | bytes) else "the project"
    return (
        f"{path} can't be written: {os.strerror(error.errno)}; free some space, or name a folder that you may write to."
    )


def nearest(value: str, choices: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the choice most like `value` (Ratcliff and Obershelp), or an empty string."""
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(value.casefold(), folded, n=1, cutoff=0.5)
    return f" Did you mean '{folded[close[0]]}'?" if close else ""
