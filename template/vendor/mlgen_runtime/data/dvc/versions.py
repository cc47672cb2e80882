"""Versions of files that DVC keeps: `data.path=data/raw/mine.csv data.version=v1`.

A version is a git revision (a tag, a commit, HEAD~1), or the md5 of the content, which is what runs record. Files that
git keeps itself, such as the sample, have the commit that changed them last. The work tree is left as it is.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...core.errors import InputError
from ..versions import Version
from . import objects, pointers, revisions

_MD5 = re.compile(r"[0-9a-f]{32}")


def covers(path: str, root: Path) -> bool:
    """Any file of the project may be kept."""
    return pointers.relative(path, root) is not None


def version(path: str, asked: str | None, root: Path) -> Version:
    """The md5 of the content at a revision, or of the file as it is; the commit, where git keeps the file itself."""
    file = _within(path, root)
    if asked is not None:
        return Version(_kept(file, asked, root) if _MD5.fullmatch(asked) else _at(file, asked, root))
    place, pointer = root / file, pointers.find(file, pointers.today(root))
    if pointer is None:
        return Version(revisions.unchanged_since(file, root))
    if place.is_file() and (md5 := pointers.md5(place)) == objects.md5_of(pointer, root):
        return Version(md5)
    note = f"{file} has changed since its last version; `snapshot` makes the next, so that this run can be made again"
    return Version(None, note if place.is_file() else None)


@contextlib.contextmanager
def opened(path: str, version: str | None, root: Path) -> Iterator[Path]:
    """Lend the file of a version: the one in the work tree where that is it, else the cache's, or git's."""
    file = _within(path, root)
    place = root / file
    if version is None:
        if not place.exists() and pointers.find(file, pointers.today(root)):
            raise InputError(f"{file} is not here yet; fetch it with `make pull` (dvc pull)")
        yield place
    elif _MD5.fullmatch(version):
        yield place if place.is_file() and pointers.md5(place) == version else objects.fetched(version, root)
    elif revisions.unchanged_since(file, root) == version:
        yield place
    else:
        with tempfile.TemporaryDirectory(prefix="version") as folder:
            kept = Path(folder) / "content"
            kept.write_bytes(revisions.content(version, file, root) or b"")
            yield kept


def along(path: str, asked: str, root: Path) -> str | None:
    """A git revision holds for all files; an md5 for one alone."""
    file = _within(path, root)
    if not _MD5.fullmatch(asked):
        return _at(file, asked, root)
    raise InputError(
        f"data.version={asked} is an md5, which names the content of data.path alone, and data.test_path={path} has "
        "versions, too; name a git revision"
    )


def contract(path: str, asked: str, file: str, root: Path) -> str | None:
    """The contract in the commit that was asked for, or in the newest that had this content."""
    if not _MD5.fullmatch(asked):
        commit = revisions.commit(asked, root)
        return None if commit is None else revisions.then(commit, root)(file)
    pointer = pointers.find(_within(path, root), pointers.today(root))
    if pointer is None or pointer.md5 == asked:
        return None
    commit = revisions.last_with(asked, pointer.file, root)
    return None if commit is None else revisions.then(commit, root)(file)


def _kept(file: str, md5: str, root: Path) -> str:
    """The md5 itself, once its content is in the cache. Raises InputError naming the revisions there are."""
    try:
        objects.fetched(md5, root)
    except InputError as error:
        raise InputError(f"data.version={md5}: {error}; {_known(file, root)}") from error
    return md5


def _at(file: str, asked: str, root: Path) -> str:
    """The version of a file at a git revision. Raises InputError naming the revisions there are."""
    commit = revisions.commit(asked, root)
    if commit is None:
        raise InputError(f"data.version={asked}: no git revision, nor the md5 of some content; {_known(file, root)}")
    pointer = pointers.find(file, revisions.then(commit, root))
    if pointer is not None and (md5 := objects.md5_of(pointer, root)) is not None:
        return md5
    if revisions.content(commit, file, root) is not None:
        return commit
    raise InputError(f"data.version={asked}: nothing kept {file} then; {_known(file, root)}")


def _known(file: str, root: Path) -> str:
    pointer = pointers.find(file, pointers.today(root))
    found = revisions.newest([file, f"{file}.dvc", *([pointer.file] if pointer else [])], root)
    if not found:
        return f"no commit has a version of {file} yet: run snapshot, and commit what it names"
    return f"the newest versions of {file} are {', '.join(found)}"


def _within(path: str, root: Path) -> str:
    file = pointers.relative(path, root)
    assert file is not None, "covers() comes first"
    return file
