"""A bundle store behind an fsspec URL (`s3://…`, `gs://…`, `memory://…` in tests)."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from pathlib import Path

from ..core import process
from ..core.errors import InputError
from . import format as bundle
from .store import Store, by_number, listed


class RemoteStore(Store):
    """A store behind an fsspec URL. Object stores replace whole objects atomically; bundles upload manifest last."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec

            self.files, self.path = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise InputError(f"bundle store {url!r} cannot be opened: {error}; install what it needs") from error
        self.url = url.rstrip("/")
        name = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        super().__init__(Path(tempfile.gettempdir()) / f"bundles-{process.user()}-{name}")

    def __str__(self) -> str:
        return self.url

    def read(self, name: str) -> bytes | None:
        """See `Store.read`."""
        try:
            self.files.invalidate_cache()
            return bytes(self.files.cat_file(f"{self.path}/{name}"))
        except FileNotFoundError:
            return None

    def replace(self, name: str, data: bytes) -> None:
        """See `Store.replace`."""
        self.files.pipe_file(f"{self.path}/{name}", data)

    def append(self, name: str, line: bytes) -> None:
        """See `Store.append`; object stores rewrite the object, so keep promotions to one machine at a time."""
        self.replace(name, (self.read(name) or b"") + line)

    def remove(self, name: str) -> None:
        """See `Store.remove`."""
        with contextlib.suppress(FileNotFoundError):
            self.files.rm_file(f"{self.path}/{name}")

    def versions(self) -> list[str]:
        """See `Store.versions`."""
        self.files.invalidate_cache()
        found = self.files.glob(f"{self.path}/*/{bundle.MANIFEST}")
        return sorted((path.split("/")[-2] for path in found), key=by_number)

    def publish(self, staged: Path, version: str) -> None:
        """See `Store.publish`."""
        if version in self.versions():
            raise InputError(f"{self}/{version} exists already; remove it, or train again for a new version")
        names = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file())
        for name in sorted(names, key=lambda name: name == bundle.MANIFEST):
            self.files.pipe_file(f"{self.path}/{version}/{name}", (staged / name).read_bytes())
        shutil.rmtree(staged)

    def fetch(self, version: str) -> Path:
        """Download a published bundle once into a local cache and return that folder."""
        if version not in self.versions():
            raise InputError(f"version {version!r} has no bundle in {self}; published: {listed(self.versions())}")
        manifest = self.read(f"{version}/{bundle.MANIFEST}") or b""
        target = self.folder / f"{version}-{hashlib.sha256(manifest).hexdigest()[:16]}"
        if not target.is_dir():
            staged, prefix = self.stage(), f"{self.path}/{version}/"
            for path in self.files.find(prefix):
                local = staged / path[path.index(prefix) + len(prefix) :]
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_bytes(self.files.cat_file(path))
            with contextlib.suppress(OSError):  # another process fetched the same version meanwhile
                staged.replace(target)
        return target
