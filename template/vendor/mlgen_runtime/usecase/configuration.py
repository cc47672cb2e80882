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
    page = tree.page("config")
    settings = {} if page is None else page.settings
    name = settings["project.use_case"].value if "project.use_case" in settings else ""
    _same_project(tree, settings["project.package"].value if "project.package" in settings else "")
    case = registry.find(name)
    listed = settings["project.extensions"].value if "project.extensions" in settings else "[]"
    extensions.load(module.strip() for module in listed.strip("[]").split(",") if module.strip())
    return case.schema


def _same_project(tree: ConfTree, package: str) -> None:
    """Refuse a configuration of another project than the one that this runtime lies in."""
    own = ConfTree(ROOT.parents[1])
    page = own.page("config") if own.root != tree.root else None
    if page is not None and "project.package" in page.settings:
        here = page.settings["project.package"].value
        if package != here:
            raise InputError(
                f"{tree.root / 'conf'} belongs to the project {package!r}, this is {here!r}; "
                "change to a folder of the project that you mean"
            )
