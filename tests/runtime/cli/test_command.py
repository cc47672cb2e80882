"""The command line: verbs, help, exit codes, reports, many runs at once. A stand-in takes the place of `train`."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from mlgen_runtime.cli import verbs
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.cli.verbs import discover
from mlgen_runtime.config.run import RunConfig
from mlgen_runtime.config.tree import ConfTree
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.report import VerbReport
from sample_projects import rendered, run_code

#: This module runs in each use case.
EACH_USE_CASE = True
VERBS = sorted(verbs.VERBS.entries)
#: This verb has no settings of its own.
WITHOUT_SETTINGS = {"runtime"}
Stand = Callable[[Callable[[RunConfig], VerbReport]], list[RunConfig]]


@pytest.fixture
def root(use_case: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, as the current folder. Not to be changed by a test."""
    monkeypatch.chdir(rendered(use_case))
    return rendered(use_case)


@pytest.fixture
def project(use_case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project's conf/ and nothing else, as the current one."""
    shutil.copytree(rendered(use_case) / "conf", tmp_path / "conf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def models(use_case: str) -> tuple[str, str]:
    """The model of a plain run, and another one."""
    tree = ConfTree(rendered(use_case))
    plain = str(tree.compose({}).choices["model"])
    return plain, next(choice for choice in tree.groups["model"] if choice != plain)


@pytest.fixture
def stand_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """Replace what `train` does; the list that comes back holds the configuration of every call."""
    calls: list[RunConfig] = []

    def install(body: Callable[[RunConfig], VerbReport]) -> list[RunConfig]:
        def run(config: RunConfig) -> VerbReport:
            calls.append(config)
            return body(config)

        monkeypatch.setitem(sys.modules, "mlgen_runtime.cli.train", SimpleNamespace(run=run))
        return calls

    return install


def files(folder: Path) -> list[str]:
    """The files in a folder but those of conf/."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if not path.startswith("conf/"))


def test_help_lists_every_verb_with_what_it_does(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer sees the verbs and the choices; no arguments at all show the same page."""
    assert main(["--help"]) == 0
    page = capsys.readouterr().out
    assert main([]) == 0

    assert capsys.readouterr().out == page
    for verb in discover().values():
        assert f"{verb.name} " in page
        assert verb.help in page
    for group in ("model", "experiment"):
        assert all(choice in page for choice in ConfTree(root).groups[group])


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in WITHOUT_SETTINGS])
def test_a_verb_s_help_shows_its_main_settings_with_their_defaults(
    verb: str, use_case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The defaults and their meaning come from conf/, so the page cannot fall behind."""
    root = rendered(use_case, "delta" if verb == "snapshot" else "none")
    monkeypatch.chdir(root)
    assert main([verb, "--help"]) == 0

    page = capsys.readouterr().out
    known = {*ConfTree(root).compose({}).settings, *ConfTree(root).groups}
    settings = [key for key in discover()[verb].settings if key in known]
    assert settings
    assert [key for key in settings if f"{key}=" not in page and f"{key}.NAME=" not in page] == []


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["train", "modle=x"], ["trian"]])
def test_help_and_refusals_import_nothing_heavy(arguments: list[str], root: Path) -> None:
    """They come at once because neither Hydra nor a library of models is imported."""
    heavy = ("hydra", "omegaconf", "numpy", "pandas", "sklearn", "mlflow")
    code = f"main({arguments}); print([name for name in {heavy} if name in sys.modules])"
    code = f"import sys; from mlgen_runtime.cli.__main__ import main; {code}"

    done = run_code(code, cwd=root)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "[]"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], "did you mean 'train'"),
        (["seed=3"], "no verb is given"),
        (["train", "--mulitrun"], "did you mean '--multirun'"),
        (["train", "--cfg"], "--cfg needs a value"),
        (["train", "--cfg", "jop"], "did you mean 'job'"),
        (["train", "--multirun=3"], "takes no value"),
        (["train", "seed"], "seed=VALUE"),
        (["train", "--config-dir", "nowhere"], "there is no folder 'nowhere'"),
        (["train", "modle=x"], "did you mean 'model'"),
        (["train", "+nothing=3"], "no such setting"),
        (["train", "-m", "seed=1,x"], "'x' is not a whole number"),
        (["train", "--resolve"], "--resolve"),
    ],
)
def test_a_wrong_command_line_exits_2_with_one_line_and_writes_nothing(
    arguments: list[str], words: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is misspelt, the answer is one line and no file."""
    assert main(arguments) == 2

    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert files(project) == []


def test_a_run_gets_its_overrides_and_leaves_one_report(
    stand_in: Stand, project: Path, models: tuple[str, str]
) -> None:
    """The verb sees typed settings; the report is the only file and says what was overridden."""
    _, other = models
    calls = stand_in(lambda config: VerbReport({"score": 0.5, "lost": float("nan"), "where": Path("a/b")}))

    assert main(["train", "seed=7", f"model={other}"]) == 0

    assert (calls[0].seed, calls[0].model.name, calls[0].root) == (7, other, project)
    assert files(project) == ["reports/train.json"]
    report = json.loads((project / "reports" / "train.json").read_text("utf8"))
    assert report == {
        "verb": "train", "overrides": ["seed=7", f"model={other}"], "exit_code": 0,
        "score": 0.5, "lost": None, "where": "a/b",
    }  # fmt: skip


def test_a_run_from_a_folder_below_works_on_the_project(
    stand_in: Stand, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the project, wherever in it the command is typed."""
    seen = []
    stand_in(lambda config: seen.append(Path.cwd()) or VerbReport())  # type: ignore[func-returns-value]
    (project / "deep").mkdir()
    monkeypatch.chdir(project / "deep")

    assert main(["train"]) == 0

    assert seen == [project]
    assert Path.cwd() == project / "deep"
    assert files(project) == ["reports/train.json"]


def test_an_alert_s_exit_code_is_the_verb_s(stand_in: Stand) -> None:
    """3 says: done, but not promoted."""
    stand_in(lambda config: VerbReport(exit_code=3))

    assert main(["train"]) == 3


def test_wrong_input_found_by_a_verb_exits_2_and_writes_no_report(
    stand_in: Stand, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An expected failure is one line, with no trace."""

    def refuse(config: RunConfig) -> VerbReport:
        raise InputError("no rows in data/empty.csv; give a file with rows")

    stand_in(refuse)

    assert main(["train"]) == 2
    assert capsys.readouterr().err.endswith(": no rows in data/empty.csv; give a file with rows\n")
    assert files(project) == []


def test_a_bug_keeps_its_trace(stand_in: Stand) -> None:
    """An unexpected failure comes out as it was raised, the verb's own line at the bottom."""

    def stumble(config: RunConfig) -> VerbReport:
        raise KeyError("bug")

    stand_in(stumble)

    with pytest.raises(KeyError, match="bug") as raised:
        main(["train"])
    assert raised.traceback[-1].name == "stumble"


def test_ctrl_c_exits_130_without_a_trace(stand_in: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    """Stopping a run is not a failure of the program."""

    def stop(config: RunConfig) -> VerbReport:
        raise KeyboardInterrupt

    stand_in(stop)

    assert main(["train"]) == 130
    assert capsys.readouterr().err.endswith(": stopped\n")


def test_multirun_runs_every_combination_and_sums_up(
    stand_in: Stand, project: Path, models: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each combination has its own report; a table ends it; the last report lies where a single run's would."""
    plain, other = models
    calls = stand_in(lambda config: VerbReport({"headline": {"score": config.seed / 10}}))

    assert main(["train", "-m", f"model={plain},{other}", "seed=1,2,3"]) == 0

    assert [(c.model.name, c.seed) for c in calls] == [(name, seed) for name in models for seed in (1, 2, 3)]
    [folder] = (project / "reports" / "multirun").iterdir()
    assert all((folder / str(run) / "train.json").is_file() for run in range(6))
    last = json.loads((project / "reports" / "train.json").read_text("utf8"))
    assert last["overrides"] == [f"model={other}", "seed=3"]
    summary = json.loads((folder / "summary.json").read_text("utf8"))
    assert [row["figures"]["score"] for row in summary] == [0.1, 0.2, 0.3] * 2
    table = capsys.readouterr().out.splitlines()[-8:]
    assert table[0].split() == ["model", "seed", "score"]
    assert table[6].split() == [other, "3", "0.3"]


@pytest.mark.parametrize(("failures", "code"), [({}, 0), ({1: 3}, 3), ({1: 2, 2: 3}, 2), ({1: 1, 2: 2}, 1)])
def test_the_gravest_run_decides_the_exit_code_of_many(failures: dict[int, int], code: int, stand_in: Stand) -> None:
    """A run that fails does not stop the others, and is not forgotten."""

    def run(config: RunConfig) -> VerbReport:
        outcome = failures.get(config.seed, 0)
        if outcome == 1:
            raise ValueError("bug")
        if outcome == 2:
            raise InputError("wrong")
        return VerbReport(exit_code=outcome)

    calls = stand_in(run)

    assert main(["train", "-m", "seed=1,2"]) == code
    assert len(calls) == 2


def test_cfg_job_shows_what_would_run_and_runs_nothing(
    stand_in: Stand, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is YAML with the overrides in it."""
    calls = stand_in(lambda config: VerbReport())

    assert main(["train", "--cfg", "job", "+experiment=quick", "seed=9"]) == 0

    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["seed"] == 9
    assert shown["gate"]["resamples"] == 200
    assert calls == []
    assert files(project) == []


def test_a_further_folder_can_hold_experiments(stand_in: Stand, project: Path) -> None:
    """--config-dir adds files without touching the project's own."""
    (project / "more" / "experiment").mkdir(parents=True)
    page = "# @package _global_\n# Ours.\nseed: 99\n"
    (project / "more" / "experiment" / "ours.yaml").write_text(page, "utf8")
    calls = stand_in(lambda config: VerbReport())

    assert main(["train", "--config-dir", "more", "+experiment=ours"]) == 0
    assert calls[0].seed == 99


def test_settings_of_the_declaration_win_over_conf_and_lose_to_the_command_line(
    stand_in: Stand, project: Path, models: tuple[str, str]
) -> None:
    """conf/project.yaml lies between the two, for values and for choices."""
    plain, other = models
    page = f"# @package _global_\ndefaults:\n  - override /model: {other}\n  - _self_\nseed: 5\ngate:\n  margin: 0.1\n"
    (project / "conf" / "project.yaml").write_text(page, "utf8")
    calls = stand_in(lambda config: VerbReport())

    assert main(["train"]) == 0
    assert main(["train", "seed=6", f"model={plain}"]) == 0

    assert [(c.seed, c.model.name, c.gate.margin) for c in calls] == [(5, other, 0.1), (6, plain, 0.1)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train model=", ["model=PLAIN", "model=OTHER"]),
        ("train +experiment=", ["+experiment=quick"]),
        ("train gate.m", ["gate.margin=", "gate.metric="]),
        ("", [name for name in VERBS if name != "snapshot"]),  # which this project does not have
        ("tr", ["train"]),
    ],
)
def test_the_shell_completes_verbs_settings_and_choices(
    line: str,
    words: list[str],
    root: Path,
    models: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The verb is ours to complete, the rest Hydra's, which never sees the verb."""
    words = [word.replace("PLAIN", models[0]).replace("OTHER", models[1]) for word in words]
    monkeypatch.setenv("COMP_LINE", f"churn {line}")
    monkeypatch.setenv("COMP_POINT", str(len(os.environ["COMP_LINE"])))

    assert main(["-sc", "query=bash"]) == 0

    offered = capsys.readouterr().out.split()
    assert [word for word in words if word not in offered] == []
