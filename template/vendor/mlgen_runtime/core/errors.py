"""The kinds of failure a user can act on, and the words they are told in.

Expected failures are an `InputError`: one sentence with the offending value, what was expected and the next step.
`__main__` prints it as one line and exits with 2. Anything else is a bug and keeps its trace (exit 1).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

#: What moves the cursor of a terminal, or ends a line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class InputError(Exception):
    """The input or the configuration is wrong; the message says what, what was expected, and what to do next."""


def one_line(message: str) -> str:
    """Return a message on one line, whatever a column in it is called: a line break is shown as `\\n`."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], message)


def closest(value: str, choices: Iterable[str]) -> str | None:
    """Return the choice that looks most like `value`, or None where none does.

    The likeness is the ratio of Ratcliff and Obershelp (`difflib`), with case folded.
    """
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(value.casefold(), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def nearest(value: str, choices: Iterable[str]) -> str:
    """Return `" (did you mean 'x'?)"` for the choice that looks most like `value`, or an empty string."""
    close = closest(value, choices)
    return f" (did you mean {close!r}?)" if close else ""
