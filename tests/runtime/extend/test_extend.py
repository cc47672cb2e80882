"""A project's own models, metrics and checks, end to end: a few lines of the user's, and the runtime does the rest."""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mlgen_runtime import extend
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.core import extensions
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.extensions import registered
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.training import pipeline
from mlgen_runtime.training.pipeline import Trained
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion

sys.path.insert(0, str(Path(__file__).parent))
REGRESSION = ("data.path=data/sample_regression.csv", "data.target=log_spending", "data.key=[person]")
QUICK = ("gate.resamples=50", "split.test_size=0.3")


@pytest.fixture
def own(project: Path) -> Iterator[Path]:
    """A project whose extensions are those of own_code."""
    page = project / "conf" / "config.yaml"
    page.write_text(page.read_text("utf8").replace("extensions: []", "extensions: [own_code]"), "utf8")
    sys.modules.pop("own_code", None)
    with extensions.alone():
        yield project
    sys.modules.pop("own_code", None)


@pytest.fixture
def train(own: Path) -> Callable[..., Trained]:
    """Train with overrides, without a word."""
    return lambda *changed: pipeline.train(load([*QUICK, *changed], own), Steps(pipeline.STEPS, io.StringIO()))


@pytest.mark.parametrize("name", ["random_forest", "scaled_logistic", "lightgbm_wrapper", "xgboost_wrapper"])
def test_an_estimator_becomes_a_candidate(name: str, train: Callable[..., Trained], own: Path) -> None:
    """It is judged by its ONNX graph, which equals it, and published; its bundle is opened without its code."""
    found = train(f"model={name}")
    candidate = next(model for model in found.models if model.kind == "candidate")
    served = Store(own / "bundles").fetch(found.published.version)

    assert candidate.name == name
    assert candidate.parity is not None
    assert candidate.parity.format == "onnx"
    assert candidate.parity.largest <= 1e-5
    assert candidate.metrics["roc_auc"] > 0.6
    assert not list(served.rglob("*.pkl"))
    assert json.loads((served / "bundle.json").read_text("utf8"))["extensions"] == []


def test_an_estimator_of_numbers_has_an_interval_that_holds(train: Callable[..., Trained]) -> None:
    """Its interval, by held-out residuals, covers about 90 of 100 test rows."""
    found = train(*REGRESSION, "model=forest_of_numbers")
    candidate = next(model for model in found.models if model.kind == "candidate")

    assert candidate.parity is not None
    assert candidate.parity.largest <= 1e-5
    assert 0.8 < candidate.metrics["coverage"] < 0.98


@pytest.mark.parametrize("name", ["forest_of_numbers", "booster_of_numbers"])
def test_an_estimator_learns_on_another_scale(name: str, train: Callable[..., Trained]) -> None:
    """target.transform holds for a model of one's own, in the graph, too; other objectives are its own business."""
    found = train(f"model={name}", *REGRESSION, "target.transform=box_cox")

    candidate = next(model for model in found.models if model.kind == "candidate")
    assert candidate.model is not None
    assert str(candidate.model.parameters()["link"]).startswith("yeo_johnson:")
    assert candidate.parity is not None
    assert candidate.parity.format == "onnx"
    assert candidate.metrics["r2"] > 0
    with pytest.raises(InputError, match=f"model={name}: target.objective=mae is for the models of conf/model"):
        train(f"model={name}", *REGRESSION, "target.objective=mae")


def test_an_estimator_is_not_known_to_keep_constraints(train: Callable[..., Trained], own: Path) -> None:
    """What cannot be promised is refused by the column's name."""
    train("model=forest_of_numbers", *REGRESSION)
    contract = own / "data" / "contract.yaml"
    text = contract.read_text("utf8").replace("\n  age:\n", "\n  age:\n    monotone: increasing\n")
    contract.write_text(text, "utf8")

    with pytest.raises(InputError, match="model=forest_of_numbers is not known to keep .* says of 'age'"):
        train("model=forest_of_numbers", *REGRESSION)


