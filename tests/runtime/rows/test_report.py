"""The model card and its pictures: one file, everything in it, nothing that breaks out of it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rows import plots
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.training import card as report

LABELS = ("no", "maybe", "yes")
RANDOM = np.random.default_rng(0)
PNG = b"\x89PNG\r\n\x1a\n"


def pictures(labels: tuple[str, ...], rows: int) -> dict[str, bytes]:
    """The pictures of a model that is right more often than not."""
    if not labels:
        truth = RANDOM.normal(size=rows)
        scores = truth + RANDOM.normal(scale=0.3, size=rows)
        outputs = {"prediction": scores, "prediction_low": scores - 0.5, "prediction_high": scores + 0.5}
        return plots.pictures(labels, truth, outputs, scores, {"age": 1.0}, "price")
    truth = RANDOM.integers(len(labels), size=rows)
    margins = RANDOM.normal(size=(rows, len(labels))) + 2 * (truth[:, None] == np.arange(len(labels)))
    scores = np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)
    return plots.pictures(labels, truth, {}, scores, {"age": 0.7, "sex": 0.3}, "answer")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("no", "yes"), ["confusion", "roc", "precision_recall", "calibration", "importance"]),
        (LABELS, ["confusion", "roc", "precision_recall", "calibration", "importance"]),
        ((), ["fit", "residuals", "residual_histogram", "interval", "importance"]),
    ],
)
def test_every_task_has_its_pictures(labels: tuple[str, ...], expected: list[str]) -> None:
    """Each is a PNG."""
    drawn = pictures(labels, 300)

    assert list(drawn) == expected
    assert all(data.startswith(PNG) for data in drawn.values())


def test_many_rows_and_few_rows_are_drawn() -> None:
    """One row of one class, and more rows than a chart shows."""
    one = plots.pictures(("no", "yes"), np.array([1]), {}, np.array([[0.2, 0.8]]), {}, "answer")

    assert "importance" not in one
    assert pictures((), 10_000)["fit"].startswith(PNG)


def card(**changed: object) -> report.Card:
    """A card whose texts try to break out of the page."""
    contract = Contract(
        vocabulary=VOCABULARY,
        task="multiclass",
        columns=(
            Column(name="<b>age</b>", type="integer", unit="years", minimum=0, maximum=99),
            Column(name="sex", type="category", categories=tuple("abcdefghij"), nullable=True),
            Column(name="answer", role="target", type="category", categories=LABELS),
        ),
    )
    values: dict[str, object] = {
        "title": "shop & <script>alert(1)</script>",
        "subtitle": "Predicts answer",
        "promoted": True,
        "message": "it beats the baseline",
        "metric": "macro_f1",
        "score": "0.81 [0.79, 0.83]",
        "facts": {"test rows": "300"},
        "table": [{"": "●", "model": "lightgbm", "macro_f1": "0.81 [0.79, 0.83]"}],
        "shown": "lightgbm",
        "measured": "Measured on test rows.",
        "tables": {"Each class": [{"class": "no", "precision": "0.500", "recall": "0.250", "f1": "0.333"}]},
        "pictures": {"roc": PNG},
        "captions": {"roc": "How well it ranks."},
        "contract": contract,
        "importance": {"<b>age</b>": 0.9, "sex": 0.1},
        "notes": ["mind <this>"],
        "lineage": {"git commit": None, "seed": 42},
    }
    return report.Card(**(values | changed))  # type: ignore[arg-type]


def test_the_card_is_one_file_that_asks_for_nothing() -> None:
    """No script, no link, no picture from elsewhere; it fits a phone."""
    page = report.page(card())

    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "http" not in page.replace("http-equiv", "")
    assert 'name="viewport"' in page


def test_the_card_says_what_it_was_given() -> None:
    """Score, sentence, scorecard, classes, inputs with their range, lineage with what is unknown."""
    page = report.page(card())

    for text in (
        "0.81",
        "it beats the baseline",
        "lightgbm",
        "0.333",
        "integer (years)",
        "0 to 99",
        "a, b, c, d, e, f and 4 more",
        "unknown",
    ):
        assert text in page


def test_names_cannot_become_markup() -> None:
    """Column names and titles are shown as they are written."""
    page = report.page(card())

    assert "<b>age</b>" not in page
    assert "&lt;b&gt;age&lt;/b&gt;" in page


def test_a_card_without_notes_classes_or_importance_is_whole() -> None:
    """What is not there leaves no empty heading."""
    page = report.page(card(notes=[], tables={}, importance={}))

    assert "<h2>Notes</h2>" not in page
    assert "<h2>Each class</h2>" not in page
    assert page.endswith("</html>\n")
