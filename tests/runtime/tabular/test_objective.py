"""What is learnt of an amount: every objective and transform, in every model, through ONNX and the libraries' files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows import target as targets
from mlgen_runtime.rows.settings import TargetSettings
from mlgen_runtime.tabular import inference, link, model, parity
from mlgen_runtime.tabular.model import blend, cross_fitting, objective, power
from mlgen_runtime.tabular.model import engines as bulk
from mlgen_runtime.tabular.model.candidate import Fitted

MODELS = tuple(model.MODELS)
#: What conf/target may say, and the link that follows.
WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "log1p": ({"transform": "log1p"}, "log1p"),
    "box_cox": ({"transform": "box_cox"}, "box_cox"),
    "yeo_johnson": ({"transform": "box_cox"}, "yeo_johnson"),
    "mae": ({"objective": "mae"}, "identity"),
    "mae of a logarithm": ({"objective": "mae", "transform": "log1p"}, "log1p"),
    "huber": ({"objective": "huber"}, "identity"),
    "quantile": ({"objective": "quantile", "quantile": 0.8}, "identity"),
    "poisson": ({"objective": "poisson"}, "log"),
    "tweedie": ({"objective": "tweedie", "tweedie_power": 1.3}, "log"),
}


def truth(way: str, rows: int = 240, seed: int = 0) -> np.ndarray:
    """Skewed amounts, some of them 0, or negative where that is the point."""
    signal = toy.truth(toy.frame(rows, seed), "regression") / 1000
    drawn = np.random.default_rng(seed).poisson(np.exp(signal)).astype(np.float64)
    return {"box_cox": drawn + 0.5, "yeo_johnson": drawn - 3}.get(way, drawn)


def fit(name: str, way: str, rows: int = 240, **more: Any) -> Fitted:
    """A quick fit of one model."""
    given = {"target": truth(way, rows), **WAYS[way][0], **more}
    fitted = model.fit(toy.training("regression", rows, **given), toy.QUICK[name])
    assert isinstance(fitted, Fitted)
    return fitted


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_it_learns_and_the_graph_is_the_model(name: str, way: str, tmp_path: Path) -> None:
    """Better than any constant by what it makes small, and as exact in ONNX as any model; the interval's ends lie
    around the value, and no amount of a logarithm is below its least."""
    fitted = fit(name, way)
    training = toy.training("regression", target=truth(way), **WAYS[way][0])
    settled = objective.of(training, fitted.link)
    frame = training.frame
    labels = settled.labels(training.target)
    constants = np.quantile(labels, np.linspace(0.05, 0.95, 19)) if way not in ("poisson", "tweedie") else None
    constants = np.log(np.linspace(0.5, 8, 30)) if constants is None else constants

    written = fitted.write(tmp_path, toy.frame(300, seed=2), tolerance=1e-5)
    value, low, high = fitted.outputs(fitted.preprocessing.frame(frame)).T
    margins = fitted.scorer.margins(fitted.preprocessing.frame(frame))

    assert link.named(fitted.link)[0] == WAYS[way][1]
    assert (written.format, written.reason) == ("onnx", None)
    assert written.largest < 1e-9
    assert (low <= value).all()
    assert (value <= high).all()
    assert low.min() >= {"log": 0.0, "log1p": -1.0, "box_cox": 0.0}.get(WAYS[way][1], -np.inf)
    best = min(settled.losses(labels, np.full((len(labels), 1), margin)).mean() for margin in constants)
    assert settled.losses(labels, margins).mean() < best


@pytest.mark.parametrize("way", WAYS)
def test_the_library_s_own_files_say_the_same(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the graph were not exact, the native path applies the same link and the same ends."""
    fitted = fit("blend", way)
    monkeypatch.setattr(parity, "run", lambda graph, matrix: fitted.outputs(matrix) * 1.001)
    written = fitted.write(tmp_path, toy.frame(50), tolerance=1e-5)
    rows = toy.frame(80, seed=9)

    found = inference.load(tmp_path, toy.contract("regression"), threads=1).predict(dict(rows.items()))

    expected = fitted.outputs(fitted.preprocessing.frame(rows)).T
    assert written.format != "onnx"
    assert np.allclose(list(found.values()), expected, atol=10.0**-fitted.decimals)


