"""Whether the runtime is as released: each file below vendor/mlgen_runtime against MANIFEST.json.

    {"version": "1.2.0", "files": {"cli/run.py": "0c5e…", …}}

The manifest names every file of a release. A project has those of its choices: a folder of the runtime, or of one of
NESTED, that is not there at all was left out, which is no difference.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from .registry import ROOT

NAME = "MANIFEST.json"
#: What Python leaves beside sources.
CACHE = "__pycache__"
#: The folders whose own folders are choices, too.
NESTED = ("data", "retraining", "scheduling")

Status = Literal["released", "changed", "unknown"]


@dataclass(frozen=True)
class Manifest:
    """A release's version, and the sha256 of each of its files by the path below the runtime."""

    version: str
    files: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A file that is not as released: another content, not there, or of no release."""

    path: str
    kind: Literal["changed", "missing", "foreign"]


def read(root: Path = ROOT) -> Manifest | None:
    """Return the manifest; None where there is none, or it cannot be read."""
    try:
        found = json.loads((root / NAME).read_text("utf8"))
        return Manifest(str(found["version"]), {str(path): str(digest) for path, digest in found["files"].items()})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def differences(root: Path = ROOT) -> list[Difference]:
    """Return every file that is not as released, by path; none where no manifest tells."""
    manifest = read(root)
    if manifest is None:
        return []
    own = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if _counts(path.relative_to(root))}
    found = [Difference(path, "foreign") for path in own.keys() - manifest.files.keys() if own[path].is_file()]
    for path, digest in manifest.files.items():
        if path not in own:
            found += [] if _left_out(path, root) else [Difference(path, "missing")]
        elif not _is_as_released(own[path], digest):
            found.append(Difference(path, "changed"))
    return sorted(found, key=lambda difference: difference.path)


def status(root: Path = ROOT) -> Status:
    """Whether the runtime is as released; unknown where no manifest tells."""
    if read(root) is None:
        return "unknown"
    return "changed" if differences(root) else "released"


def _counts(path: Path) -> bool:
    """Whether a path below the runtime is the runtime's: not the manifest, no cache, nothing hidden by a system."""
    return path.as_posix() != NAME and not any(part == CACHE or part.startswith(".") for part in path.parts)


def _left_out(path: str, root: Path) -> bool:
    """Whether a file belongs to a subpackage that this project has not chosen."""
    folders = PurePosixPath(path).parts[:-1]
    deepest = 2 if folders and folders[0] in NESTED else 1
    return any(not (root / Path(*folders[:depth])).is_dir() for depth in range(1, deepest + 1))


def _is_as_released(path: Path, digest: str) -> bool:
    """Whether a file has this sha256, as it is or with the line ends that git takes away on Windows."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() == digest:
        return True
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest() == digest
