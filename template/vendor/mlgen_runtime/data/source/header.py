"""The names of a table's columns, and the character between the cells of a text.

Blank lines may stand before the header. A first line `sep=;`, as Excel writes and reads it, names the separator.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from ...config.settings import TAB, TYPED_TAB
from ...core.command_line import override
from ...core.errors import InputError

#: Separators worth suggesting where a file seems to have one column.
SEPARATORS = (",", ";", "\t", "|")
#: The first line of Excel's; a line of blanks before it, and before the header, says nothing.
_NAMED = re.compile(rb'(?:[ \t]*\r?\n)*"?sep=(?P<separator>[^"\r\n])"?[ \t]*(?:\r\n|\n|\r|\Z)', re.IGNORECASE)
_BLANK = re.compile(rb"(?:[ \t]*(?:\r\n|\n|\r))+")


def separator(wanted: str | None, shown: str, start: bytes) -> tuple[str, int]:
    """The separator of a text, and how many bytes of its `start` stand before its header.

    `wanted` is `data.separator`; without it the first line says it, or the name. Raises InputError where it is not one
    ASCII character.
    """
    named = _NAMED.match(start)
    found = wanted or (named["separator"].decode("latin-1") if named else None)
    found = found or ("\t" if ".tsv" in Path(shown).name.casefold() else ",")
    if len(found) != 1 or not found.isascii() or found in '"\r\n':
        raise InputError(f"data.separator={found!r}: expected one character such as ',' ';' '|' or '\\t'")
    before = named.end() if named else 0
    blank = _BLANK.match(start, before)
    return found, blank.end() if blank and not (found == "\t" and b"\t" in blank[0]) else before


def column_names(line: bytes, shown: str, separator: str) -> list[str]:
    """The names in the header of a text, UTF-8; refuses one column that another separator would split."""
    text = line.removeprefix(b"\xef\xbb\xbf")[:1_000_000].decode("utf8", "ignore")
    names = [name.strip() for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])]
    if len(names) <= 1:
        first = text.lstrip().splitlines()[0] if text.strip() else ""
        other = max(SEPARATORS, key=first.count)
        if first.count(other) and other != separator:
            raise InputError(
                f"{shown} has one column with the separator {separator!r}, but {first.count(other)} {other!r} in its "
                f"first line; set {override('data.separator', other.replace(TAB, TYPED_TAB))}"
            )
    return names


def unique_names(columns: Sequence[object], shown: str) -> list[str]:
    """Column names as text: a nameless one (an index that was saved along) gets a number, a double one is refused."""
    names = [str(name) if str(name).strip() else f"unnamed_{i}" for i, name in enumerate(columns)]
    double = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if double:
        raise InputError(f"{shown}: the column name {double[0]!r} stands there more than once; rename one of them")
    if not names:
        raise InputError(f"{shown} has no columns; check the file")
    return names
