"""How shipping goes, in shipper.json beside the files: what the service shows in /metrics."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import atomic

if TYPE_CHECKING:
    from .ship import Shipped

NAME = "shipper.json"


@dataclass(frozen=True)
class Standing:
    """What was shipped by the process that wrote this, how far each file is, and why the database is away, if it is."""

    counts: dict[str, int]
    offsets: dict[str, int]
    away: str | None


def keep(folder: Path, shipped: Shipped, away: str | None = None) -> None:
    """Write how it goes; a database that goes away or returns is named once on the terminal."""
    before = read(folder)
    if away != before.away and (away or before.away):
        print(f"log: {away or 'the database is back'}", file=sys.stderr, flush=True)
    counts = {name: getattr(shipped, name) for name in ("predictions", "refusals", "outcomes", "broken")}
    entries = {"counts": counts, "offsets": shipped.offsets or before.offsets, "away": away}
    if entries == {"counts": before.counts, "offsets": before.offsets, "away": before.away}:
        return
    with contextlib.suppress(OSError):  # a full disk: what it is for is lost, and nothing else
        atomic.write(folder / NAME, json.dumps(entries))


def read(folder: Path) -> Standing:
    """Read how it goes; nothing where nobody has shipped yet."""
    try:
        entries: dict[str, Any] = json.loads((folder / NAME).read_text("utf8"))
        return Standing(entries["counts"], entries["offsets"], entries["away"])
    except (FileNotFoundError, ValueError, KeyError):
        return Standing({}, {}, None)
