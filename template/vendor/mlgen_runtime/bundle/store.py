"""Where bundles are published, and which of them is served.

    bundles/champion.json   {"version": "7", "bundle": "7", "manifest": "0c5e…", "at": …, "action": "promote", …}
    bundles/ledger.jsonl    one line per promotion, never rewritten (see `ledger`)
    bundles/retrain.jsonl   what `retrain` tried, and bundles/shadow.json, who answers beside the champion (see there)
    bundles/7/  bundles/8/  the published bundles

A store is a local folder, or any fsspec URL (`s3://…`). Servers watch the pointer; they need no MLflow and, for a local
folder, nothing beyond the standard library. The pointer is replaced in one step, so a reader sees the old champion or
the new one, never half of each.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core import process
from ..core.errors import InputError
from . import format as bundle

POINTER = "champion.json"
STAGING = ".staging-"


@dataclass(frozen=True)
class Pointer:
    """The champion: its version, its bundle's folder in the store, the sha256 of that bundle's manifest.

    The rest is the ledger's row of the promotion (`at` in UTC, ISO 8601), kept here too so that a process killed
    between moving the pointer and writing the row loses nothing.
    """

    version: str
    bundle: str
    manifest: str
    at: str = ""
    action: str = "promote"
    previous: str | None = None
    why: str = ""
    run_id: str | None = None


class Store:
    """A folder of published bundles. `champion`, `fetch` and `versions` are what servers use.

    Names are relative to the store. This class is the local folder; `RemoteStore` overrides how bytes move.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    @property
    def staging(self) -> Path:
        """Where bundles are prepared: on the same disk as the store, so that publishing is a rename."""
        return self.folder

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None where there is no such file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def replace(self, name: str, data: bytes) -> None:
        """Write a file so that every reader sees the old bytes or the new ones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f"{STAGING}{process.name()}-", dir=self.folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # mkstemp's 0600 would hide the pointer from a server that runs as another user
        Path(temporary).replace(self.folder / name)

    def append(self, name: str, line: bytes) -> None:
        """Add one line to the end of a file in a single write and flush it to the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.folder / name).unlink(missing_ok=True)

    def versions(self) -> list[str]:
        """Return the published versions, oldest first; a folder without a manifest is none."""
        found = (path.parent.name for path in self.folder.glob(f"*/{bundle.MANIFEST}"))
        return sorted((name for name in found if not name.startswith(".")), key=by_number)

    def publish(self, staged: Path, version: str) -> None:
        """Move a sealed bundle from `staging` into the store in one step."""
        target = self.folder / version
        if target.exists():
            raise InputError(f"{target} exists already; remove it, or train again for a new version")
        staged.replace(target)

    def fetch(self, version: str) -> Path:
        """Return the local folder of a published bundle (not yet verified). Raises InputError naming what exists."""
        if version not in self.versions():
            raise InputError(f"version {version!r} has no bundle in {self}; published: {listed(self.versions())}")
        return self.folder / version

    def champion(self) -> Pointer | None:
        """Return the champion pointer, or None before the first promotion. Raises InputError where it is corrupt."""
        data = self.read(POINTER)
        if data is None:
            return None
        try:
            entries = json.loads(data)
            known = {field.name for field in dataclasses.fields(Pointer)}
            return Pointer(**{key: value for key, value in entries.items() if key in known})
        except (ValueError, TypeError, AttributeError):
            raise InputError(f"{self}/{POINTER} is corrupt; name the champion again with `promote version=N`") from None

    def point(self, pointer: Pointer) -> None:
        """Make `pointer` the champion in one atomic step."""
        self.replace(POINTER, json.dumps(dataclasses.asdict(pointer), indent=1).encode() + b"\n")

    def stage(self) -> Path:
        """Return a new empty folder to prepare a bundle in; `sweep` removes it should this process die."""
        self.staging.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{STAGING}{process.name()}-", dir=self.staging))
        folder.chmod(0o755)  # mkdtemp's 0700 would hide the published bundle from a server that runs as another user
        return folder

    def sweep(self) -> list[str]:
        """Remove what dead processes of this machine left in `staging`; return the names."""
        left = [path for path in self.staging.glob(f"{STAGING}*") if _abandoned(path.name)]
        for path in left:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return [path.name for path in left]

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the store against other promotions on this machine; the lock of a killed process is free again."""
        self.staging.mkdir(parents=True, exist_ok=True)
        with (self.staging / ".lock").open("a+b") as file:
            process.lock(file.fileno())
            yield  # closing the file frees the lock


def open_store(location: str | Path, root: Path | None = None) -> Store:
    """Open a store by its URL, or by its folder (relative to `root`)."""
    text = str(location)
    if "://" in text and not text.startswith("file://"):
        from .remote import RemoteStore

        return RemoteStore(text)
    return Store((root or Path()) / text.removeprefix("file://"))


def _abandoned(name: str) -> bool:
    """Whether the process that made a staging name ran on this machine and is gone."""
    return process.is_gone(name.removeprefix(STAGING).rpartition("-")[0])


def by_number(version: str) -> tuple[int, str]:
    """Sort key: versions are numbers, anything else comes last."""
    return (int(version), "") if version.isdigit() else (1 << 62, version)


def listed(versions: list[str]) -> str:
    """Versions as a reader wants them in a message."""
    return ", ".join(versions) or "none yet"
