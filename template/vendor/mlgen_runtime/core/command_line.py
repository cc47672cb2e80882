"""A setting and a command as one types them: every message that tells the user what to type gets its words here.

    override("data.key", ["Customer ID (new)"])             'data.key=["Customer ID (new)"]'
    override("data.target", "churned")                      data.target=churned
    command("churn", "predict", input="my rows.csv")        churn predict 'input="my rows.csv"'

Two readers take such text apart, one after the other. The shell (any POSIX shell; bash, zsh or ksh where there is a
control character) strips its quotes, then Hydra reads the value: what it would not take for plain text is in double
quotes, so that a text that looks like a number, a truth value, a list or an interpolation stays a text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

#: Text that both readers take as it is, and for a text; a whole number is the same text again where one is asked for.
_PLAIN = re.compile(r"(?!\.[0-9])[A-Za-z_./][\w./:@%+-]*|0|[1-9][0-9]{0,17}", re.ASCII)
#: Words that Hydra reads as something else: null, truth values, numbers that are none, and functions.
_WORDS = frozenset({"null", "true", "false", "nan", "inf"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Value = str | int | float | bool | None | Sequence[str]


def override(key: str, value: Value) -> str:
    """Return the text that sets a key, quoted for the shell and for Hydra."""
    return word(f"{key}={_written(value)}")


def command(*words: str, **settings: Value) -> str:
    """Return a command with its settings; a name and a value of its own, such as a path, is a word."""
    return " ".join([*map(word, words), *(override(key, value) for key, value in settings.items())])


def word(text: str) -> str:
    """Return a text as one word of a command: quoted where the shell would change it."""
    if _CONTROL.search(text):  # nothing but $'…' keeps it on one line
        shown = text.replace("\\", "\\\\").replace("'", "\\'")
        return "$'" + _CONTROL.sub(lambda found: _ESCAPED.get(found[0], f"\\x{ord(found[0]):02x}"), shown) + "'"
    return shlex.quote(text)


_ESCAPED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _written(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    return f"[{','.join(map(_text, value))}]"


def _text(text: str) -> str:
    """A text for Hydra: within quotes a backslash counts only before a quote, and a dollar before a brace."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    inner = re.sub(r'(\\*)"', r'\1\1\\"', text)
    inner = re.sub(r"(\\*)\$\{", r"\1\1\\${", inner)
    trailing = len(inner) - len(inner.rstrip("\\"))
    return f'"{inner}{chr(92) * trailing}"'