def test_its_parameters_are_settings(train: Callable[..., Trained]) -> None:
    """Types and defaults are the function's; a value of the wrong type is refused as anywhere."""
    found = train("model=random_forest", "model.n_estimators=7", "model.max_depth=3")
    candidate = next(model for model in found.models if model.kind == "candidate")

    assert candidate.model is not None
    assert candidate.model.parameters()["n_estimators"] == 7
    with pytest.raises(InputError, match="model.n_estimators: 'many' is not a whole number"):
        train("model=random_forest", "model.n_estimators=many")
    with pytest.raises(InputError, match="model.n_estimator: no such setting.*n_estimators"):
        train("model=random_forest", "model.n_estimator=3")


def test_a_parameter_without_a_default_must_be_set(train: Callable[..., Trained]) -> None:
    with pytest.raises(InputError, match="model.depth is not set; expected a whole number"):
        train("model=without_a_default")

    assert train("model=without_a_default", "model.depth=3").models


def test_a_file_in_conf_holds_other_defaults(train: Callable[..., Trained], own: Path) -> None:
    """conf/model/<name>.yaml wins over the function's defaults."""
    (own / "conf/model/random_forest.yaml").write_text("name: random_forest\nn_estimators: 5\nmax_depth: 2\n", "utf8")

    candidate = next(model for model in train("model=random_forest").models if model.kind == "candidate")

    assert candidate.model is not None
    assert candidate.model.parameters()["max_depth"] == 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("support_vectors", r"the ONNX model differs by \d.*never loaded; choose another estimator"),
        ("histograms", r"ONNX cannot express HistGradientBoostingClassifier.*choose another estimator"),
        (
            "stopped_early",
            r"model=stopped_early: XGBClassifier cannot be fitted: Must have at least 1 validation dataset",
        ),
        ("no_estimator", r"own_code gives int, which has no fit; return an estimator for classes"),
        ("random_forst", r"model=random_forst: no such choice.*did you mean 'random_forest'"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_line(
    name: str, reason: str, train: Callable[..., Trained], own: Path
) -> None:
    """The figure or the reason is there, and nothing was published."""
    with pytest.raises(InputError, match=reason) as refused:
        train(f"model={name}")

    assert "\n" not in str(refused.value)
    assert not Store(own / "bundles").versions()


def test_weights_reach_the_last_step_of_a_pipeline(train: Callable[..., Trained]) -> None:
    """`train.class_weight=balanced` raises the rare class's probabilities; an estimator without weights says so."""
    plain, balanced = (
        next(model for model in found.models if model.kind == "candidate").scores.probabilities[:, 1].mean()
        for found in (train("model=scaled_logistic"), train("model=scaled_logistic", "train.class_weight=balanced"))
    )

    assert abs(balanced - 0.5) < abs(plain - 0.5) / 2


def test_what_takes_no_weights_says_so(train: Callable[..., Trained]) -> None:
    """The note is there only where the rows' weights differ."""
    for imbalance, expected in (("balanced", True), ("none", False)):
        found = train("model=nearest_neighbours", f"train.class_weight={imbalance}", "bundle.onnx_tolerance=2")
        assert any("nearest_neighbours takes no weights of rows" in note for note in found.notes) is expected


@pytest.mark.parametrize("wrapper", ["lightgbm_wrapper", "xgboost_wrapper"])
def test_a_wrapper_refuses_rows_that_lack_a_class(wrapper: str, own: Path, train: Callable[..., Trained]) -> None:
    """The contract has a label that no training row has: one line says so."""
    train()
    place = own / "data" / "contract.yaml"
    text = place.read_text("utf8")
    before, target, after = text.partition("saw_doctor:")
    after = after.replace("categories: ['no', 'yes']", "categories: [maybe, 'no', 'yes']", 1)
    place.write_text(before.replace("task: binary", "task: multiclass") + target + after, "utf8")

    with pytest.raises(InputError, match="must see every class, and the training rows lack one of the 3"):
        train(f"model={wrapper}")


def test_a_wrapper_is_fitted_to_each_fold_and_to_all_rows(
    train: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more often: the last fit is the one that serves."""
    from lightgbm import LGBMClassifier

    fits, fit = [], LGBMClassifier.fit
    monkeypatch.setattr(
        LGBMClassifier, "fit", lambda self, X, y, **more: fits.append(len(X)) or fit(self, X, y, **more)
    )

    found = train("model=lightgbm_wrapper")

    counts = found.prepared.counts
    assert len(fits) == counts["folds"] + 1 and max(fits) == counts["train_rows"] == fits[-1]
    assert sum(counts["rows"] - learnt for learnt in fits[:-1]) == counts["test_rows"]


@pytest.mark.parametrize(
    ("kind", "name", "act"),
    [
        ("model", "lightgbm", []),
        ("metric", "roc_auc", ["gate.metric=roc_auc"]),
        ("check", "out_of_range", []),
    ],
)
def test_a_name_of_ours_is_refused(kind: str, name: str, act: list[str], train: Callable[..., Trained]) -> None:
    """What the runtime brings is never silently replaced."""
    importlib.import_module("own_code")
    extensions.register(extensions.Extension(kind, name, lambda: None, {"settings": {}, "title": "t", "tasks": ()}))  # type: ignore[arg-type]

    with pytest.raises(InputError, match=f"the {kind} '{name}' has the name of one that the runtime brings"):
        train(*act)


def test_a_wrapper_with_another_objective_is_refused(train: Callable[..., Trained]) -> None:
    """Its trees add up to something else than its predictions: that would be served wrongly."""
    with pytest.raises(InputError, match="another objective than the task's was chosen; leave the objective out"):
        train(*REGRESSION, "model=other_objective")


def test_the_same_seed_gives_the_same_model(train: Callable[..., Trained]) -> None:
    """`seed` is the run's: two runs give equal scores."""
    first, second = (
        next(model for model in train("model=random_forest", "seed=5").models if model.kind == "candidate").scores
        for _ in range(2)
    )

    assert np.array_equal(first.probabilities, second.probabilities)


def test_a_metric_decides_and_is_bootstrapped(train: Callable[..., Trained], own: Path) -> None:
    """`gate.metric=f2` has an interval like any other; run and bundle say which code it was."""
    found = train("model=random_forest", "gate.metric=f2")
    low, high = found.decision.intervals["candidate:random_forest"]
    candidate = next(model for model in found.models if model.kind == "candidate")
    lineage = json.loads((Store(own / "bundles").fetch(found.published.version) / "lineage.json").read_text("utf8"))

    assert found.decision.metric == "f2"
    assert low < candidate.metrics["f2"] < high
    assert ("metric", "f2") in {(entry["kind"], entry["name"]) for entry in lineage["extensions"]}
    assert all(len(entry["sha256"]) == 64 for entry in lineage["extensions"])


def test_a_metric_may_be_better_the_smaller_it_is(train: Callable[..., Trained]) -> None:
    """The constant baseline, which misses the most, is not promoted over a model that misses fewer."""
    found = train("model=lightgbm", "gate.metric=misses", "gate.baseline=ahead")

    assert all(
        comparison.improvement
        == pytest.approx(
            next(m for m in found.models if m.key == comparison.against).metrics["misses"]
            - next(m for m in found.models if m.key == comparison.name).metrics["misses"]
        )
        for comparison in found.decision.comparisons
    )


def test_a_metric_of_another_task_is_refused(train: Callable[..., Trained]) -> None:
    with pytest.raises(InputError, match="metric 'f2' is none of a regression task's"):
        train(*REGRESSION, "gate.metric=f2")


def test_a_check_is_told_and_graded_as_ours_are(train: Callable[..., Trained]) -> None:
    """Its words are filled in; as an error it stops the training before anything is written."""
    assert any(note.startswith("age is above 0.6 in") for note in train().notes)

    with pytest.raises(InputError, match="the rows break their contract: age is above 0.6 in"):
        train("+contract.severity.plausible_age=error")
    assert not any("age is above" in note for note in train("+contract.severity.plausible_age=off").notes)


def test_a_module_that_is_not_there_is_named(project: Path) -> None:
    """The line says which entry of conf/config.yaml to mend."""
    page = project / "conf" / "config.yaml"
    page.write_text(page.read_text("utf8").replace("extensions: []", "extensions: [churn.nowhere]"), "utf8")

    with pytest.raises(InputError, match=r"project.extensions: there is no module 'churn.nowhere'"):
        load([], project)


def test_what_a_module_raises_is_raised_with_the_name_of_who_asked(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug of the user's keeps its trace, and the note names the setting."""
    (project / "broken_code.py").write_text("raise RuntimeError('a slip')\n", "utf8")
    monkeypatch.syspath_prepend(project)
    page = project / "conf" / "config.yaml"
    page.write_text(page.read_text("utf8").replace("extensions: []", "extensions: [broken_code]"), "utf8")

    with pytest.raises(RuntimeError, match="a slip") as raised:
        load([], project)

    assert "project.extensions in conf/config.yaml lists" in raised.value.__notes__[0]


@pytest.mark.parametrize("override", ["project.extensions=[own_code]", "project.use_case=timeseries"])
def test_what_is_read_first_is_no_run_s_to_change(override: str, own: Path) -> None:
    """It would be recorded, and not be so; an experiment is told its file."""
    key, _, value = override.partition("=")
    with pytest.raises(InputError, match=f"{key}: no run can change it.*conf/config.yaml"):
        load([override], own)
    name = key.split(".")[1]
    (own / "conf/experiment/other.yaml").write_text(f"# @package _global_\nproject:\n  {name}: {value}\n", "utf8")
    with pytest.raises(InputError, match=rf"{key} in conf/experiment/other.yaml: no run can change it"):
        load(["+experiment=other"], own)


def test_extensions_may_stand_in_the_declaration(project: Path) -> None:
    """conf/project.yaml wins over conf/config.yaml in this, too."""
    declared = project / "conf" / "project.yaml"
    declared.write_text("# @package _global_\nproject:\n  extensions: [own_code]\n", "utf8")
    sys.modules.pop("own_code", None)

    with extensions.alone():
        assert load([], project).project.extensions == ["own_code"]
        assert "random_forest" in registered("model")
    sys.modules.pop("own_code", None)


def test_two_things_of_one_name_are_refused(own: Path) -> None:
    """The second module that registers a name is told where the first one is."""
    importlib.import_module("own_code")

    def f2(truth: object, scores: object, weight: object) -> float:
        return 0.0

    with pytest.raises(InputError, match="the metric 'f2' is there already, in own_code; rename one"):
        extend.metric(tasks=["binary"])(f2)


def test_the_promise_is_what_is_exported(own: Path) -> None:
    """Names, parameters and version of the public module: a change here breaks users' code and takes a new version."""
    importlib.import_module("own_code")

    assert extend.VERSION == "1.1"
    assert set(extend.__all__) == {
        "Finding",
        "InputError",
        "Notice",
        "VERSION",
        "check",
        "feature",
        "metric",
        "model",
        "registered",
        "sink",
    }
    assert set(registered("metric")) == {"f2", "misses"}
    assert set(registered("check")) == {"plausible_age"}
    assert set(registered("sink")) == {"own_chat"}
    assert len(registered("model")) == 13


def test_a_promoted_estimator_serves(train: Callable[..., Trained], own: Path) -> None:
    """With the gate's margin out of the way it becomes the champion, and predicts what it was judged by."""
    found = train("model=random_forest", "gate.baseline=ahead")

    assert found.published.champion == found.published.version
    model = load_champion(load([], own))
    assert set(model.predict(model.example())) == {"prediction", "probability_no", "probability_yes"}
