"""The shape of the configuration: every file of conf/ composes, and what does not fit is refused by name."""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from mlgen_runtime.config import run as config
from mlgen_runtime.config import settings
from mlgen_runtime.config.overrides import check, quoted, scalar
from mlgen_runtime.config.schema import Bound, OneOf, Part, Share, convert
from mlgen_runtime.config.tree import ConfTree, project_root
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import settings as rows
from mlgen_runtime.tabular import settings as tabular
from mlgen_runtime.timeseries import settings as timeseries
from mlgen_runtime.usecase import configuration, registry
from mlgen_runtime.usecase.configuration import load, schema_of
from sample_projects import USE_CASES, configuration_files, rendered

MODULES = (settings, rows, tabular, timeseries)

FILES = [(case, group, choice) for case in USE_CASES for group, choice in configuration_files(case)]
TASKS = {case: registry.find(case).vocabulary.tasks for case in USE_CASES}
each_file = pytest.mark.parametrize(("use_case", "group", "choice"), FILES, indirect=["use_case"])
each_use_case = pytest.mark.parametrize("use_case", USE_CASES, indirect=True)


def tree_of(use_case: str, group: str = "") -> ConfTree:
    """conf/ of a project that has this group. Not to be changed by a test."""
    return ConfTree(rendered(use_case, group if group in ("dvc", "delta") else "none"))


@pytest.fixture
def tree(use_case: str) -> ConfTree:
    """conf/ of a project of a use case. Not to be changed by a test."""
    return tree_of(use_case)


@each_file
def test_every_file_of_conf_composes_into_a_typed_run(use_case: str, group: str, choice: str) -> None:
    """No file names a setting that does not exist, and help pages and early refusals know exactly what will run."""
    tree = tree_of(use_case, group)
    assert choice in tree.groups[group]
    changed = f"{group}={choice}" if group in tree.compose({}).choices else f"+{group}={choice}"
    run = load([changed], tree.root)

    composed = check([changed], tree, schema_of(tree), sweep=False)
    assert composed.certain
    assert {key for key in composed.settings if key.split(".")[0] != "hydra"} == keys(run.raw)


@each_use_case
def test_the_list_of_conf_s_files_is_complete(use_case: str, tree: ConfTree) -> None:
    """No file of a project's conf/ goes without the tests of each file."""
    listed = {(group, choice) for case, group, choice in FILES if case == use_case}

    assert {(group, choice) for group, choices in tree.groups.items() for choice in choices} <= listed


def keys(values: Any, prefix: str = "") -> set[str]:
    """The dotted keys of nested mappings, the mappings' own included."""
    if not isinstance(values, dict):
        return set()
    return {f"{prefix}{name}" for name in values}.union(*(keys(values[name], f"{prefix}{name}.") for name in values))


def settings_classes() -> list[type]:
    """Every settings dataclass of the configuration."""
    named = {value for module in MODULES for name, value in vars(module).items() if name.endswith("Settings")}
    return sorted(
        (value for value in named if dataclasses.is_dataclass(value)), key=lambda cls: (cls.__module__, cls.__name__)
    )


@pytest.mark.parametrize("cls", settings_classes())
def test_no_dataclass_has_a_default_value(cls: type) -> None:
    """Each default stands once, in YAML."""
    missing = dataclasses.MISSING
    assert [f.name for f in dataclasses.fields(cls) if (f.default, f.default_factory) != (missing, missing)] == []


@each_file
def test_every_file_of_conf_says_what_it_is_for(use_case: str, group: str, choice: str) -> None:
    """A reader of conf/ finds a sentence at the top of each file."""
    page = tree_of(use_case, group).page(f"{group}/{choice}")

    assert page is not None
    assert page.title, f"conf/{group}/{choice}.yaml has no comment at its top"


def names(use_case: str, tree: ConfTree) -> dict[str, str]:
    """What differs by use case in the overrides and messages below."""
    found = tree.compose({})
    listed, settings = found.choices["model"], found.settings
    own = (
        key for key in settings if key.count(".") == 1 and key.startswith("model.") and f"{key}.name" not in settings
    )
    other = next(choice for choice in tree.groups["model"] if choice != listed)
    return {"MODEL": str(listed), "OTHER": other, "KEY": next(own), "TASK": TASKS[use_case][0]}


