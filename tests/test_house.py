"""The rules of the house, held over every file: what a reader may rely on without reading all of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mlgen.questions import load

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template"
PACKAGE = "{{package}}"
LONGEST = 300  # lines of a module

#: Where the name to import differs from the name to install.
DISTRIBUTIONS = {"hydra": "hydra-core", "prometheus_client": "prometheus-client", "sklearn": "scikit-learn",
                 "xgboost": "xgboost-cpu", "yaml": "pyyaml"}  # fmt: skip
#: Modules that lie beside a script in an exported folder, and are no package.
EXPORTED = {"reader", "forecaster"}
UNSAFE = {"pickle", "cPickle", "_pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
#: Modules that every use case has for deployments: predictions as a reader gets them, many at once, and without us.
OFFERED = {"answer", "bulk", "portable"}
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
    """The layer that a file of the template belongs to; None for the files that every project has."""
    match = re.fullmatch(r"\{\{(\w+)\}\}", path.relative_to(TEMPLATE).parts[0])
    return match[1] if match else None


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every import in a module, wherever it stands, as (level, dotted name); `from .a import b` gives `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
            if node.level:
                yield from ((node.level, f"{node.module or ''}.{alias.name}".strip(".")) for alias in node.names)


@cache
def owners() -> dict[str, set[str | None]]:
    """Which layers a module of a generated package can come from, by its dotted name; None is the root."""
    found: dict[str, set[str | None]] = {}
    for path in modules(TEMPLATE):
        if PACKAGE in path.parts:
            found.setdefault(dotted(path), set()).add(layer_of(path))
    return found


def dotted(path: Path) -> str:
    """`template/{{tabular}}/src/{{package}}/model/blend.py` is `model.blend`, and a package is its folder's name."""
    inside = path.with_suffix("").parts[path.parts.index(PACKAGE) + 1 :]
    return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)


def targets(path: Path) -> Iterator[str]:
    """The modules of the generated package that a module of it imports."""
    here = dotted(path).split(".") if dotted(path) else []
    folder = here if path.stem == "__init__" else here[:-1]
    for level, name in imports(path):
        if level:
            start = folder[: len(folder) - (level - 1)]
            wanted = ".".join([*start, *([name] if name else [])])
            while wanted and wanted not in owners():
                wanted = wanted.rpartition(".")[0]
            yield wanted


@cache
def cases() -> dict[str, frozenset[str]]:
    """Each use case and its layers: what it shares with others, and its own."""
    question = load().questions["use_case"]
    return {str(choice): frozenset(load().added(question, choice)) for choice in question.choices}


def stacks(layer: str | None) -> list[frozenset[str | None]]:
    """What a layer's modules may count on, once for each use case they can stand in: the root and that use case.

    A deployment counts on the root alone, and on what a use case offers it; the root and layers that stand beside any
    use case (monitoring, versions of data), on what every use case has.
    """
    if layer in load().questions["deployment"].values:
        return [frozenset({None, layer})]
    return [frozenset({None, layer, *layers}) for layers in cases().values() if beside(layer) or layer in layers]


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


@pytest.mark.parametrize("path", [p for p in modules(TEMPLATE) if PACKAGE in p.parts], ids=named)
def test_a_module_counts_on_what_is_there_with_it(path: Path) -> None:
    """A module imports what is there wherever it is: the root what every use case has, a deployment next to nothing."""
    deployment = layer_of(path) in load().questions["deployment"].values
    wanted = [target for target in targets(path) if target and not (deployment and target.split(".")[0] in OFFERED)]

    for there in stacks(layer_of(path)):
        assert not {target: owners()[target] for target in wanted if owners()[target].isdisjoint(there)}


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_every_use_case_offers_what_deployments_use(name: str) -> None:
    """The modules of a use case that a deployment may import are there in each of them, and only there."""
    assert owners()[name] <= set().union(*cases().values())
    assert all(owners()[name] & layers for layers in cases().values())


@pytest.mark.parametrize("path", [p for p in modules(TEMPLATE) if PACKAGE in p.parts], ids=named)
def test_what_a_module_imports_is_declared(path: Path) -> None:
    """Every third-party import is a direct dependency of all projects that the module can stand in (locks/*.in)."""
    layer = layer_of(path)
    used = {name.split(".")[0] for level, name in imports(path) if not level} - set(sys.stdlib_module_names)
    used -= EXPORTED

    for case in cases():
        if beside(layer) or layer in cases()[case]:
            own = [layer, f"{layer}.serving"] if layer else []
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
