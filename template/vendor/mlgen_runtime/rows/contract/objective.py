"""The task, read from the target: two values are a binary task, few whole values or text a multi-class one.

wine_quality's 3 to 9 in 6,497 rows are classes, bike_sharing's 822 different counts are amounts. `task=` overrules it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from ...contract import columns as raw
from ...contract.profile import Observed
from ...contract.schema import Column
from ...core.cells import PLAIN, number, same, says_none
from ...core.errors import InputError, nearest
from . import positive
from .vocabulary import TASKS

#: Whole numbers with more distinct values than this are amounts.
MOST_CLASSES = 20
#: More labels than this are no classes that a table could teach.
MOST_LABELS = 1_000


def target_column(truth: Observed, task: str | None, named: str | bool | None = None) -> tuple[str, Column]:
    """Decide the task and write the target's entry; `named` is the positive class that the settings ask for.

    Raises InputError where the target cannot be learnt, or has no such class.
    """
    decided, column = _target_column(truth, task)
    if decided == "binary":
        return decided, positive.ordered(column, _counts(truth, column), named)
    if named is not None:
        raise positive.refusal(truth.name, decided)
    return decided, column


def _counts(truth: Observed, column: Column) -> dict[str, int]:
    """Rows of each label."""
    if truth.cells is None:
        return {}
    found = raw.texts(truth.cells, column.levels)
    rows = np.bincount(found.codes[found.codes >= 0], minlength=len(found.levels))
    return dict(zip(found.levels, rows.tolist(), strict=True))


def _target_column(truth: Observed, task: str | None) -> tuple[str, Column]:
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
    if decided != "regression" and truth.distinct <= MOST_LABELS and len(labels := _classes(truth).categories) > 2:
        decided = "multiclass" if task is None else decided  # 0.50 and 0.5 are one number, and two labels
        truth = dataclasses.replace(truth, distinct=len(labels))
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
        **truth.marks,
    )


def _classes(truth: Observed) -> Column:
    """Labels as they stand in the data, in encoded order: sorted as text, by size for numbers.

    Only whole numbers and truth values that the source itself holds as such are answered as these.
    """
    kind = truth.type if truth.type == "integer" or (truth.type == "boolean" and not _is_text(truth)) else "category"
    if truth.texts is not None or truth.type == "boolean":
        labels = tuple(sorted(truth.spellings))
    elif kind == "integer":
        labels = tuple(str(int(value)) for value in sorted(set(pd.Series(truth.numbers).dropna())))
    else:
        told = list({same(level): level for level in truth.spellings if not says_none(level)}.values())
        writing = truth.numerals.writing() if truth.numerals else PLAIN
        labels = tuple(sorted(told, key=lambda level: (number(level, writing), level)))
    return Column(name=truth.name, role="target", type=kind, nullable=truth.nulls > 0, categories=labels)


def _is_text(truth: Observed) -> bool:
    """Whether the source holds text, or texts among other things."""
    return truth.cells is not None and not pd.api.types.is_bool_dtype(truth.cells.dtype)