@pytest.mark.parametrize("way", WAYS)
def test_a_row_has_one_answer_in_any_company(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone, with a few and among many rows, by ONNX and by the library: to the last bit."""
    monkeypatch.setattr(bulk, "rates", lambda *engines: (1.0, 2.0))
    fit("xgboost", way).write(tmp_path, toy.frame(50), tolerance=1e-5)
    rows = toy.frame(83, seed=9)
    columns = {name: values.tolist() for name, values in rows.assign(when=rows["when"].astype(str)).items()}
    engines = [inference.load(tmp_path, toy.contract("regression"), threads=1, bulk=many) for many in (False, True)]

    whole = [list(engine.predict(dict(rows.items())).values()) for engine in engines]

    assert engines[1].engine == "native"
    assert np.array_equal(whole[0], whole[1])
    for row in range(0, 83, 7):
        alone = engines[0].predict({name: values[row : row + 1] for name, values in columns.items()})
        assert [values[0] for values in alone.values()] == [values[row] for values in whole[0]]


@pytest.mark.parametrize("way", ["log1p", "box_cox", "quantile", "poisson", "tweedie"])
def test_the_interval_covers_new_rows(way: str) -> None:
    """Nine of ten outcomes lie in it whatever the prediction means; the finite sample leaves some play."""
    fitted = fit("lightgbm", way, rows=1200)
    new = toy.frame(4000, seed=5)

    _, low, high = fitted.outputs(fitted.preprocessing.frame(new)).T

    came = truth(way, 4000, seed=5)
    inside = ((low <= came) & (came <= high)).mean()
    assert 0.85 < inside < 0.97


@pytest.mark.parametrize("name", MODELS)
def test_a_quantile_has_its_share_of_outcomes_below(name: str) -> None:
    """80 % of the outcomes of new rows lie below the 0.8 quantile, give or take what 240 rows teach."""
    noise = np.random.default_rng(3).normal(size=2800)
    known, new = toy.frame(800), toy.frame(2000, seed=5)
    target = toy.truth(known, "regression") / 1000 + noise[:800]
    fitted = fit(name, "quantile", rows=800, target=target)

    below = toy.truth(new, "regression") / 1000 + noise[800:] < fitted.scores(new)

    assert 0.7 < below.mean() < 0.9


@pytest.mark.parametrize("links", ["log1p", "box_cox:0.0", "box_cox:0.37", "yeo_johnson:0.0", "yeo_johnson:2.0"])
def test_a_transform_is_turned_back(links: str) -> None:
    """What a target becomes and what becomes of that are inverse to each other."""
    values = np.array([0.001, 0.5, 1, 7, 1e6]) - (3 if links.startswith("yeo") else 0)

    margins = link.margins(values, links)

    assert link.scores(margins[:, None], links) == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("shift", [0.5, -3.0])
def test_the_power_is_the_most_likely_one(shift: float) -> None:
    """As scipy finds it, to a hundredth; for rows with weight 2 as for rows that stand there twice."""
    from scipy import stats

    values = np.random.default_rng(0).gamma(2.0, 2.0, 800) + shift
    weights = np.ones(800)
    find = stats.boxcox if shift > 0 else stats.yeojohnson

    word, found = link.named(power.fit(values, weights))

    assert word == ("box_cox" if shift > 0 else "yeo_johnson")
    assert found == pytest.approx(find(values)[1], abs=0.0051)
    doubled = np.arange(800) < 300
    twice = np.concatenate([values, values[doubled]])
    assert power.fit(values, 1.0 + doubled) == power.fit(twice, np.ones(len(twice)))


def test_every_margin_has_a_value() -> None:
    """An end of an interval, or a tree's sum, may lie beyond all that training had: powers from 0 to 2 bear it."""
    heavy = np.random.default_rng(0).pareto(0.7, 500) + 1e-6
    margins = np.array([[-300.0], [-1.0], [0.0], [1.0], [300.0]])

    for sample in (heavy, heavy - 1, -heavy):
        found = link.scores(margins, power.fit(sample, np.ones(500)))
        assert np.isfinite(found).all()
        assert (np.diff(found) >= 0).all()


def test_huber_takes_its_delta_from_the_spread() -> None:
    """1.345 robust standard deviations of what is learnt, unless one is given."""
    normal = np.random.default_rng(0).normal(size=4000) * 50
    training = toy.training("regression", 4000, target=normal, objective="huber")
    given = dataclasses.replace(training, learnt=dataclasses.replace(training.learnt, huber_delta=3.0))

    assert objective.of(training, "identity").figure == pytest.approx(1.345 * 50, rel=0.05)
    assert objective.of(given, "identity").figure == 3.0


def test_a_blend_is_weighed_by_what_it_makes_small() -> None:
    """Every weighting is judged by the objective's own loss of the rows held out."""
    training = toy.training("regression", target=truth("quantile"), objective="quantile", quantile=0.9)
    parted = cross_fitting.parted(training)
    came = parted.truth
    margins = came + np.random.default_rng(0).normal([[0.0], [1.0], [2.0]], size=(3, len(came)))

    tried, sums = blend.losses(parted, margins[:, :, None])

    pinball = metrics.metric("pinball_0.9", "regression")
    expected = [pinball.value(came, weights @ margins) * len(came) for weights in tried]
    assert sums.sum(axis=1) == pytest.approx(expected)
    assert tried[int(np.argmin(expected))] @ [0.0, 1.0, 2.0] > 0.5


@pytest.mark.parametrize(("task", "expected"), [("mae", 0.5), ("quantile", 0.8)])
def test_a_line_is_moved_to_its_level(task: str, expected: float) -> None:
    """There is no line of quantiles: it is the ridge, with the share of rows below it that is asked for."""
    training = toy.training("regression", target=truth(task), objective=task, quantile=0.8)

    fitted = model.fit(training, toy.LINEAR)

    assert isinstance(fitted, Fitted)
    below = training.target <= fitted.scores(training.frame) + 1e-9
    assert below.mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(("way", "power"), [("poisson", 1.0), ("tweedie", 1.3)])
def test_the_line_of_a_mean_is_the_known_one(way: str, power: float) -> None:
    """Scikit-learn's generalised linear model on the same standardised columns."""
    from sklearn.linear_model import TweedieRegressor

    training = toy.training("regression", target=truth(way), **WAYS[way][0])
    fitted = model.fit(training, dataclasses.replace(toy.LINEAR, max_iterations=2000))
    assert isinstance(fitted, Fitted)
    design = fitted.scorer.design(fitted.preprocessing.frame(training.frame))  # type: ignore[attr-defined]
    count = len(fitted.scorer.numbers)  # type: ignore[attr-defined]
    design[:, :count] = (design[:, :count] - design[:, :count].mean(axis=0)) / design[:, :count].std(axis=0)

    known = TweedieRegressor(power=power, alpha=1 / 240, link="log", max_iter=2000).fit(design, training.target)

    assert fitted.scores(training.frame) == pytest.approx(known.predict(design), rel=1e-3)


SETTINGS = TargetSettings(**toy.LEARNT)


@pytest.mark.parametrize(
    ("changed", "values", "task", "message"),
    [
        ({"objective": "poisson"}, [0, 4, -2, -3], "regression", "objective=poisson needs values of 0 or more, and "
         "'goal' is -2 in row 3 (and 1 other); mend the rows, or choose another"),
        ({"objective": "tweedie"}, [1, -0.5], "regression", "objective=tweedie needs values of 0 or more, and 'goal' "
         "is -0.5 in row 2"),
        ({"objective": "poisson"}, [0, 0], "regression", "needs a value above 0, and 'goal' is 0 in every row"),
        ({"transform": "log1p"}, [3, 2, -1], "regression", "transform=log1p needs values above -1, and 'goal' is -1 "
         "in row 3"),
        ({"objective": "poisson", "transform": "log1p"}, [1, 2], "regression", "target.objective=poisson with "
         "target.transform=log1p: poisson learns the logarithm of the mean already; choose one"),
        ({"objective": "mae"}, [0, 1], "binary", "target.objective=mae is for amounts, and 'goal' holds classes"),
        ({"transform": "box_cox"}, [0, 1, 2], "multiclass", "target.transform=box_cox is for amounts"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(changed: dict[str, Any], values: list[float], task: str, message: str) -> None:
    """One line with the value and its row, or the two settings, and the next step."""
    with pytest.raises(InputError) as refused:
        targets.check(dataclasses.replace(SETTINGS, **changed), toy.contract(task), np.array(values, float), None)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_metric_of_logarithms_is_refused_with_the_value() -> None:
    """gate.metric, too, must mean something for these rows."""
    with pytest.raises(InputError, match="gate.metric=rmsle needs values above -1, and 'goal' is -7 in row 2"):
        targets.check(SETTINGS, toy.contract("regression"), np.array([1.0, -7.0]), "rmsle")
    with pytest.raises(InputError, match="gate.metric=tweedie_deviance_1.5 needs values of 0 or more"):
        targets.check(SETTINGS, toy.contract("regression"), np.array([1.0, -7.0]), "tweedie_deviance_1.5")


@pytest.mark.parametrize(
    ("changed", "named", "expected"),
    [
        ({}, None, None),
        ({"objective": "quantile", "quantile": 0.95}, None, "pinball_0.95"),
        ({"objective": "tweedie"}, None, "tweedie_deviance_1.5"),
        ({"objective": "mae"}, None, "mae"),
        ({"objective": "mae"}, "rmse", "rmse"),
        ({"quantile": 0.2}, "pinball", "pinball_0.2"),
    ],
)
def test_what_is_optimised_decides(changed: dict[str, Any], named: str | None, expected: str | None) -> None:
    """Unless gate.metric names another; a metric with a figure takes it from conf/target."""
    settings = dataclasses.replace(SETTINGS, **changed)

    found = targets.metric(named, settings)

    assert found == expected
    assert metrics.metric(found, "regression").name == (expected or "rmse")


def test_the_bundle_holds_the_link_in_a_word(tmp_path: Path) -> None:
    """The readers need not know it: it is in the graph."""
    fitted = fit("lightgbm", "tweedie")
    fitted.write(tmp_path, toy.frame(30), tolerance=1e-5)

    assert json.loads((tmp_path / "inference.json").read_text("utf8"))["link"] == "log:1.3"
