"""Files as the next version: into DVC's cache and, with a push, its remote. What belongs into git is left to the user.

Where a folder around a file is kept as one, it is kept anew with all that is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ..source.place import nearest_file
from . import objects, pointers, revisions

if TYPE_CHECKING:
    from .settings import DvcSettings


@dataclass(frozen=True)
class Kept:
    """What became of a file: its version, if that is new, which file stands for it in git, and a sentence."""

    file: str
    version: str | None
    new: bool
    pointer: str | None
    message: str


def keep(settings: DvcSettings, paths: list[str], root: Path) -> tuple[list[Kept], int]:
    """Keep files, and push what the remote lacks; returns what became of each, and how many files were pushed."""
    files = [_checked(path, root) for path in paths]
    if settings.dry_run:
        return [_look(file, root) for file in files], 0
    with objects.repository(root) as repo:
        repo.scm_context.quiet = True  # what to add to git is told below, once
        done = [_add(repo, file, root) for file in files]
        targets = sorted({kept.pointer for kept in done if kept.pointer})
        return done, _push(repo, targets, root) if settings.push and targets else 0


def _checked(path: str, root: Path) -> str:
    """The path of a file within the project. Raises InputError where it is not there, or a stage makes it."""
    file = pointers.relative(path, root)
    if file is None:
        raise InputError(f"data.path={path} is no file of this project, so DVC cannot keep it; copy it to data/raw/")
    pointer = pointers.find(file, pointers.today(root))
    if pointer is not None and pointer.file == pointers.LOCK:
        raise InputError(f"{file} is made by a stage of dvc.yaml, which keeps it: run `make repro`")
    if not (root / file).is_file():
        if pointer is not None:
            raise InputError(f"{file} is not here, so it cannot be the next version; fetch it with `make pull`")
        raise InputError(f"there is no file {path}{nearest_file(root / file)}; set data.path")
    return file


def _look(file: str, root: Path) -> Kept:
    """What keeping a file would come to."""
    pointer, md5 = pointers.find(file, pointers.today(root)), pointers.md5(root / file)
    if pointer is None and revisions.tracked(file, root):
        since = revisions.unchanged_since(file, root)
        message = f"git keeps {file} itself: " + (f"its version is commit {since[:10]}" if since else "commit it there")
        return Kept(file, since, False, None, message)
    if pointer is not None and objects.md5_of(pointer, root) == md5:
        return Kept(file, md5, False, pointer.file, f"nothing to do: {file} is version {md5} already")
    return Kept(file, md5, True, pointer.file if pointer else f"{file}.dvc", f"{file} would be version {md5}")


def _add(repo: Any, file: str, root: Path) -> Kept:
    found = _look(file, root)
    if not found.new:
        return found
    pointer = pointers.find(file, pointers.today(root))
    repo.add(str(root / (pointer.target if pointer else file)))
    return Kept(file, found.version, True, found.pointer, f"{file} is version {found.version}")


def _push(repo: Any, targets: list[str], root: Path) -> int:
    try:
        return int(repo.push(targets=[str(root / target) for target in targets]))
    except OSError as error:
        raise InputError(
            f"the new version is in the cache of this machine, and the remote cannot be written ({error}); mend it and "
            "run `dvc push`"
        ) from error
