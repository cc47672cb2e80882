"""The production artefact: one folder that holds everything a prediction needs, and the proof that it is whole.

    bundles/7/
      bundle.json      {"use_case": "tabular", "extensions": []}        who can open it
      model.onnx  preprocessing.json  inference.json        how to predict
      contract.json  reference.json                         what goes in, and how it looked in training
      metrics.json  lineage.json  card.json                 how good it is, where it is from, what it is called
      manifest.json    {"format": 1, "files": {"model.onnx": "9f2c…"}}

The manifest is written last, so a folder without one is nothing yet. `verify` compares every file with it before
anything is loaded. The standard library is enough here: servers import this module.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import InputError

MANIFEST = "manifest.json"
#: What a bundle is: the use case that can open it, and the user's code that it needs.
DESCRIPTION = "bundle.json"
FORMAT = 1


def write_json(folder: Path, name: str, value: object) -> None:
    """Write one JSON file of a bundle: keys in the order given, the same bytes for the same value on any machine."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / name).write_bytes(text.encode("utf8") + b"\n")


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read one JSON file of a bundle; an empty dict where the bundle has none (a bundle not yet evaluated)."""
    path = folder / name
    return json.loads(path.read_text("utf8")) if path.is_file() else {}


def digest(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path) -> str:
    """Write the manifest over all files now in `folder`, flush everything to disk, and return the manifest's sha256."""
    names = sorted(name for name in _files(folder) if name != MANIFEST)
    write_json(folder, MANIFEST, {"format": FORMAT, "files": {name: digest(folder / name) for name in names}})
    for name in (*names, MANIFEST):
        _flush(folder / name)
    return digest(folder / MANIFEST)


def verify(folder: Path, manifest: str | None = None) -> None:
    """Refuse a bundle that is not byte for byte what `seal` saw.

    `manifest` is the sha256 that the manifest itself must have (the champion pointer carries it).
    Raises InputError that names every missing, corrupt or foreign file.
    """
    if not folder.is_dir():
        raise InputError(f"no bundle at {folder}; train a model first, or name an existing bundle folder")
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"bundle {folder}: {MANIFEST} is missing, so nothing in it can be trusted; publish it again")
    expected = _expected(path)
    if manifest is not None and digest(path) != manifest:
        raise InputError(f"bundle {folder}: {MANIFEST} is not the one that was promoted; publish the bundle again")
    found = _files(folder) - {MANIFEST}
    faults = [f"{name} is missing" for name in sorted(expected.keys() - found)]
    faults += [f"{name} is foreign (not in {MANIFEST})" for name in sorted(found - expected.keys())]
    changed = (name for name in sorted(found & expected.keys()) if digest(folder / name) != expected[name])
    faults += [f"{name} is corrupt (its sha256 is not the one in {MANIFEST})" for name in changed]
    if faults:
        raise InputError(f"bundle {folder}: {'; '.join(faults)}; publish the bundle again")


def size(folder: Path) -> int:
    """Return the bytes of all files of a bundle together."""
    return sum((folder / name).stat().st_size for name in _files(folder))


def _expected(path: Path) -> Mapping[str, str]:
    """Return the manifest's file names and sha256s; raises InputError where it cannot be read as one."""
    try:
        manifest = json.loads(path.read_text("utf8"))
        known, files = manifest["format"] == FORMAT, dict(manifest["files"])
    except (ValueError, KeyError, TypeError):
        raise InputError(f"bundle {path.parent}: {MANIFEST} is corrupt; publish the bundle again") from None
    if not known:
        raise InputError(
            f"bundle {path.parent}: {MANIFEST} has format {manifest['format']!r}, expected {FORMAT}; "
            "load it with the release that wrote it, or train again"
        )
    return files


def _files(folder: Path) -> set[str]:
    """Return the names of all files below `folder`, with forward slashes; links count as files, so they are foreign."""
    found: set[str] = set()
    for where, folders, names in os.walk(folder):
        linked = [name for name in folders if Path(where, name).is_symlink()]
        found.update(Path(where, name).relative_to(folder).as_posix() for name in (*names, *linked))
    return found


def _flush(path: Path) -> None:
    """Ask the operating system to put a file's bytes on the disk (a renamed folder must not hold empty files)."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
