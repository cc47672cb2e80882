"""What an update means for a project's own edits, looked at before it is made: both releases are rendered and compared.

A file of the template that people changed is edited. What a release or another answer drops is removed by Copier, edits
and all; so edited files that go are put aside first, under kept/ in the project, and the person is told.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import MlgenError
from .ownership import KEPT, kind_of
from .questions import SETTINGS, load
from .render import ANSWERS_FILE, files, render
from .source import Source


@dataclass(frozen=True)
class Change:
    """The files of an update that a person has a share in, as paths below the project's root, sorted."""

    edited: tuple[str, ...]  # the template wrote them, and people changed them
    dropped: Mapping[str, bytes]  # edited or added where the template has nothing any more: they go, and what they hold
    offered: tuple[str, ...]  # the user's, as they were, which the template would now write otherwise

    def forked(self, folder: str) -> list[str]:
        """The edited files below a folder."""
        return [path for path in self.edited if path.startswith(f"{folder}/")]

    def keep(self, project: Path) -> None:
        """Put aside what the dropped files held, all of it; then remove those that Copier left, and emptied folders."""
        for path, content in self.dropped.items():
            (project / KEPT / path).parent.mkdir(parents=True, exist_ok=True)
            (project / KEPT / path).write_bytes(content)
        for path in self.dropped:
            (project / path).unlink(missing_ok=True)
            for folder in Path(path).parents[:-1]:
                with contextlib.suppress(OSError):  # gone already, or not empty
                    (project / folder).rmdir()


def foresee(project: Path, before: Mapping[str, Any], data: Mapping[str, Any], target: Source) -> Change:
    """Compare the project with its release, and that with the one it is to be updated to, with `data` as new answers.

    Where the target refuses its answers, nothing is dropped: the update itself will say why.
    """
    recorded = {key: value for key, value in before.items() if not key.startswith("_")}
    known = {key: value for key, value in recorded.items() if key in load().names}
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        render(recorded, old, Source(target.path, before["_commit"]))
        settings = {SETTINGS: known.get(SETTINGS) or {}}
        try:
            render({**known, **settings, **data}, new, target)
        except MlgenError:
            new = old
        return _compare(project, old, new)


def _compare(project: Path, old: Path, new: Path) -> Change:
    was, will = _names(old), _names(new)
    edited = [path for path in was if (project / path).is_file() and _differ(project / path, old / path)]
    gone = [path for path in edited if path not in will] + _added(project, was, will)
    offered = [path for path in was if kind_of(path) == "user" and path in will and _differ(old / path, new / path)]
    return Change(
        edited=tuple(edited),
        dropped={path: (project / path).read_bytes() for path in sorted(gone)},
        offered=tuple(path for path in offered if (project / path).is_file()),
    )


def _names(folder: Path) -> list[str]:
    return [path.as_posix() for path in files(folder) if path.name != ANSWERS_FILE]


def _differ(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()


def _added(project: Path, was: Iterable[str], will: Iterable[str]) -> list[str]:
    """Settings that people added in folders of conf/ which go."""
    going = _groups(was) - _groups(will)
    found = [path for group in going for path in (project / "conf" / group).glob("*")]
    return [name for path in found if path.is_file() and (name := path.relative_to(project).as_posix()) not in was]


def _groups(paths: Iterable[str]) -> set[str]:
    return {path.split("/")[1] for path in paths if path.startswith("conf/") and path.count("/") > 1}
