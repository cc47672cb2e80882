"""The verbs of the command line: one table, and what is known of each before it is imported.

A verb's module says, on the first line of its docstring, what the verb does (its line in `--help`; the rest of the
docstring stands on the verb's own page); names its main settings, of which `VERB --help` shows those that this project
has, with the defaults and comments of conf/; may have flags, each short for a setting; and has one function:

    SETTINGS = ("model", "data.path", "split", "seed")
    FLAGS = {"--dry-run": "batch.dry_run=true"}

    def run(config: RunConfig) -> VerbReport: ...

Pages are read without importing anything, so that `--help` stays fast; `run` imports what it needs. A project has the
verbs whose subpackage it has and whose folder is in its conf/.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.tree import project_root
from ..core.errors import InputError
from ..core.registry import Entry, Registry

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..core.report import VerbReport

VERBS = Registry(
    "verb",
    {
        "batch": Entry("cli.batch", group="batch", needs="batch"),
        "contract": Entry("cli.contract"),
        "export": Entry("cli.export", group="edge", needs="edge"),
        "monitor": Entry("cli.monitor", group="monitor", needs="monitoring"),
        "outcome": Entry("cli.outcome", group="log", needs="monitoring"),
        "predict": Entry("cli.predict"),
        "promote": Entry("cli.promote"),
        "retrain": Entry("cli.retrain", needs="retraining"),
        "rollback": Entry("cli.rollback"),
        "runtime": Entry("cli.runtime"),
        "serve": Entry("cli.serve", group="rest", needs="rest"),
        "snapshot": (Entry("data.dvc.snapshot", group="dvc"), Entry("data.delta.snapshot", group="delta")),
        "train": Entry("cli.train"),
    },
)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What is known of a verb before it is imported."""

    name: str
    entry: Entry
    help: str
    page: str
    settings: tuple[str, ...]
    flags: dict[str, str] = field(default_factory=dict)

    def load(self) -> Callable[[RunConfig], VerbReport]:
        """Import the verb, and return what runs it."""
        run: Callable[[RunConfig], VerbReport] = self.entry.load().run
        return run


def discover(root: Path | None = None) -> dict[str, Verb]:
    """Return the verbs of a project (the one around the current folder by default; outside of any, all) by name."""
    return {name: _read(name, entry) for name, entry in VERBS.found(_groups(root)).items()}


def find(name: str, root: Path | None = None) -> Verb:
    """Return a verb by its name; raises InputError that names the nearest one."""
    return _read(name, VERBS.entry(name, _groups(root)))


def _groups(root: Path | None) -> set[str] | None:
    """The folders of the project's conf/; None outside of any project."""
    try:
        return {folder.name for folder in ((root or project_root()) / "conf").iterdir() if folder.is_dir()}
    except InputError:
        return None


def _read(name: str, entry: Entry) -> Verb:
    tree = ast.parse(entry.path.read_text("utf8"))
    page = ast.get_docstring(tree) or name
    said = {
        getattr(target, "id", ""): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    return Verb(
        name=name,
        entry=entry,
        help=page.splitlines()[0],
        page=page,
        settings=tuple(ast.literal_eval(said["SETTINGS"])) if "SETTINGS" in said else (),
        flags=ast.literal_eval(said["FLAGS"]) if "FLAGS" in said else {},
    )
