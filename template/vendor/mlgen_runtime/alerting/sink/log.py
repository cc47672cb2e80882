"""A line on standard error, and the same line in a file that is only appended to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .notice import Notice, Unheard, lines

if TYPE_CHECKING:
    from ..settings import AlertSettings


def send(notices: Sequence[Notice], settings: AlertSettings, root: Path) -> None:
    """Print and append; what cannot be appended is printed all the same."""
    written = lines(notices)
    for line in written:
        print(line, file=sys.stderr)
    path = root / settings.log.file
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf8") as file:
            file.write("".join(f"{line}\n" for line in written))
    except OSError as error:
        raise Unheard(f"{settings.log.file} cannot be written ({error.strerror})") from error
