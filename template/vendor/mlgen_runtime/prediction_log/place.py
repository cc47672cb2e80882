"""What shipping must know of the place where predictions are made: place.json, beside the files.

{"store": "/srv/churn/bundles", "outcomes": "../outcomes.jsonl", "key": ["customerID"]}

The file of outcomes is named from the folder on, so that a folder that is mounted elsewhere still tells where it is.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import atomic
from ..core.errors import InputError, nearest

if TYPE_CHECKING:
    from ..contract.schema import Contract
    from .settings import LogSettings

NAME = "place.json"


@dataclass(frozen=True, kw_only=True)
class LogOrigin:
    """The store of bundles, the file of outcomes, and the columns that tell rows apart."""

    store: str | None = None
    outcomes: str | None = None
    key: tuple[str, ...] = ()

    def outcomes_from(self, folder: Path) -> Path | None:
        """The file of outcomes, if this place has one."""
        return Path(os.path.normpath(folder / self.outcomes)) if self.outcomes else None


def keep(folder: Path, origin: LogOrigin) -> None:
    """Write the file, where it would differ."""
    if read(folder) != origin:
        atomic.write(folder / NAME, json.dumps(dataclasses.asdict(origin)))


def read(folder: Path) -> LogOrigin:
    """Read the file; nothing is known where there is none yet."""
    try:
        entries = json.loads((folder / NAME).read_text("utf8"))
        return LogOrigin(store=entries["store"], outcomes=entries["outcomes"], key=tuple(entries["key"]))
    except (FileNotFoundError, ValueError, KeyError):
        return LogOrigin()


def key_of(settings: LogSettings, contract: Contract) -> tuple[str, ...]:
    """The columns that tell rows apart: those that are set, else what the contract calls an id."""
    return settings.key or tuple(column.name for column in contract.columns if column.role == "id")


def check(settings: LogSettings, contract: Contract) -> None:
    """Refuse to redact what tells forecasts apart; say it on the terminal where a redacted column is none."""
    apart = {column.name for column in contract.columns if contract.forecast and column.role in ("series", "time")}
    names = [column.name for column in contract.columns]
    for name in settings.redact:
        if name in apart:
            raise InputError(f"log.redact: {name!r} tells forecasts apart, so it must stay; log.sample=0 keeps no log")
        if name not in names:
            print(f"log.redact: the contract has no column {name!r}{nearest(name, names)}", file=sys.stderr)


def beside(folder: Path, path: str | None) -> str | None:
    """A path as it is seen from the folder; on Windows another drive has no such path, and it stays what it is."""
    if path is None:
        return None
    try:
        return os.path.relpath(Path(path).absolute(), folder.absolute())
    except ValueError:
        return str(Path(path).absolute())


def identity(folder: Path) -> str:
    """A name for the folder that no other has; it stays with it wherever it is mounted."""
    path = folder / "identity"
    try:
        with path.open("x", encoding="utf8") as file:
            file.write(uuid.uuid4().hex)
    except FileExistsError:
        pass
    return path.read_text("utf8")
