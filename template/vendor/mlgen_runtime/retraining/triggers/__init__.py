"""Who may ask for a training: one module each, discovered here, so that a layer adds a trigger by adding a file.

A trigger's module says on the first line of its docstring what it looks at, has the settings that it takes of
conf/retrain, and one function:

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        max_age: str | None

    def look(context: RetrainingContext, settings: Settings) -> Finding: ...

`look` says what it found in figures, whether it asks or not; a setting that is null switches it off.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Finding:
    """What a trigger found: whether it asks for a training, and a clause that says why (or why not)."""

    asks: bool
    says: str


OFF = Finding(False, "switched off")


def discover(folder: Path = Path(__file__).parent) -> dict[str, Any]:
    """Return every trigger's module by name: the root's and those of layers."""
    names = sorted(path.stem for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {name: import_module(f"{__package__}.{name}") for name in names}
