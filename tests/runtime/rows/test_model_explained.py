"""What the card and the report say of a model's inputs and weak spots is what the rows were made with."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.explanation import slices
from mlgen_runtime.rows.explanation.palette import png
from mlgen_runtime.rows.settings import ExplanationSettings
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from sample_projects import copied, rendered

SETTINGS = ExplanationSettings(
    served=True, rows=1000, repeats=3, inputs=30, curves=6, slices=10, slice_rows=30, learning_curve=False
)
QUICK = ["+experiment=quick", "gate.resamples=100", "data.drop=[]", "data.key=[]"]


def made(rows: int, task: str) -> pd.DataFrame:
    """`strong` and `weak` decide, `luck` does not; in the region `fog` everything is chance."""
    draw = np.random.default_rng(11)
    strong, weak, luck = draw.normal(size=(3, rows))
    region = draw.choice(["coast", "hills", "fog"], rows)
    score = 2.5 * strong + 0.8 * weak + draw.logistic(size=rows) * 0.5
    score = np.where(region == "fog", draw.logistic(size=rows) * 3, score)
    goal = {
        "binary": np.where(score > 0, "yes", "no"),
        "multiclass": np.select([score < -1, score < 1], ["low", "middle"], "high"),
        "regression": score,
    }[task]
    return pd.DataFrame({"strong": strong, "weak": weak, "luck": luck, "region": region, "goal": goal})


def trained(root: Path, task: str, *more: str) -> pipeline.Trained:
    """A training on such rows."""
    made(2400, task).to_csv(root / "rows.csv", index=False)
    given = [*QUICK, "data.path=rows.csv", "data.target=goal", "model.n_estimators=60", *more]
    return pipeline.train(load(given, root), Steps(pipeline.STEPS))


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The figures of a model of two classes, and its project."""
    root = copied(rendered("tabular"), tmp_path_factory.mktemp("explained") / "project")
    folds = ["train.refit=true", "split.folds=5"]
    return root, trained(root, "binary", "explanation.learning_curve=true", *folds).explained


def test_importance_follows_what_decides(explained: tuple[Path, dict[str, Any]]) -> None:
    """By shuffling and by SHAP; what is chance costs nothing when it is shuffled, though the trees have used it."""
    found = {each["input"]: each for each in explained[1]["importance"]}

    assert next(iter(found)) == "strong"
    assert max(found, key=lambda name: found[name]["shap"]) == "strong"
    assert found["strong"]["worse"] > 0.1
    assert abs(found["luck"]["worse"]) < 0.03 < found["weak"]["worse"]
    assert all(each["least"] <= each["worse"] <= each["most"] for each in found.values())


def test_partial_dependence_rises_where_the_answer_does(explained: tuple[Path, dict[str, Any]]) -> None:
    """Over the values of the strongest input; its single rows lie around it."""
    first = explained[1]["dependence"][0]
    mean = first["means"]["goal = yes"]

    assert first["input"] == "strong"
    assert first["values"] == sorted(first["values"])
    assert mean[-1] - mean[0] > 0.4
    assert all(low <= high for low, high in zip(first["low"], first["high"], strict=True))


def test_the_slice_of_chance_is_found(explained: tuple[Path, dict[str, Any]]) -> None:
    """The worst slice is the region in which everything is chance, and it is so beyond luck."""
    worst = explained[1]["slices"][0]

    assert (worst["input"], worst["words"], worst["weak"]) == ("region", "= fog", True)
    assert worst["low"] < worst["value"] < worst["high"] < 0.8
    assert all(each["rows"] >= SETTINGS.slice_rows for each in explained[1]["slices"])


def test_the_learning_curve_has_growing_parts(explained: tuple[Path, dict[str, Any]]) -> None:
    """Each point is a fit to more rows, all judged by the same ones."""
    points = explained[1]["learning_curve"]

    assert [point["rows"] for point in points] == [240, 480, 960, 1920]
    assert points[-1]["value"] > points[0]["value"]
    assert all(point["low"] <= point["high"] for point in points)


def test_the_card_shows_it_all(explained: tuple[Path, dict[str, Any]]) -> None:
    """Pictures with captions, and a page that can be mailed."""
    page = (explained[0] / "reports" / "train.html").read_text("utf8")

    for name in ("importance", "shap", "partial dependence", "slices", "learning curve"):
        assert f'alt="{name}"' in page
    assert len(page) < 500_000


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_explained_alike(task: str, project: Path) -> None:
    """Several classes have a curve each; an amount has one."""
    found = trained(project, task).explained

    assert found["importance"][0]["input"] == "strong"
    assert found["slices"][0]["words"] == "= fog"
    curves = found["dependence"][0]["means"]
    assert set(curves) == ({"low", "middle", "high"} if task == "multiclass" else {"goal"})
    if task == "regression":
        assert curves["goal"][-1] > curves["goal"][0]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_same_seed_explains_alike(project: Path) -> None:
    """To the last digit."""
    assert trained(project, "binary").explained == trained(project, "binary").explained


def test_a_constant_has_nothing_to_explain(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On pure noise the baseline is registered: its answers are all alike, so no input is important."""
    monkeypatch.chdir(project)
    rows = made(400, "binary").assign(goal=np.random.default_rng(0).choice(["no", "yes"], 400))
    rows.to_csv("rows.csv", index=False)
    given = [*QUICK, "data.path=rows.csv", "data.target=goal", "model.n_estimators=20"]

    assert main(["train", *given]) == 0

    report = json.loads(Path("reports/train.json").read_text("utf8"))
    found = report["explanation"]
    if report["promoted"] == "majority":
        assert found["importance"] == []
        assert found["dependence"] == []
    assert found["metric"] == "roc_auc"


def weak_ones(seed: int) -> int:
    """How many slices of rows that are all answered equally well are called weak."""
    draw = np.random.default_rng(seed)
    rows = 1500
    frame = pd.DataFrame({f"n{number}": draw.normal(size=rows) for number in range(6)})
    frame["level"] = draw.choice(["a", "b", "c", "d"], rows)
    truth = draw.normal(size=rows)
    columns = tuple(Column(name=name, type="number") for name in frame.columns[:6])
    goal = Column(name="goal", role="target", type="number")
    contract = Contract(
        vocabulary=VOCABULARY,
        task="regression",
        columns=(*columns, Column(name="level", type="category", categories=("a", "b", "c", "d")), goal),
    )
    prepared: Any = SimpleNamespace(test=frame, truth=truth, contract=contract)
    chosen: Any = SimpleNamespace(scores=truth + draw.normal(size=rows))
    found = slices.measure(SETTINGS, prepared, chosen, metrics.METRICS["rmse"], seed)
    return sum(each.weak for each in found)


def test_chance_is_not_called_weak() -> None:
    """Of 40 tables without a weak spot, each with 28 slices, at most 5 have one that is called so."""
    assert sum(weak_ones(seed) > 0 for seed in range(40)) <= 5


@pytest.mark.parametrize("colours", [3, 5000])
def test_a_picture_in_few_colours_is_the_same_picture(colours: int) -> None:
    """Read again by another program, few colours are near what they were, and many still look alike; white is white."""
    draw = np.random.default_rng(1)
    palette = draw.integers(0, 256, (colours, 3)).astype(np.uint8)
    pixels = palette[draw.integers(colours, size=(40, 60))]
    pixels[0] = 255

    found = matplotlib.image.imread(io.BytesIO(png(pixels)))[:, :, :3] * 255

    assert found.shape == pixels.shape
    assert np.abs(found - pixels).max() <= (16 if colours < 100 else 64)
    assert (found[0] == 255).all()