@each_use_case
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("KEYX=4", ["KEY", "conf/model/MODEL.yaml"]),
        ("modle=x", ["did you mean 'model'", "conf/model/"]),
        ("model=OTHERx", ["conf/model/", "did you mean 'OTHER'"]),
        ("gate.confidence=2", ["gate.confidence", "above 0 and below 1", "conf/gate/default.yaml"]),
        ("gate.confidence=half", ["'half'", "a number above 0 and below 1"]),
        ("seed=abc", ["'abc'", "a whole number", "conf/config.yaml"]),
        ("seed=1.5", ["1.5", "a whole number"]),
        ("confidence=0.9", ["did you mean 'gate.confidence' in conf/gate/default.yaml"]),
        ("task=TASKx", ["did you mean 'TASK'"]),
        ("gate.strict=maybe", ["true or false", "conf/gate/default.yaml"]),
        ("gate.resamples=0", ["at least 1"]),
        ("data.na_values=3", ["a list", "conf/data/default.yaml"]),
        ("data.path=???", ["data.path is not set", "conf/"]),
        ("experiment=quick", ["+experiment=quick"]),
        ("+experiment=quik", ["conf/experiment/", "did you mean 'quick'"]),
        ("+gate.confidnce=3", ["gate.confidnce", "did you mean 'confidence'", "conf/gate/default.yaml"]),
        ("+nothing=3", ["nothing", "no such setting"]),
        ("~seed", ["seed", "missing", "conf/config.yaml"]),
        ("tracking.uri=${nowhere}", ["tracking.uri", "nowhere", "conf/tracking/default.yaml"]),
        ("model=[x", ["[x", "quotes"]),
        ("data.path=a(1).csv", ["quotes"]),
        ("seed=1,2", ["-m", "seed=[1,2]"]),
        ("seed", ["seed"]),
    ],
)
def test_a_wrong_override_is_refused_by_name(use_case: str, tree: ConfTree, changed: str, words: list[str]) -> None:
    """The one line says which key or value, what was expected or is nearest, and where that stands."""
    for name, here in names(use_case, tree).items():
        changed, words = changed.replace(name, here), [word.replace(name, here) for word in words]
    with pytest.raises(InputError) as refused:
        load([changed], tree.root)

    message = str(refused.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


@each_use_case
def test_a_setting_of_another_choice_names_that_choice(tree: ConfTree) -> None:
    """Of a key that only another model has, one learns which."""
    own, others = set(tree.compose({}).settings), tree.groups["model"]
    foreign = [(c, k) for c in others for k in tree.page(f"model/{c}").settings if f"model.{k}" not in own]  # type: ignore[union-attr]
    choice, key = foreign[0]

    with pytest.raises(InputError, match=rf"it belongs to model={choice} \(conf/model/{choice}.yaml\)"):
        load([f"model.{key}=1"], tree.root)


@each_use_case
def test_a_group_that_is_a_plain_word_is_refused_with_the_way_to_choose(use_case: str, tree: ConfTree) -> None:
    """`model: other` in a YAML file would replace the settings by a word; the message shows how to take a choice."""
    raw = {**load(root=tree.root).raw, "model": names(use_case, tree)["OTHER"]}

    with pytest.raises(InputError, match="override /model"):
        config.from_raw(schema_of(tree), raw, tree.root, lambda key: "conf/project.yaml")


def test_another_project_s_conf_is_refused(tree: ConfTree, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime of a project does not run on the configuration of a different one."""
    monkeypatch.setattr(configuration, "ROOT", project / "vendor" / "mlgen_runtime")
    load(root=tree.root)
    page = project / "conf" / "config.yaml"
    page.write_text(page.read_text("utf8").replace("package: churn", "package: other"), "utf8")

    with pytest.raises(InputError, match="belongs to the project 'churn', this is 'other'"):
        load(root=tree.root)


def test_a_layer_s_settings_are_as_strict_as_the_rest(tree: ConfTree) -> None:
    """A layer brings its own dataclass; unknown keys and wrong types are refused with the file."""

    @dataclass(frozen=True)
    class Door:
        port: int

    raw = {"door": {"port": 80}, "other": {"prot": 80}}
    run = dataclasses.replace(load(root=tree.root), raw=raw, where=lambda key: "conf/door.yaml")

    assert run.layer("door", Door) == Door(port=80)
    with pytest.raises(InputError, match=r"other.prot: no such setting \(did you mean 'port'\?\); see conf/door.yaml"):
        run.layer("other", Door)
    with pytest.raises(InputError, match="add `- window: default`"):
        run.layer("window", Door)


def test_a_file_that_is_not_yaml_is_named_with_its_line(tree: ConfTree, tmp_path: Path) -> None:
    """A slip of the editor is no bug of the program."""
    shutil.copytree(tree.root / "conf", tmp_path / "conf")
    (tmp_path / "conf" / "gate" / "default.yaml").write_text("metric: null\nmargin: [0.1\n", "utf8")

    with pytest.raises(InputError, match=r"conf/gate/default.yaml: line 3 is not YAML"):
        load(root=tmp_path)


def test_a_record_of_the_configuration_shows_no_password(tree: ConfTree) -> None:
    """What is kept in MLflow and in reports has the address, not the secret."""
    raw = {"tracking": {"uri": "postgresql://me:se%cret@host/db"}, "data": {"na_values": ["http://u:p@h", "a:b@c"]}}

    record = dataclasses.replace(load(root=tree.root), raw=raw).record

    assert record["tracking"]["uri"] == "postgresql://me:***@host/db"
    assert record["data"]["na_values"] == ["http://u:***@h", "a:b@c"]


@dataclass(frozen=True)
class Everything:
    """One field of each kind that a configuration can hold."""

    name: str
    count: int
    size: Share
    part: Part
    flag: bool
    word: Literal["none", "auto", "true"]
    listed: Annotated[str, OneOf(("a", "b"))] | None
    names: list[str]
    weights: dict[str, Annotated[float, Bound(above=0)]]


GOOD: dict[str, Any] = {
    "name": "x", "count": 1, "size": 0.5, "part": 0, "flag": True, "word": "none", "listed": None, "names": ["a", 2020],
    "weights": {"a": 1},
}  # fmt: skip


def test_values_take_the_type_of_their_field() -> None:
    """Whole numbers become numbers where those are meant, and text where a name is meant; `true` may be a word."""
    made = convert(Everything, {**GOOD, "name": 2020, "word": True}, "all", lambda key: "all.yaml")

    assert (made.name, made.word, made.names, made.part) == ("2020", "true", ["a", "2020"], 0.0)
    assert isinstance(made.part, float)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("name", 1.10, "text"),
        ("name", None, "text"),
        ("count", True, "a whole number"),
        ("count", "1", "a whole number"),
        ("size", 1, "above 0 and below 1"),
        ("size", float("nan"), "a number"),
        ("part", 1.5, "at most 1"),
        ("flag", 1, "true or false"),
        ("word", "nun", "did you mean 'none'"),
        ("listed", "c", "out of a, b or null"),
        ("names", "a", "a list"),
        ("weights", {"a": 0}, "all.weights.a: 0 is not a number above 0"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name: str, value: object, words: str) -> None:
    """The message names the key, the value, what was expected, and the file."""
    with pytest.raises(InputError) as refused:
        convert(Everything, {**GOOD, name: value}, "all", lambda key: "all.yaml")

    assert words in str(refused.value)
    assert f"all.{name}" in str(refused.value)
    assert str(refused.value).endswith("all.yaml")


def test_plain_words_are_read_as_hydra_reads_them() -> None:
    """The early check and Hydra agree on what a word on the command line means."""
    assert [scalar(word) for word in ("null", "True", "7", "1e-5", "0.2", "time")] == [None, True, 7, 1e-5, 0.2, "time"]


@pytest.mark.parametrize("text", ["sqlite:///shop.db#customers", "données.csv", "http://h/t.csv?a=1&b=2", "~/rows.csv"])
def test_an_address_needs_no_quotes_of_its_own(tree: ConfTree, text: str) -> None:
    """Characters that Hydra's grammar does not know are taken as they are written."""
    assert load([f"data.path={text}"], tree.root).data.path == text


@pytest.mark.parametrize("text", ["[a#b]", "'a#b'", "${seed}#", "a,b#", "f(#)", "plain"])
def test_what_hydra_s_grammar_means_is_left_to_it(text: str) -> None:
    """Lists, quoted text, interpolations, sweeps and functions keep their meaning."""
    assert quoted(f"data.path={text}") == f"data.path={text}"


def test_the_nearest_folder_above_with_a_conf_is_the_project(tmp_path: Path) -> None:
    """Commands work from any folder of the project."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("seed: 1\n", "utf8")
    (tmp_path / "deep" / "down").mkdir(parents=True)

    assert project_root(tmp_path / "deep" / "down") == tmp_path
