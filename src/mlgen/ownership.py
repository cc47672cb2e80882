"""Whose a file of a generated project is: the user's, both sides', or the template's. The table is ownership.yml.

>>> kind_of("src/churn/models.py"), kind_of("conf/rest/default.yaml"), kind_of("vendor/mlgen_runtime/core/errors.py")
('user', 'merged', 'template')
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

from .source import ROOT

PATH = ROOT / "src" / "mlgen" / "ownership.yml"
RUNTIME = "vendor/mlgen_runtime"
KEPT = "kept"  # where an update puts edited files of what it drops

Kind = Literal["user", "merged", "template"]

#: What the lists are called in the file: the first is the name that Copier knows.
KEYS: Mapping[Kind, str] = {"user": "_skip_if_exists", "merged": "_merged", "template": "_template"}


@cache
def table(path: Path = PATH) -> Mapping[Kind, tuple[str, ...]]:
    """The patterns of each kind, in the order in which they are asked."""
    import yaml

    content = yaml.safe_load(path.read_text("utf8"))
    return {kind: tuple(content[key]) for kind, key in KEYS.items()}


def listed(path: str | PurePosixPath) -> Kind | None:
    """The kind whose list is the first to name a path below a project's root; None where no list does."""
    for kind, patterns in table().items():
        if any(_matches(str(path), pattern) for pattern in patterns):
            return kind
    return None


def kind_of(path: str | PurePosixPath) -> Kind:
    """Whose a file is; what the template does not know of is the user's."""
    return listed(path) or "user"


def _matches(path: str, pattern: str) -> bool:
    if not pattern.startswith("/"):
        return fnmatchcase(PurePosixPath(path).name, pattern)
    return fnmatchcase(path, pattern[1:] + ("*" if pattern.endswith("/") else ""))
