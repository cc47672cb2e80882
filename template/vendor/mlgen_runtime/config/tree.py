"""The folder `conf/` as its reader sees it: which settings there are, what they mean, and the file each one stands in.

Hydra composes the configuration that runs. This reads the same YAML with nothing but PyYAML, in a few milliseconds, for
help pages and for telling which file a wrong key belongs to. It knows defaults lists as this repository writes them
(`group: choice`, a file's name, `override /group: choice`); where a file does more, `certain` is False.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from ..core import extensions
from ..core.errors import InputError
from ..core.extensions import Extension
from ..core.registry import ROOT

#: Groups that Hydra itself owns; what is under them is Hydra's to check.
HYDRA = "hydra"


@dataclass(frozen=True)
class Setting:
    """One key with the value as YAML writes it, its comment, and its file relative to the project's root."""

    value: str
    comment: str
    file: str
    holds_keys: bool = False


@dataclass
class Page:
    """One YAML file: its settings by dotted key, and its defaults list as (group or None, choice, overrides)."""

    settings: dict[str, Setting]
    defaults: list[tuple[str | None, str | None, bool]]
    everywhere: bool
    title: str
    file: str
    certain: bool = True


@dataclass
class Composed:
    """The settings that a run with these choices would have."""

    choices: dict[str, str | None]
    settings: dict[str, Setting] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    certain: bool = True

    def file(self, key: str) -> str:
        """The file a dotted key is set in, or of the group that it belongs to."""
        group = key.split(".")[0]
        if key in self.settings and key != group:
            return self.settings[key].file
        return self.files.get(group) or (self.settings[key].file if key in self.settings else "conf/config.yaml")


def project_root(start: Path | None = None) -> Path:
    """Return the folder with `conf/config.yaml`: `start` (the current folder), one above it, else that of vendor/.

    Raises InputError where there is none.
    """
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents, ROOT.parents[1]):
        if (folder / "conf" / "config.yaml").is_file():
            return folder
    raise InputError(f"there is no conf/config.yaml in {here} or above it; change to the project's folder")


@dataclass(frozen=True)
class ConfTree:
    """The configuration folders of a project: its own `conf/`, after any that `--config-dir` names."""

    root: Path
    extra: tuple[Path, ...] = ()

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """Folders in the order in which a file is looked for."""
        return (*self.extra, self.root / "conf")

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Every group and its choices, both sorted."""
        found: dict[str, set[str]] = {}
        for folder in self.folders:
            for path in folder.rglob("*.yaml"):
                group = path.parent.relative_to(folder).as_posix()
                if group != ".":
                    found.setdefault(group, set()).add(path.stem)
        if own := extensions.registered("model"):
            found.setdefault("model", set()).update(own)
        return {group: sorted(found[group]) for group in sorted(found)}

    def page(self, name: str) -> Page | None:
        """Read the file `<name>.yaml`, for example "model/xgboost"; None where there is none or it is not YAML."""
        for folder in self.folders:
            path = folder / f"{name}.yaml"
            if path.is_file():
                from . import yaml_page  # the list of verbs does without PyYAML, which takes long to import

                shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
                return yaml_page.read(path, shown.as_posix())
        group, _, choice = name.rpartition("/")
        own = extensions.registered("model") if group == "model" else {}
        return _own_page(own[choice]) if choice in own else None

    def fixed(self, key: str) -> Setting | None:
        """A setting as conf/config.yaml has it, or conf/project.yaml, which wins: what no run can change."""
        pages = [page for name in ("project", "config") if (page := self.page(name)) is not None]
        return next((page.settings[key] for page in pages if key in page.settings), None)

    def compose(self, chosen: Mapping[str, str | None], added: Iterable[tuple[str, str]] = ()) -> Composed:
        """Put the pages together: `chosen` overrides choices of the defaults list, `added` extends it."""
        top = self.page("config")
        if top is None:
            return Composed({}, certain=False)
        names = [*top.defaults, *((group, choice, False) for group, choice in added)]
        listed = _choices(self, names)
        listed.update({group: choice for group, choice in chosen.items() if group in listed})
        composed = Composed(listed, certain=top.certain)
        order = [
            (group, composed.choices.get(group) if group else choice)
            for group, choice, replaces in names
            if not replaces
        ]
        if not any(choice == "_self_" for _, choice in order):
            order.append((None, "_self_"))
        for group, choice in order:
            if choice == "_self_":
                composed.settings.update(top.settings)
            elif choice is not None and choice != "null":
                self._include(composed, group, choice)
        return composed

    def _include(self, composed: Composed, group: str | None, choice: str, prefix: str | None = None) -> None:
        page = self.page(f"{group}/{choice}" if group else choice)
        if page is None:
            composed.certain = False
            return
        composed.certain &= page.certain
        if prefix is None:
            prefix = "" if page.everywhere or not group else f"{group.replace('/', '.')}."
        if prefix:
            composed.settings.setdefault(prefix[:-1], Setting("", page.title, page.file, True))
            composed.files[prefix[:-1]] = page.file
        for name, entry, replaces in page.defaults:
            if not replaces and name is None and entry not in (None, "_self_"):
                base, _, package = str(entry).partition("@")
                self._include(composed, group, base, f"{prefix}{package}." if package else prefix)
            elif not replaces and name is not None:
                composed.certain = False
        composed.settings.update({f"{prefix}{key}": setting for key, setting in page.settings.items()})


def _own_page(found: Extension) -> Page:
    """A model of the project's own without a file: its function's parameters and their defaults are the settings."""
    place = f"{found.module.replace('.', '/')}.py"
    settings = {"name": Setting(found.name, "", place)}
    settings |= {name: Setting(_plain(value), "", place) for name, value in found.options["settings"].items()}
    title = (found.function.__doc__ or "").strip().partition("\n")[0]
    return Page(settings, [], False, title, place)


def _plain(value: object) -> str:
    """A default as YAML writes it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _choices(tree: ConfTree, names: list[tuple[str | None, str | None, bool]]) -> dict[str, str | None]:
    """The choice of each group; a later page's `override` wins over an earlier one."""
    choices = {group: choice for group, choice, _ in names if group}
    for group, choice, _ in names:
        page = tree.page(f"{group}/{choice}" if group else str(choice))
        for name, other, replaces in page.defaults if page else []:
            if replaces and name:
                choices[name] = other
    return choices
