"""Where the template is, and what a project records of it, so that `copier update` finds the next release.

From a checkout of this repository, Copier is given the checkout at its current commit. From an installed wheel, the
template lies beside this module; the project then records the canonical source and the release's tag, whose bytes the
wheel holds.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import __version__

# Where releases of this template are published, as `copier copy` takes it. The one place that says so: a fork or an
# organisation's mirror changes it here, and every project made by its wheel updates from there.
CANONICAL = "https://git.example.com/mlgen/mlgen-template.git"

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent

# The root that holds copier.yml, template/ and src/mlgen/questions.yml: the checkout, else what the wheel brings.
ROOT = _CHECKOUT if (_CHECKOUT / "copier.yml").is_file() else _PACKAGE / "source"


@dataclass(frozen=True)
class Source:
    """What Copier reads (`path` at `ref`), and what replaces it in the project's record (None: Copier's own words)."""

    path: str
    ref: str | None = None
    recorded: tuple[str, str] | None = None  # (source, tag)

    @property
    def folder(self) -> Path:
        """The template's root, for what is read without Copier (layers, files of a choice)."""
        return Path(self.path)


def default() -> Source:
    """The template that belongs to this mlgen: the checkout it runs from, else the wheel's own copy."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        return Source(str(ROOT), ref="HEAD")
    return Source(str(ROOT), recorded=(CANONICAL, f"v{__version__}"))


def uncommitted(source: Source) -> bool:
    """Whether a checkout has changes that no commit holds: a project made from it could not be updated later."""
    if source.ref != "HEAD" or not (source.folder / ".git").exists():
        return False
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=source.path, capture_output=True, text=True, check=True
    )
    return bool(status.stdout.strip())
