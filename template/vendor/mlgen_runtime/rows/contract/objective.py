"""The task, read from the target: two values are a binary task, few whole values or text a multi-class one.

wine_quality's 3 to 9 in 6,497 rows are classes, bike_sharing's 822 different counts are amounts. `task=` overrules it.
"""

from __future__ import annotations

import pandas as pd

from ...contract.columns import text
from ...contract.profile import Observed
from ...contract.schema import Column
from ...core.errors import InputError, nearest
from .vocabulary import TASKS

#: Whole numbers with more distinct values than this are amounts.
MOST_CLASSES = 20
#: More labels than this are no classes that a table could teach.
MOST_LABELS = 1_000


def target_column(truth: Observed, task: str | None) -> tuple[str, Column]:
    """Decide the task and write the target's entry. Raises InputError where the target cannot be learnt."""
    if task is not None and task not in TASKS:
        raise InputError(f"task={task}: expected one of {', '.join(TASKS)}{nearest(task, TASKS)}")
    shown = f"the target {truth.name!r}"
    if truth.distinct < 2:
        held = "no value" if truth.distinct == 0 else "the same value in every row"
        raise InputError(f"{shown} holds {held}, expected at least two; check data.target and data.na_values")
    if truth.type == "datetime":
        raise InputError(f"{shown} holds dates, expected numbers or labels; set data.target to another column")
    decided = task or _guess(truth)
    if decided == "regression":
        if truth.type == "text":
            odd = f" (such as {truth.odd[0]!r})" if truth.odd else ""
            raise InputError(
                f"{shown} holds text{odd}, expected numbers for task=regression; leave task out, or mend it"
            )
        return decided, _amount(truth)
    if decided == "binary" and truth.distinct != 2:
        raise InputError(
            f"{shown} has {truth.distinct} different values, expected 2 for task=binary; use task=multiclass"
        )
    if truth.distinct > MOST_LABELS or (truth.type == "text" and truth.distinct > max(20, truth.rows / 2)):
        raise InputError(
            f"{shown} has {truth.distinct} different values in {truth.rows} rows, too many for classes; "
            "set data.target to another column, or task=regression for numbers"
        )
    return decided, _classes(truth)


def _guess(truth: Observed) -> str:
    """Binary for two values, multi-class for text or a few well-filled whole numbers, else regression."""
    if truth.distinct == 2:
        return "binary"
    few = truth.whole and truth.distinct <= MOST_CLASSES and truth.rows >= 10 * truth.distinct
    return "multiclass" if truth.type == "text" or few else "regression"


def _amount(truth: Observed) -> Column:
    values = pd.Series(truth.numbers)
    low, high = float(values.min()), float(values.max())
    whole = truth.type == "integer"
    return Column(
        name=truth.name,
        role="target",
        type="integer" if whole else "number",
        nullable=truth.nulls > 0,
        minimum=int(low) if whole else low,
        maximum=int(high) if whole else high,
        written_as_text=truth.written_as_text,
    )


def _classes(truth: Observed) -> Column:
    """Labels in encoded order: sorted as text, by size for numbers."""
    kind = "boolean" if truth.type == "boolean" else "integer" if truth.whole and truth.type != "text" else "category"
    if truth.texts is not None:
        labels = tuple(sorted(truth.texts.levels))
    else:
        values = sorted(set(pd.Series(truth.numbers).dropna()))
        labels = tuple(str(bool(value)) if kind == "boolean" else text(value) for value in values)
    return Column(name=truth.name, role="target", type=kind, nullable=truth.nulls > 0, categories=labels)
