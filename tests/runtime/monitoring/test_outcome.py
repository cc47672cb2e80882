"""The truth that arrives later, from a table: checked, kept once, matched by request or key; and what it is worth."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core import keys
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.monitoring import outcomes, value
from mlgen_runtime.monitoring.settings import ValueSettings
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from traffic import Traffic, truths

CLASSES = Contract(
    vocabulary=VOCABULARY,
    task="binary",
    columns=(
        Column(name="size", type="number"),
        Column(name="left", role="target", type="category", categories=("No", "Yes")),
    ),
)
AMOUNTS = Contract(
    vocabulary=VOCABULARY, task="regression", columns=(Column(name="size"), Column(name="price", role="target"))
)


@pytest.fixture
def traffic(trained: Path) -> Traffic:
    """A project with an empty log."""
    return Traffic(trained)


def told(traffic: Traffic, table: pd.DataFrame, *changed: str, ending: str = "csv") -> outcomes.LoadedOutcomes:
    """Load outcomes from a file."""
    path = traffic.root / f"data/truth.{ending}"
    table.to_parquet(path, index=False) if ending == "parquet" else table.to_csv(path, index=False)
    return outcomes.load(traffic.set(f"data.path=data/truth.{ending}", *changed))


def kept(traffic: Traffic) -> dict[str, Any]:
    """What the log knows: subject to truth."""
    with traffic.open() as database:
        return {name: json.loads(truth) for name, truth in database.rows("SELECT subject, truth FROM outcome_log")}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_outcomes_by_request(traffic: Traffic, ending: str) -> None:
    """Rows that name their request are matched, in the form that JSON has; the same file again changes nothing."""
    rows = traffic.rows(60, seed=1)
    subjects = traffic.answered(rows, 0)
    table = pd.DataFrame(
        {"request_id": [name.partition("/")[0] for name in subjects], traffic.target: rows[traffic.target]}
    )

    first, again = told(traffic, table, ending=ending), told(traffic, table, ending=ending)

    assert (first.new, first.changed, first.same, first.matched) == (60, 0, 0, 60)
    assert (again.new, again.changed, again.same, again.matched) == (0, 0, 60, 60)
    assert kept(traffic) == dict(zip(subjects, truths(traffic, rows), strict=True))


def test_outcomes_by_key(traffic: Traffic) -> None:
    """Rows that carry the key columns are matched by them, whole numbers written either way."""
    rows = traffic.rows(40, seed=2)
    traffic.answered(rows, 0, keys=[str(keys.written([number, "x"])) for number in range(40)])
    table = pd.DataFrame({"id": [f"{n}.0" for n in range(40)], "part": "x", traffic.target: rows[traffic.target]})
    table["id"] = table["id"].astype(float)

    found = told(traffic, table, "log.key=[id, part]", ending="parquet")

    assert (found.by, found.new, found.matched) == ("id, part", 40, 40)


def test_another_truth_replaces_the_first(traffic: Traffic) -> None:
    """What turned out to be different is changed, and only that gets a new moment."""
    rows = traffic.rows(40, seed=3)
    subjects = traffic.answered(rows, 0)
    names = [name.partition("/")[0] for name in subjects]
    table = pd.DataFrame({"request_id": names, "row": 0, traffic.target: rows[traffic.target]})
    told(traffic, table)
    other = next(truth for truth in table[traffic.target] if truth != table[traffic.target][0])
    table.loc[0, traffic.target] = other

    found = told(traffic, table)

    assert (found.new, found.changed, found.same) == (0, 1, 39)
    with traffic.open() as database:
        assert len({at for (at,) in database.rows("SELECT at FROM outcome_log")}) == 2


def test_outcomes_that_match_nothing_say_why(traffic: Traffic) -> None:
    """Truths of unknown requests are kept, for the answers may come; a hint shows what the log's ids look like."""
    rows = traffic.rows(5, seed=4)
    traffic.answered(rows, 0)
    table = pd.DataFrame({"request_id": [f"x{n}" for n in range(5)], traffic.target: rows[traffic.target]})

    found = told(traffic, table)

    assert (found.new, found.matched) == (5, 0)
    assert "in the log request_id looks like r0-" in found.hint


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"request_id": [None, "b"]}, r"request_id is empty in row 1"),
        ({"request_id": ["a", "a"], "truth": 2}, r"a/0 \(request_id\) has two truths"),
        ({"row": [0.5, 1]}, r"row holds .* in row 1, expected a position"),
        ({"row": [-1, 1]}, r"row holds .* in row 1, expected a position"),
        ({"drop": "target"}, r"has no column .*which holds the truth"),
        ({"drop": "request_id"}, r"has no column request_id, and no key is set|has neither request_id nor the key"),
        ({"truth": 1}, r"the target .* holds .* in row 1.*expected"),
    ],
)
def test_a_table_that_tells_no_truth_is_refused(traffic: Traffic, spoil: dict[str, Any], said: str) -> None:
    """A row without its request, an unknown label, two truths of one thing: refused in one line, nothing is kept."""
    rows = traffic.rows(300, seed=5)
    different = rows[traffic.target].drop_duplicates()[:2]
    table = pd.DataFrame({"request_id": ["a", "b"], traffic.target: different.tolist()})
    if spoil.get("truth") == 1:
        table[traffic.target] = ["perhaps", table[traffic.target][1]]
    for name in ("request_id", "row"):
        if name in spoil:
            table[name] = spoil[name]
    if "drop" in spoil:
        table = table.drop(columns=traffic.target if spoil["drop"] == "target" else "request_id")

    with pytest.raises(InputError, match=said):
        told(traffic, table)

    assert kept(traffic) == {}


