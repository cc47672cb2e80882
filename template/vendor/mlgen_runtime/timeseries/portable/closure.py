"""The modules that some modules of this package import when they are loaded, and those that these import, and so on.

Read from the source: imports at the top of a module count; those inside a function, or for type checkers only, do not.
So what serves is told from what trains, and nothing has to be listed by hand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The folder of the runtime.
ROOT = Path(__file__).parents[2]


def copy(folder: Path, names: Iterable[str]) -> None:
    """Copy modules (`timeseries.forecast.lags`) and all that they need into a new package, byte for byte: imports are
    relative."""
    for name in sorted(modules(names)):
        place = folder / _path(name).relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(_path(name).read_bytes())
    (folder / "__init__.py").write_text('"""The modules of the project that serve forecasts, copied as they are."""\n')


def modules(names: Iterable[str], root: Path = ROOT) -> set[str]:
    """The names of the modules and of all that they need, packages included."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name and name not in found and _path(name, root).is_file():
            found.add(name)
            waiting += [name.rpartition(".")[0], *_imports(name, root)]
    return found


def _path(name: str, root: Path = ROOT) -> Path:
    place = root.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _imports(name: str, root: Path) -> Iterator[str]:
    """What a module imports relatively; `from .a import b` may mean a module a.b."""
    inside = name.split(".") if _path(name, root).name == "__init__.py" else name.split(".")[:-1]
    for node in ast.parse(_path(name, root).read_text("utf8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            start = inside[: len(inside) - node.level + 1]
            base = [*start, *((node.module or "").split(".") if node.module else [])]
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)
