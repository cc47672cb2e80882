"""What a release's runtime consists of: MANIFEST.json beside it, the version and the sha256 of each of its files.

    make manifest      (python -m mlgen.manifest: after each change of the runtime)

A project carries it along, so that `<project> runtime` can say whether the copy in vendor/ is as released.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from . import __version__
from .ownership import RUNTIME
from .source import ROOT

NAME = "MANIFEST.json"


def text(runtime: Path) -> str:
    """The manifest of a runtime as it lies there, in the bytes that are written."""
    files = {
        path.relative_to(runtime).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(runtime.rglob("*"))
        if path.is_file() and _counts(path.relative_to(runtime))
    }
    return json.dumps({"version": __version__, "files": files}, indent=1) + "\n"


def _counts(path: Path) -> bool:
    """Whether a file is the runtime's: not the manifest, no cache, nothing hidden."""
    return path.as_posix() != NAME and not any(part == "__pycache__" or part.startswith(".") for part in path.parts)


def main() -> None:
    """Write the manifest of the runtime in template/, unless it is current."""
    runtime = ROOT / "template" / RUNTIME
    now = text(runtime)
    place = runtime / NAME
    if not place.is_file() or place.read_text("utf8") != now:
        place.write_text(now, "utf8", newline="\n")
        print(f"wrote {place.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
