"""Locks and manifests agree, for every combination of answers, and can be installed from any index."""

from __future__ import annotations

import itertools
import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlgen import render, source
from mlgen.questions import load

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "locks"
MAKE = runpy.run_path(str(LOCKS / "make.py"))


def combinations() -> Iterator[dict[str, Any]]:
    """Every combination of answers that bring dependencies (a subset, where several may be given), and each of the
    others beside the defaults."""
    questions = [question for question in load().questions.values() if question.choices]
    bringing = [q for q in questions if any((LOCKS / f"{choice.value}.in").exists() for choice in q.choices)]
    options = []
    for question in bringing:
        values = [choice.value for choice in question.choices]
        sizes = range(1, len(values) + 1) if question.several else ()
        options.append(
            [list(s) for n in sizes for s in itertools.combinations(values, n)] if question.several else values
        )
    for chosen in itertools.product(*options):
        yield dict(zip((question.name for question in bringing), chosen, strict=True))
    for question in questions:
        for choice in question.choices[1:]:
            if question not in bringing:
                yield {question.name: choice.value}


def described(answers: dict[str, Any]) -> str:
    return "-".join("+".join(value) if isinstance(value, list) else str(value) for value in answers.values())


@pytest.fixture(params=combinations(), ids=described, scope="module")
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project, for each combination of answers."""
    folder = tmp_path_factory.mktemp("project") / "churn"
    render.render({"project_name": "churn", **request.param}, folder, source.default())
    return folder


def pins(path: Path) -> dict[str, set[str]]:
    """The versions that a lock pins, by normalised name (several where they depend on the Python)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", path.read_text("utf8"), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def installed(project: Path) -> list[dict[str, set[str]]]:
    """What `make setup` may install: the project's lock, and with it one of PyTorch's, where the project needs that."""
    whole = pins(project / "requirements.lock")
    return [whole | pins(build) for build in sorted(project.glob("requirements-torch-*.lock"))] or [whole]


def unmet(requirements: list[str], pinned: dict[str, set[str]]) -> list[str]:
    """The requirements that a lock does not pin, or pins outside of their range."""
    parsed = [Requirement(requirement) for requirement in requirements]
    return [
        str(wanted)
        for wanted in parsed
        if not (versions := pinned.get(canonicalize_name(wanted.name)))
        or not all(wanted.specifier.contains(version) for version in versions)
    ]


def test_a_manifest_and_its_locks_agree(project: Path) -> None:
    """What pyproject.toml asks for is pinned within its range, in the project's lock and in the server's."""
    manifest = tomllib.loads((project / "pyproject.toml").read_text("utf8"))
    groups = manifest["dependency-groups"]
    serving = project / "requirements-serving.lock"

    wanted = manifest["project"]["dependencies"] + groups["dev"] + manifest["build-system"]["requires"]

    for lock in installed(project):
        assert unmet(wanted, lock) == []
    assert serving.exists() == ("serving" in groups)
    assert not serving.exists() or unmet(groups["serving"], pins(serving)) == []


def test_a_server_runs_what_was_trained(project: Path) -> None:
    """The slim lock is part of the whole one, version by version, and leaves out what only training needs."""
    serving = project / "requirements-serving.lock"
    if not serving.exists():
        pytest.skip("no server in this combination")

    whole, slim = pins(project / "requirements.lock"), pins(serving)

    assert slim.items() <= whole.items()
    assert slim.keys().isdisjoint(
        {"pandas", "scikit-learn", "scipy", "mlflow", "xgboost-cpu", "lightgbm", "torch", "pyarrow"}
    )


def test_a_lock_is_one_of_requirements_with_hashes(project: Path) -> None:
    """Each package stands once for a Python version, with hashes, and nothing of Jinja is left."""
    for path in project.glob("requirements*.lock"):
        text = path.read_text("utf8")
        parsed = MAKE["parse"]("\n".join(line for line in text.splitlines() if not line.startswith("#")))

        assert parsed and all(re.fullmatch(r"[a-z0-9._-]+==[\w.]+(\+cpu)?", pin) for pin in parsed)
        assert all(
            hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", h) for h in hashes)
            for _, hashes in parsed.values()
        )
        assert "{" not in text
        assert len(parsed) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))


def test_only_projects_that_train_networks_name_torch(project: Path) -> None:
    """PyTorch and what its CUDA build brings stand in locks of their own, one for each build, and nowhere else."""
    needed = "torch" in (project / "pyproject.toml").read_text("utf8")
    heavy = re.compile(r"torch|triton|(nvidia|cuda)-.*")

    builds = {path.name: pins(path) for path in project.glob("requirements-torch-*.lock")}

    assert not any(heavy.fullmatch(name) for name in pins(project / "requirements.lock"))
    assert bool(builds) == needed
    if needed:
        assert builds["requirements-torch-cpu.lock"] == {"torch": {"2.13.0+cpu"}}
        assert builds["requirements-torch-cuda.lock"]["torch"] == {"2.13.0"}
        assert all(heavy.fullmatch(name) for name in builds["requirements-torch-cuda.lock"])


