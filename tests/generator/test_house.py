"""The rules of the house, held over every file: what a reader may rely on without reading all of it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from trees import BIN

from mlgen import layers, manifest
from mlgen.questions import load

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template"
RUNTIME = TEMPLATE / "vendor" / "mlgen_runtime"
LONGEST = 300  # lines of a module

#: Where the name to import differs from the name to install.
DISTRIBUTIONS = {"airflow": "apache-airflow", "hydra": "hydra-core", "prometheus_client": "prometheus-client",
                 "sklearn": "scikit-learn", "xgboost": "xgboost-cpu", "yaml": "pyyaml"}  # fmt: skip
#: Modules that lie beside a script in an exported folder, and are no package.
EXPORTED = {"reader", "forecaster"}
#: Layers with an environment of their own that goes by another name (locks/environments).
APART = {"monitor": "evidently"}
UNSAFE = {"pickle", "cPickle", "_pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
UNSAFE_NAMES = {"read_pickle", "to_pickle", "allow_pickle", "load_pickle", "jsonpickle", "unsafe_load"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules(*folders: Path) -> list[Path]:
    """The plain Python files below `folders`."""
    return [path for path in tracked() if path.suffix == ".py" and any(folder in path.parents for folder in folders)]


def layer_of(path: Path) -> str | None:
    """The layer that a file of the template comes with: by its folder, or by its room of the runtime; None for all."""
    if match := re.fullmatch(r"\{\{(\w+)\}\}", path.relative_to(TEMPLATE).parts[0]):
        return match[1]
    for layer, rooms in layers.rooms(ROOT).items():
        if any(path.is_relative_to(RUNTIME / room) for room in rooms):
            return layer
    return None


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import in a module, wherever it stands, as (level, dotted name); `from .a import b` gives `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
            if node.level:
                yield from ((node.level, f"{node.module or ''}.{alias.name}".strip(".")) for alias in node.names)


def counted_on(path: Path) -> Iterator[Path]:
    """The modules of the runtime that one of it imports whenever it is imported itself: not in a function, not for
    types only."""
    nodes: list[ast.stmt] = list(ast.parse(path.read_text("utf8")).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        nodes += [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)
                  and not isinstance(node, ast.FunctionDef)]  # fmt: skip
        if isinstance(node, ast.ImportFrom) and node.level:
            package = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for place in (package, *(package / alias.name for alias in node.names)):
                yield from (found for found in (place / "__init__.py", place.with_suffix(".py")) if found.is_file())


@cache
def cases() -> dict[str, frozenset[str]]:
    """Each use case and its layers: what it shares with others, and its own."""
    question = load().questions["use_case"]
    return {str(choice): frozenset(load().added(question, choice)) for choice in question.choices}


def there_with(layer: str | None) -> frozenset[str | None]:
    """What is in every project that has a layer: what all have, and what its use cases share."""
    having = [layers for layers in cases().values() if layer in layers]
    return frozenset({None, layer}).union(*having[:1]).intersection(*({None, layer, *layers} for layers in having))


def beside(layer: str | None) -> bool:
    """Whether a layer is no use case's: it may stand beside any of them, as the root does."""
    return layer not in set().union(*cases().values())


@pytest.mark.parametrize("path", modules(ROOT / "src", TEMPLATE, ROOT / "locks"), ids=named)
def test_a_module_says_what_it_is_for_and_can_be_read_in_one_sitting(path: Path) -> None:
    """It parses as plain Python, opens with a docstring, and has at most 300 lines."""
    text = path.read_text("utf8")

    tree = ast.parse(text)

    assert not text.strip() or ast.get_docstring(tree), f"{named(path)} does not say what it is for"
    assert len(text.splitlines()) <= LONGEST
    assert path.stem not in ("utils", "helpers", "util", "helper", "common", "misc")


