"""Which changes of the contract cut off those who ask a model today, and which do not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from mlgen_runtime.contract.compatibility import broken
from mlgen_runtime.contract.forecast import Forecast
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY as SERIES

BEFORE = Contract(
    task="binary",
    vocabulary=VOCABULARY,
    columns=(
        Column(name="tenure", type="integer"),
        Column(name="plan", type="category", nullable=True),
        Column(name="churned", role="target", type="category", categories=("no", "yes")),
    ),
)


def changed(name: str | None = None, /, *more: Column, task: str = "binary", **entries: Any) -> Contract:
    """BEFORE with one column changed, others added."""
    columns = [dataclasses.replace(c, **entries) if c.name == name else c for c in BEFORE.columns]
    return dataclasses.replace(BEFORE, task=task, columns=(*columns, *more))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (changed("churned", name="left"), "it predicts churned (binary: no, yes), and this one predicts left"),
        (changed("churned", task="multiclass", categories=("no", "yes", "maybe")), "multiclass: no, yes, maybe"),
        (changed("churned", task="regression", type="number", categories=()), "predicts churned (regression)"),
        (changed("churned", categories=("No", "Yes")), "(binary: No, Yes)"),
        (changed(None, Column(name="age")), "it does without 'age', and this one needs it in every row"),
        (changed("plan", nullable=False), "it does without 'plan', and this one needs it in every row"),
        (changed("tenure", type="category"), "it takes 'tenure' as integer, and this one as category"),
    ],
)
def test_a_change_that_cuts_clients_off_is_named(after: Contract, words: str) -> None:
    """Another meaning of the answers, or a request of today that would be refused."""
    assert words in (broken(BEFORE, after) or "")


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        changed("churned", categories=("yes", "no")),
        changed(None, Column(name="age", nullable=True)),
        changed(None, Column(name="note", role="ignore")),
        changed("tenure", type="number", minimum=0.0),
        changed("tenure", nullable=True),
        changed("plan", type="text", categories=()),
        changed("plan", categories=("a", "b")),
    ],
)
def test_a_change_that_clients_do_not_feel_is_none(after: Contract) -> None:
    """What they send is still taken, and answers mean the same."""
    assert broken(BEFORE, after) is None


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"frequency": "D"}, "it forecasts steps of MS, and this one steps of D"),
        ({"horizon": 6}, "it forecasts 12 steps ahead, and this one 6"),
        ({"horizon": 24}, None),
        ({"season": 4}, None),
    ],
)
def test_forecasts_of_other_or_fewer_steps_are_other_answers(after: dict[str, Any], words: str | None) -> None:
    """More of the same steps take nothing away."""
    one = Forecast(horizon=12, frequency="MS", season=12)
    columns = (Column(name="month", role="time", type="datetime"), Column(name="value", role="target"))
    before = Contract(task="forecasting", vocabulary=SERIES, columns=columns, forecast=one)

    assert broken(before, dataclasses.replace(before, forecast=dataclasses.replace(one, **after))) == words
