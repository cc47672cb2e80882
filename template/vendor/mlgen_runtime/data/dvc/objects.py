"""The content that an md5 stands for: from DVC's cache, else fetched from its remote into the cache."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from . import pointers
from .pointers import Pointer

#: How DVC marks the md5 of a folder, whose content is the list of its files.
FOLDER = ".dir"


@contextlib.contextmanager
def repository(root: Path) -> Iterator[Any]:
    """Open the project's DVC repository; what DVC refuses meanwhile becomes one line."""
    os.environ.setdefault("DVC_NO_ANALYTICS", "true")
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        if type(error).__name__ in ("SCMError", "NotDvcRepoError") or "git" in type(error).__module__:
            raise InputError(f"DVC works beside git, and {root.name} is no git repository; run `git init`") from error
        raise InputError(f"DVC: {_reason(error)}; see docs/dvc.md") from error


def md5_of(pointer: Pointer, root: Path) -> str | None:
    """The md5 of the file itself; None where the folder that was kept has no such file."""
    if pointer.inside is None:
        return pointer.md5
    listed = json.loads(fetched(pointer.md5, root).read_text("utf8"))
    return next((entry["md5"] for entry in listed if entry["relpath"] == pointer.inside), None)


def fetched(md5: str, root: Path) -> Path:
    """The file in the cache with this content. Raises InputError where neither cache nor remote has it."""
    with repository(root) as repo:
        place = Path(repo.cache.local.oid_to_path(md5))
        if not place.is_file():
            _fetch(repo, md5, root)
        return place


def _fetch(repo: Any, md5: str, root: Path) -> None:
    from dvc.config import NoRemoteError

    lacking = f"nothing here has the content with md5 {md5}"
    try:
        remote = repo.cloud.get_remote_odb()
    except NoRemoteError:
        raise InputError(f"{lacking}: it is not in the cache, and there is no remote (docs/dvc.md)") from None
    try:
        there = remote.exists(md5)
        if there:
            with tempfile.TemporaryDirectory(prefix="fetch", dir=repo.tmp_dir) as folder:
                kept = Path(folder) / "content"
                remote.fs.get_file(remote.oid_to_path(md5), str(kept))
                if pointers.md5(kept) != md5.removesuffix(FOLDER):
                    raise InputError(f"the remote's content of md5 {md5} is damaged; push it from where it is whole")
                repo.cache.local.add(str(kept), repo.cache.local.fs, md5)
    except OSError as error:
        raise InputError(f"the remote {repo.config['core'].get('remote')} cannot be read ({_reason(error)})") from error
    if not there:
        raise InputError(f"{lacking}, neither the cache nor the remote; run `dvc push` where it was made")


def _reason(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
