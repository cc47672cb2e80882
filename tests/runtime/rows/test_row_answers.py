"""What a reader of JSON gets for rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from mlgen_runtime.bundle.option import Option
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import answers as answer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.example import plausible

AMOUNT = Contract(vocabulary=VOCABULARY, task="regression", columns=(Column(name="price", role="target"),))
CLASSES = Contract(
    vocabulary=VOCABULARY,
    task="multiclass",
    columns=(Column(name="size", role="target", type="integer", categories=("1", "2", "10")),),
)


def test_classes_come_with_their_probabilities() -> None:
    """One label per row, as users write it, and one probability per label."""
    shares = {"probability_1": np.array([0.1, 0.7]), "probability_2": np.array([0.2, 0.2]),
              "probability_10": np.array([0.7, 0.1])}  # fmt: skip

    found = answer.plain(CLASSES, {"prediction": np.array([10, 1]), **shares})

    assert found == {
        "predictions": [10, 1],
        "probabilities": [{"1": 0.1, "2": 0.2, "10": 0.7}, {"1": 0.7, "2": 0.2, "10": 0.1}],
    }
    assert answer.schema(CLASSES, {})["predictions"]["items"] == {"enum": [1, 2, 10]}
    assert answer.schema(CLASSES, {})["probabilities"]["items"]["required"] == ["1", "2", "10"]


def test_amounts_come_with_their_intervals() -> None:
    """One number per row, and its interval where the model has one."""
    value, low, high = (np.array([number]) for number in (2.5, 1.0, 4.0))

    found = answer.plain(AMOUNT, {"prediction": value, "prediction_low": low, "prediction_high": high})

    assert found == {"predictions": [2.5], "intervals": [{"low": 1.0, "high": 4.0}]}
    assert answer.plain(AMOUNT, {"prediction": value}) == {"predictions": [2.5]}
    assert answer.schema(AMOUNT, {}).keys() == found.keys()


def test_explanations_stand_beside_the_predictions() -> None:
    """One for each row: where the sum begins, the class that it is of, and what each input adds."""
    shares = {f"probability_{label}": np.array([0.1, 0.7]) for label in CLASSES.labels}
    why = {"base_value": np.array([0.5, -1.0]), "explained_class": np.array([10, 1]), "shap_a b": np.array([2.0, 3.0])}

    found = answer.plain(CLASSES, {"prediction": np.array([10, 1]), **shares, **why})

    assert found["explanations"] == [
        {"base_value": 0.5, "shap_values": {"a b": 2.0}, "class": 10},
        {"base_value": -1.0, "shap_values": {"a b": 3.0}, "class": 1},
    ]
    assert found["probabilities"][0].keys() == set(CLASSES.labels)
    option = Option("boolean", 0, 1, "why")
    assert answer.schema(CLASSES, {"explain": option}).keys() == found.keys()
    assert "explanations" not in answer.schema(CLASSES, {"explain": dataclasses.replace(option, refused="no trees")})


def test_what_json_cannot_hold_is_refused() -> None:
    """An overflow in the model's arithmetic is the fault of the input, and said so."""
    with pytest.raises(InputError, match="no finite answer"):
        answer.plain(AMOUNT, {"prediction": np.array([1.0, np.inf])})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column(name="x", type="category", categories=("a", "b")), "a"),
        (Column(name="x", type="category"), "a"),
        (Column(name="x", minimum=0, maximum=3), 1.5),
        (Column(name="x", type="integer", minimum=1, maximum=4), 2),
        (Column(name="x"), 0.0),
        (Column(name="x", type="boolean"), True),
        (Column(name="x", type="text"), "text"),
        (Column(name="x", type="datetime"), "2026-01-31T12:00:00"),
        (Column(name="x", type="datetime", format="%d.%m.%Y"), "31.01.2026"),
    ],
)
def test_an_example_is_what_the_contract_says(column: Column, value: object) -> None:
    """A category, a number from the middle of the range, a date as the source writes it."""
    assert plausible(column) == value