def worth(**given: Any) -> ValueSettings:
    """A value table."""
    return ValueSettings(**({"table": {}, "amount": None, "over": None, "under": None} | given))


def test_a_value_table_in_yaml_means_its_labels() -> None:
    """A bare Yes or No, which YAML makes true and false, is the label; what is left out is worth nothing."""
    found = value.worths(worth(table={"True": {"Yes": 100.0, "False": -20.0}, "No": {"True": -80.0}}), CLASSES)

    assert found.tolist() == [[0.0, -80.0], [-20.0, 100.0]]


@pytest.mark.parametrize(
    ("settings", "contract", "said"),
    [
        (worth(table={"maybe": {"Yes": 1.0}}), CLASSES, r"monitor.value.table: 'maybe' is no label of left; expected"),
        (worth(table={"Yes": {"maybe": 1.0}}), CLASSES, r"monitor.value.table.Yes: 'maybe' is no label"),
        (worth(over=1.0), CLASSES, r"monitor.value.over is for amounts, and left has the classes No, Yes"),
        (worth(table={"1": {"2": 1.0}}), AMOUNTS, r"monitor.value.table is for classes, and price is an amount"),
        (worth(amount="size"), CLASSES, r"monitor.value.amount says what worth is taken times; set monitor.value.tab"),
        (worth(amount="sise", over=1.0), AMOUNTS, r"'sise' is no input that is a number.*did you mean 'size'"),
    ],
)
def test_a_value_table_that_does_not_fit_is_refused(settings: ValueSettings, contract: Contract, said: str) -> None:
    """Values of labels that do not exist, or of the wrong kind of target, are refused with what was expected."""
    with pytest.raises(InputError, match=said):
        value.check(settings, contract)


def test_business_value_is_that_of_the_table(traffic: Traffic) -> None:
    """Value adds up what each pair of answer and truth is worth, over all answers whose truth is known."""
    labels = traffic.model.contract.labels
    if not labels:
        pytest.skip("amounts are in the test below")
    rows = traffic.rows(300, seed=6)
    subjects, known = traffic.answered(rows, 0), truths(traffic, rows)
    traffic.known(subjects[:200], known[:200], 0.9)
    table = {label: {label: 3.0} for label in labels}

    window = traffic.look(f"monitor.value.table={json.dumps(table)}", hour=1).windows[-1]

    with traffic.open() as database:
        said = [json.loads(text) for (text,) in database.rows("SELECT prediction FROM prediction_log ORDER BY at")]
    hits = sum(one == other for one, other in zip(said[:200], known[:200], strict=True))
    assert window.of("value")[0].value == pytest.approx(3.0 * hits)
    assert window.of("value_per_prediction")[0].value == pytest.approx(3.0 * hits / 200)


def test_the_value_of_amounts() -> None:
    """A unit too much and a unit too little have costs of their own, taken times a column where one is named."""

    model: Any = types.SimpleNamespace(contract=AMOUNTS)
    answers = pd.DataFrame({"prediction": [5.0, 1.0, 2.0], "truth": [3.0, 4.0, 2.0], "size": [1, 10, 7]})
    rows = pd.Series([0, 1, 2]).to_numpy()

    each = value._each(model, answers, rows, worth(over=2.0, under=0.5, amount="size"), None)

    assert each.tolist() == [-4.0, -15.0, 0.0]
