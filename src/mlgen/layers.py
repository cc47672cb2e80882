"""What each choice adds to a project: the files of its folder in template/."""

from __future__ import annotations

from pathlib import Path

from .source import Source


def folder(source: Source, layer: str) -> Path:
    """Where a layer lies: its folder is named after the switch that copier.yml renders to `.` or to nothing."""
    return source.folder / "template" / f"{{{{{layer}}}}}"


def adds(source: Source, *added: str) -> list[str]:
    """The layers' files, as they are called in a project of the package `<package>`, sorted."""
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
