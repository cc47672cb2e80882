"""What each choice adds to a project: the files of its folder in template/, and its rooms of the runtime."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from .ownership import RUNTIME
from .source import Source


def folder(source: Source, layer: str) -> Path:
    """Where a layer lies: its folder is named after the switch that copier.yml renders to `.` or to nothing."""
    return source.folder / "template" / f"{{{{{layer}}}}}"


@cache
def rooms(root: Path) -> dict[str, tuple[str, ...]]:
    """The rooms of the runtime that come with a layer only, by layer, as copier.yml leaves them out (`_exclude`)."""
    text = (root / "copier.yml").read_text("utf8")
    found: dict[str, tuple[str, ...]] = {}
    for layer, room in re.findall(rf"""\{{\{{ '' if (\w+) else '/{RUNTIME}/([\w/]+)' \}}\}}""", text):
        found[layer] = (*found.get(layer, ()), room)
    return found


def adds(source: Source, *added: str) -> list[str]:
    """The layers' files, as they are called in a project of the package `<package>`, sorted; the runtime is not among
    them."""
    roots = [folder(source, layer) for layer in added]
    paths = (path.relative_to(root).as_posix() for root in roots for path in root.rglob("*") if path.is_file())
    named = (path.replace("{{package}}", "<package>").removesuffix(".jinja") for path in paths)
    return sorted(path for path in named if "_cache/" not in path and "__pycache__/" not in path)  # what tools leave


def places(source: Source, *added: str) -> list[str]:
    """The layers' files in few words: a folder of several files is named once."""
    files = adds(source, *added)
    folders: dict[str, list[str]] = {}
    for path in files:
        folders.setdefault(path.rpartition("/")[0], []).append(path)
    return [f"{folder}/" if folder and len(inside) > 1 else inside[0] for folder, inside in folders.items()]
