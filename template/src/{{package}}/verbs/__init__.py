"""The verbs of the command line, one module each, discovered here: a layer adds a verb by adding a file.

A verb's module says, on the first line of its docstring, what the verb does (its line in `--help`; the rest of the
docstring stands on the verb's own page); names its main settings, of which `VERB --help` shows those that this project
has, with the defaults and comments of conf/; may have flags, each short for a setting; and has one function:

    SETTINGS = ("model", "data.path", "split", "seed")
    FLAGS = {"--dry-run": "batch.dry_run=true"}

    def run(config: RunConfig) -> VerbReport: ...

The names and pages are read without importing anything, so that `--help` stays fast; `run` imports what it needs.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, nearest


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What is known of a verb before it is imported."""

    name: str
    help: str
    page: str
    settings: tuple[str, ...]
    flags: dict[str, str] = field(default_factory=dict)


@dataclass
class VerbReport:
    """What a verb hands back: `summary` is JSON-able and becomes reports/<verb>.json; `exit_code` is 0 or 3."""

    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0


def discover(folder: Path = Path(__file__).parent) -> dict[str, Verb]:
    """Return every verb by name, read from the source of the modules in `folder`."""
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return {path.stem: _read(path) for path in paths}


def find(name: str) -> Verb:
    """Return a verb by its name; raises InputError that names the nearest one."""
    verbs = discover()
    if name not in verbs:
        raise InputError(f"{name!r} is not a verb; expected one of {', '.join(verbs)}{nearest(name, verbs)}")
    return verbs[name]


def _read(path: Path) -> Verb:
    tree = ast.parse(path.read_text("utf8"))
    page = ast.get_docstring(tree) or path.stem
    said = {
        getattr(name, "id", ""): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in node.targets
    }
    return Verb(
        name=path.stem.replace("_", "-"),
        help=page.splitlines()[0],
        page=page,
        settings=tuple(ast.literal_eval(said["SETTINGS"])) if "SETTINGS" in said else (),
        flags=ast.literal_eval(said["FLAGS"]) if "FLAGS" in said else {},
    )