def test_no_two_layers_bring_a_module_under_one_path() -> None:
    """What a project has of its own code stands in one place of the template: nothing is swapped by overlay."""
    paths = [path.relative_to(TEMPLATE) for path in modules(TEMPLATE)]
    places = [Path(*path.parts[1:]) if path.parts[0].startswith("{{") else path for path in paths]

    assert sorted(places) == sorted(set(places))


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports them by their names alone, and a whole run would not begin."""
    names = [path.name for path in sorted((ROOT / "tests").rglob("test_*.py"))]

    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("path", modules(TEMPLATE), ids=named)
def test_python_in_the_template_is_not_a_template(path: Path) -> None:
    """No Jinja statement and no substitution stands in a .py file, nor what would be taken for one."""
    text = path.read_text("utf8")

    assert "{%" not in text
    assert "{{" not in text


@pytest.mark.parametrize("path", [path for path in tracked() if path.name.endswith(".py.jinja")], ids=named)
def test_a_generated_test_substitutes_the_package_name_only(path: Path) -> None:
    """Rendered with another package name, nothing but that name changes."""
    text = path.read_text("utf8")

    assert "{%" not in text
    written = re.sub(r"""\{\{ ?["'](\{\{|\}\})["'] ?\}\}""", "", text)  # two braces that are meant as such
    assert set(re.findall(r"\{\{.*?\}\}", written)) <= {"{{ package }}", "{{ slug }}"}


@pytest.mark.parametrize("path", modules(ROOT / "src", TEMPLATE), ids=named)
def test_nothing_is_pickled(path: Path) -> None:
    """No module imports a pickler, names a function that unpickles, or allows one to (`allow_pickle=False` is fine)."""
    tree = ast.parse(path.read_text("utf8"))

    named_here = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named_here |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg
                   and not (isinstance(node.value, ast.Constant) and node.value.value is False)}  # fmt: skip

    assert {name.split(".")[0] for _, name in imports(path)}.isdisjoint(UNSAFE)
    assert named_here.isdisjoint(UNSAFE_NAMES)


@pytest.mark.parametrize("path", modules(RUNTIME), ids=named)
def test_a_module_counts_on_what_is_there_with_it(path: Path) -> None:
    """Whatever a project chose, each module of its runtime can be imported: what it imports at once came along."""
    wanted = {layer_of(found) for found in counted_on(path)}

    assert wanted <= there_with(layer_of(path))


def test_imports_go_one_way() -> None:
    """The rooms of the runtime know those below them, and no use case but by its protocol (pyproject.toml)."""
    done = subprocess.run([BIN / "lint-imports"], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(RUNTIME.parent)},
                          capture_output=True, text=True)  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_every_room_left_out_is_there() -> None:
    """What copier.yml leaves out of the runtime is a subpackage of it, and belongs to a layer."""
    rooms = layers.rooms(ROOT)

    assert set(rooms) <= set(load().layers)
    assert all((RUNTIME / room / "__init__.py").is_file() for found in rooms.values() for room in found)
    assert {"rows", "tabular", "timeseries", "rest", "batch", "edge", "monitor", "dvc", "delta"} <= set(rooms)


def test_the_manifest_is_current() -> None:
    """MANIFEST.json names the runtime as it lies here; `make manifest` (or `make format`) writes it."""
    assert (RUNTIME / manifest.NAME).read_text("utf8") == manifest.text(RUNTIME)


@pytest.mark.parametrize("path", modules(RUNTIME), ids=named)
def test_what_a_module_imports_is_declared(path: Path) -> None:
    """Every third-party import is a direct dependency of all projects that the module can stand in (locks/*.in)."""
    layer = layer_of(path)
    used = {name.split(".")[0] for level, name in imports(path) if not level} - set(sys.stdlib_module_names)
    used -= EXPORTED

    for case in cases():
        if beside(layer) or layer in cases()[case]:
            own = [layer, f"{layer}.serving", f"environments/{APART.get(layer, layer)}"] if layer else []
            declared = set().union(*map(named_in, ("base", "dev", case, f"{case}.serving", *own)))
            assert {DISTRIBUTIONS.get(name, name.replace("_", "-")).lower() for name in used} <= declared, case


def named_in(lock: str) -> set[str]:
    """The distributions that an input lists; none where there is no such input (a shared layer has none)."""
    path = ROOT / "locks" / f"{lock}.in"
    return (
        {match[0].lower() for match in re.finditer(r"^[\w-]+", path.read_text("utf8"), re.MULTILINE)}
        if path.exists()
        else set()
    )


def test_paths_are_legal_on_every_system() -> None:
    """No file name holds a character that Windows refuses, and no two differ by case only."""
    names = [named(path) for path in tracked()]

    assert not [name for name in names if re.search(r'[<>:"|?*\\]|[. ]$', name)]
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("path", tracked(), ids=named)
def test_no_file_names_a_machine_or_an_index(path: Path) -> None:
    """Nothing that is committed holds a path of one machine, a package index, or the wrong name to install."""
    if path == Path(__file__).resolve() or path.suffix in (".png", ".parquet"):
        return
    text = path.read_text("utf8")

    here = "|".join(re.escape(f"{folder}/") for folder in (ROOT, Path.home()))
    found = re.findall(rf"{here}|/home/\w+/|https?://\S+/(?:simple|packages)/|://[\w.]*(?:artifactory|nexus)", text)

    assert not found
    assert "pip install " + "mlgen\n" not in text
