"""The positive class of two: asked for, or chosen by a stated rule; it stands last, and the contract says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime import contract as contracts
from mlgen_runtime.contract import file, report
from mlgen_runtime.contract.schema import Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.resolve import resolve
from sample_projects import Configure


def inferred(counts: dict[Any, int], **more: Any) -> Contract:
    """The contract of a target with so many rows of each label."""
    labels = np.repeat(np.array(list(counts), dtype=object), list(counts.values()))
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(labels)), "y": pd.Series(labels.tolist())})
    return infer(frame, target="y", **more)


@pytest.mark.parametrize(
    ("counts", "positive", "why"),
    [
        ({"No": 40, "Yes": 60}, "Yes", "the word says so"),
        ({"t": 60, "f": 40}, "t", "the word says so"),
        ({"churned": 70, "active": 30}, "churned", "the word says so"),
        ({"smoker": 70, "non-smoker": 30}, "smoker", "the word says so"),
        ({"ham": 70, "odd": 30}, "odd", "the word says so"),
        ({0: 30, 1: 70}, "1", "the word says so"),
        ({-1: 30, 1: 70}, "1", "the word says so"),
        ({True: 70, False: 30}, "True", "the word says so"),
        ({1: 30, 2: 70}, "1", "the rarer one, 30.0% of the rows"),
        ({">50K": 25, "<=50K": 75}, ">50K", "the rarer one, 25.0% of the rows"),
        ({"good": 30, "bad": 70}, "good", "the rarer one, 30.0% of the rows"),
        ({"a": 50, "b": 50}, "b", "both are as frequent, so the last one"),
        ({"fraud": 20, "spam": 80}, "fraud", "the rarer one, 20.0% of the rows"),
    ],
)
def test_the_rule_and_its_reason(counts: dict[Any, int], positive: str, why: str) -> None:
    """A word such as yes, true or 1; else the rarer of the two, whatever their order is."""
    found = inferred(counts)

    assert found.positive == found.labels[-1] == positive
    assert str(found.target.note).startswith(f"positive class {positive!r} (the last category): {why}")


@pytest.mark.parametrize(
    ("counts", "named", "positive"),
    [
        ({"No": 40, "Yes": 60}, "No", "No"),
        ({"No": 40, "Yes": 60}, True, "Yes"),  # as YAML reads Yes
        ({"No": 40, "Yes": 60}, False, "No"),
        ({True: 40, False: 60}, False, "False"),
        ({1: 40, 2: 60}, "2", "2"),
        ({"on": 40, "off": 60}, False, "off"),
    ],
)
def test_the_positive_class_is_asked(counts: dict[Any, int], named: str | bool, positive: str) -> None:
    """`data.positive` names it, however YAML reads the word; codes and labels go with it."""
    found = inferred(counts, positive=named)
    frame = pd.DataFrame({"x": [0.5] * len(counts), "y": list(counts)})

    codes = contracts.truth(contracts.conform(frame, found), found)

    assert found.positive == positive
    assert "named by data.positive" in str(found.target.note)
    assert [found.label_values[code] for code in codes] == list(counts)


def test_what_has_no_positive_class() -> None:
    """Amounts and several classes have none, and nothing is said of one."""
    several = inferred({"a": 50, "b": 50, "c": 50})

    assert several.positive is None
    assert several.target.note is None
    with pytest.raises(
        InputError, match="data.positive names one of two classes, and the target 'y' is one of several"
    ):
        inferred({"a": 50, "b": 50, "c": 50}, positive="a")


def test_the_contract_is_shown_with_its_positive_class() -> None:
    """In the first line of `contract`, and in the line of the target."""
    found = inferred({">50K": 25, "<=50K": 75})

    assert "(<=50K, >50K; positive class >50K)" in report.overview(found, 100)
    assert "positive class '>50K' (the last category): the rarer one" in " ".join(report.proposal(found))


def test_another_class_than_the_reviewed_one_is_a_question(project: Path, configure: Configure) -> None:
    """The contract's order holds; the setting may say the same, not something else."""
    first = resolve(configure("data.positive=no"))
    first.save()
    kept = file.load(project / "data" / "contract.yaml", VOCABULARY)

    assert kept.positive == "no"
    assert resolve(configure()).contract.positive == "no"
    assert resolve(configure("data.positive=no")).contract.positive == "no"
    with pytest.raises(InputError, match="data.positive is 'yes', data/contract.yaml has 'no' as the positive class"):
        resolve(configure("data.positive=yes"))
    assert resolve(configure("data.positive=yes", "contract.write=true")).contract.positive == "yes"