def test_both_builds_of_torch_are_one_release() -> None:
    """The CPU build's lock, which is written by hand, moves with the other one."""
    (cpu,), (cuda,) = (pins(LOCKS / f"torch-{build}.lock")["torch"] for build in ("cpu", "cuda"))

    assert cpu == f"{cuda}+cpu"


def test_a_layer_that_imports_has_its_input_but_a_shared_one() -> None:
    """Each use case, deployment, and layer beside them lists what it needs; what use cases share, each of them lists.

    A layer that use cases share has no input of its own: which distributions its modules need may differ from use case
    to use case (test_house.py checks that each lists them), and a lock is the closure of what was chosen.
    """
    questionnaire = load()
    asked = [questionnaire.questions[name] for name in ("use_case", "deployment", "monitoring", "data_versioning")]
    chosen = {
        layer for question in asked for choice in question.choices for layer in questionnaire.added(question, choice)
    }
    of_cases = {layer for layer, questions in questionnaire.shared.items() if "use_case" in questions}
    inputs = {path.stem.partition(".")[0] for path in LOCKS.glob("*.in")}

    assert inputs - {"base", "dev"} == chosen - of_cases


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.in")), ids=lambda path: path.name)
def test_a_direct_dependency_has_a_floor_and_a_cap(path: Path) -> None:
    """Every line of an input bounds the version on both sides, and all.txt is within the bounds."""
    lines = [line.split("  #")[0] for line in path.read_text("utf8").splitlines() if line and not line.startswith("#")]

    for line in lines:
        operators = {specifier.operator for specifier in Requirement(line).specifier}
        assert ">=" in operators and "<" in operators, line
    assert unmet(lines, pins(LOCKS / "all.txt")) == []


@pytest.mark.parametrize("path", sorted([*LOCKS.glob("*.txt"), *LOCKS.glob("*.jinja")]), ids=lambda path: path.name)
def test_a_lock_names_no_place(path: Path) -> None:
    """No host, no file, no local build: what is pinned can come from any index."""
    text = path.read_text("utf8")

    assert MAKE["check"](text) == text
    assert not re.search(r"^\s*--(?!hash)", text, re.MULTILINE)


def test_the_generator_installs_from_its_own_lock() -> None:
    """What mlgen's own pyproject.toml asks for, tools included, is pinned in locks/generator.txt."""
    manifest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))
    wanted = (
        manifest["project"]["dependencies"]
        + manifest["dependency-groups"]["dev"]
        + manifest["build-system"]["requires"]
    )

    assert unmet(wanted, pins(LOCKS / "generator.txt")) == []


@pytest.mark.parametrize(
    ("one", "two", "alone", "both"),
    [
        ("os_name == 'nt'", "", "b==1 ; os_name == 'nt'", "b==1"),
        ("a == '1' and b == '2'", "b == '2'", "b==1 ; a == '1' and b == '2'", "b==1 ; b == '2'"),
        ("a == '1'", "b == '2'", "b==1 ; (a == '1') or (b == '2')", "b==1 ; (a == '1') or (b == '2')"),
    ],
    ids=["everywhere", "wider", "neither"],
)
def test_a_package_wanted_under_two_markers_is_rendered_once(one: str, two: str, alone: str, both: str) -> None:
    """Where two layers bring one package under different markers, the widest of the chosen ones wins; where neither
    holds the other, both stand, whichever is chosen."""
    hashes = ("--hash=sha256:0",)
    text = MAKE["tagged"](
        {"base": {"a==1": ("", hashes)}, "one": {"b==1": (one, hashes)}, "two": {"b==1": (two, hashes)}},
        ("base",),
    )

    def rendered(*switches: str) -> str:
        return str(Template(text).render(dict.fromkeys(switches, ".")))

    assert f"{alone} \\\n" in rendered("one")
    assert f"{both} \\\n" in rendered("one", "two") and rendered("one", "two").count("b==1") == 1
    assert "b==1" not in rendered()


def test_a_place_in_a_lock_is_refused() -> None:
    """A wheel that lies on the machine where locks are made does not get into them."""
    for line in ("torch==2.13.0+cpu", "x @ file:///tmp/x.whl", "--index-url https://index.example/simple"):
        with pytest.raises(SystemExit, match="names a place or a local build"):
            MAKE["check"](line)
