"""The configuration of a project: its use case gives it a shape, its extensions add to that.

config = load(["model=xgboost", "seed=7"])      # in a test or a notebook
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..config.composition import compose
from ..config.run import ConfigSchema, RunConfig
from ..config.tree import ConfTree, project_root
from ..core import extensions
from ..core.errors import InputError
from ..core.registry import ROOT
from . import registry


def load(changed: Sequence[str] = (), root: Path | None = None) -> RunConfig:
    """Compose the configuration of `root` (found from the current folder by default) with overrides.

    Raises InputError for overrides or files that do not fit.
    """
    tree = ConfTree(root or project_root())
    return compose(changed, tree, schema_of(tree))


def schema_of(tree: ConfTree) -> ConfigSchema:
    """The shape of a project's configuration. Raises InputError where conf/config.yaml names no use case of this
    project, or belongs to another project."""
    _same_project(tree)
    case = registry.find(_fixed(tree, "project.use_case"))
    listed = _fixed(tree, "project.extensions").strip("[]").split(",")
    extensions.load(name for module in listed if (name := module.strip()) not in ("", "null", "~"))
    return case.schema


def _fixed(tree: ConfTree, key: str) -> str:
    found = tree.fixed(key)
    return "" if found is None else found.value


def _same_project(tree: ConfTree) -> None:
    """Refuse a configuration of another project than the one that this runtime lies in."""
    own = ConfTree(ROOT.parents[1])
    here = _fixed(own, "project.package") if own.root != tree.root else ""
    if here and here != (package := _fixed(tree, "project.package")):
        raise InputError(
            f"{tree.root / 'conf'} belongs to the project {package!r}, this is {here!r}; "
            "change to a folder of the project that you mean"
        )
