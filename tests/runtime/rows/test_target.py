"""What conf/target and the contract say of an amount, from the command line to the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main

QUICK = ("model=linear", "gate.resamples=50", "data.path=rows.csv", "data.target=y")


@pytest.fixture
def rows(project: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Rows of a project's rows.csv: a skewed amount, what explains it, and weights."""
    monkeypatch.chdir(project)
    random = np.random.default_rng(0)
    size = random.normal(size=300)
    table = pd.DataFrame(
        {
            "size": size.round(3),
            "kind": random.choice(["a", "b"], 300),
            "y": np.exp(size + random.normal(size=300)).round(4),
            "sample_weight": np.where(size > 0, 3, 1),
        }
    )
    table.to_csv("rows.csv", index=False)
    return table


@pytest.mark.parametrize(
    ("column", "value", "words", "message"),
    [
        ("y", -2.0, ["target.objective=poisson"], "poisson needs values of 0 or more, and 'y' is -2 in row 7"),
        ("y", -1.0, ["target.transform=log1p"], "target.transform=log1p needs values above -1, and 'y' is -1 in row 7"),
        ("y", 1.0, ["target.transform=log1p", "target.objective=tweedie"], "tweedie learns the logarithm of the mean"),
        ("y", 1.0, ["target.transform=log"], "target.transform: 'log' is not one of none, log1p, box_cox"),
        ("y", 1.0, ["target.quantile=1"], "target.quantile: 1 is not a number"),
        ("y", 1.0, ["target.power=1.5"], "target.power: no such setting"),
        ("y", 1.0, ["target=y"], "conf/target/; expected one of default (did you mean data.target=y?"),
        ("y", 1.0, ["data.target=kind", "target.objective=mae"], "mae is for amounts, and 'kind' holds classes"),
        ("y", 1.0, ["gate.metric=pinball_2"], "metric 'pinball_2' is none of a regression task's"),
        ("y", -1.0, ["gate.metric=rmsle"], "gate.metric=rmsle needs values above -1, and 'y' is -1 in row 7"),
        ("sample_weight", -3.0, [], "the weight 'sample_weight' is -3 in row 7, expected 0 or more"),
        ("y", 1.0, ["model=lightgbm", "model.extra={monotone_constraints: [1]}"], "is `monotone` of a column in the"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line_and_writes_nothing(
    column: str,
    value: float,
    words: list[str],
    message: str,
    rows: pd.DataFrame,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, the value and its row or the setting, and no contract, no run, no bundle."""
    rows.assign(**{column: rows[column].where(rows.index != 6, value)}).to_csv("rows.csv", index=False)

    assert main(["train", *QUICK, *words]) == 2

    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert message in said[0]
    assert not {"bundles", "mlflow.db", "reports"} & {path.name for path in project.iterdir()}
    assert not (project / "data" / "contract.yaml").exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("kind: {type: category, monotone: increasing}", "'kind' has monotone 'increasing', and its type is category"),
        ("kind: {type: category}", "interactions name 'sise', which is no input (did you mean 'size'?)"),
    ],
)  # fmt: skip
def test_a_constraint_that_nobody_could_keep_is_one_line(
    entry: str, message: str, rows: pd.DataFrame, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever verb reads the contract."""
    groups = "interactions: [[sise]]\n" if "monotone" not in entry else ""
    columns = f"columns:\n  size: {{type: number}}\n  {entry}\n  y: {{role: target, type: number}}\n"
    (project / "data" / "contract.yaml").write_text(f"task: regression\nsource: rows.csv\n{groups}{columns}", "utf8")

    assert main(["train", *QUICK]) == 2

    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert message in said[0]


def test_the_report_says_what_a_prediction_is_and_what_decides(
    rows: pd.DataFrame, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A quantile is no mean; the figure that decides is there by weight, too, beside the mean error."""
    assert main(["train", *QUICK, "target.objective=quantile", "target.quantile=0.9"]) == 0

    report = json.loads((project / "reports" / "train.json").read_text("utf8"))
    said = capsys.readouterr().out
    constant, line, _ = report["entrants"]
    assert report["metric"] == "pinball_0.9"
    assert "predictions are the value below which 0.9 of the outcomes lie (target.objective=quantile)" in said
    assert "pinball_0.9 decides, as target.objective=quantile has it; gate.metric names another" in said
    assert (constant["name"], line["name"]) == ("quantile", "ridge")
    card = (project / report["card"]).read_text("utf8")
    assert "quantile 0.9" in card
    assert line["metrics"]["weighted_pinball_0.9"] > line["metrics"]["pinball_0.9"]
    assert line["metrics"]["mean_error"] > 0
    assert line["metrics"]["pinball_0.9"] < constant["metrics"]["pinball_0.9"]


def test_what_a_transform_costs_totals_is_said(rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    """A skewed amount learnt as its logarithm is predicted low on average, by so much; one that is not, is not."""
    pd.concat([rows] * 6).to_csv("rows.csv", index=False)

    assert main(["train", *QUICK, "target.transform=log1p"]) == 0
    said = capsys.readouterr().out
    assert main(["train", *QUICK]) == 0
    plain = capsys.readouterr().out

    assert "below the outcomes on average (" in said
    assert "as target.transform=log1p aims at the median" in said
    assert "on average (" not in plain


def test_monitoring_expects_the_lean_of_a_quantile(rows: pd.DataFrame, project: Path) -> None:
    """Nine of ten truths lie below by design: no bias is found where none is new."""
    from mlgen_runtime.rows import monitoring_view
    from mlgen_runtime.usecase.configuration import load
    from mlgen_runtime.usecase.loading import load_champion

    assert main(["train", *QUICK, "target.objective=quantile", "target.quantile=0.9"]) == 0
    config = load(list(QUICK), project)
    model = load_champion(config)
    _, answers = monitoring_view.answer(model, rows.assign(kind=rows["kind"].astype(object)), config)

    bias = next(figure for figure in monitoring_view.figures(model, answers) if figure.metric == "bias")

    assert bias.value is not None
    assert bias.value > 0.2
    assert abs(bias.value - bias.expected) < 4 * bias.error
    assert "on the test rows it was" in bias.message
