"""A first contract, proposed from the data: what each column is for, what it holds, and why the proposal says so.

The reader reviews it, so every column that the model will not see carries a note with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ...contract import dates, leakage
from ...contract.profile import UNTOLD, Observed, Told, observe_all
from ...contract.schema import Column, Contract
from ...core.errors import InputError, nearest
from ...core.words import tokens
from ...data.source.place import is_delimited
from ..settings import DataSettings
from .deriving import derived
from .objective import target_column
from .overriding import agree, overridden
from .vocabulary import VOCABULARY

__all__ = ["agree", "derived", "infer", "overridden", "propose"]

ID_NAME = re.compile(r"(?i:(^|[_\-. ])(id|uuid|guid)$)|[a-z](Id|ID|Uuid|UUID|Guid|GUID)$|^(?i:id|index|unnamed_\d+)$")
WEIGHT_NAME = re.compile(r"(?i)^(sample|case|instance|survey|sampling)[_ ]?weights?$")
WEIGHT_LIKE = re.compile(r"(?i)(^|_)(fnlwgt|wgt|weights?)$")

#: More distinct values than this are listed in the contract only where each is seen often; above 200, never.
LISTED = 50
#: Uniqueness means nothing in fewer rows.
FEW_ROWS = 20
#: Of so many texts of a column, so many must share a word for its words to be features.
TEXTS, SHARED = 5_000, 5


def propose(
    frame: pd.DataFrame, settings: DataSettings, task: str | None = None, source: str | None = None
) -> Contract:
    """Infer a contract from rows as the settings name their target and keys; see `infer`."""
    told = Told(
        missing=tuple(settings.na_values),
        textual=source is None or is_delimited(source),
        decimal=settings.decimal,
        thousands=settings.thousands,
        dates=dates.said(settings),
    )
    return infer(
        frame,
        target=settings.target,
        positive=settings.positive,
        task=task,
        key=settings.key,
        source=source,
        told=told,
    )


def infer(
    frame: pd.DataFrame,
    *,
    target: str | None,
    positive: str | bool | None = None,
    task: str | None = None,
    drop: Iterable[str] = (),
    key: Iterable[str] = (),
    source: str | None = None,
    told: Told = UNTOLD,
) -> Contract:
    """Infer a contract from rows.

    `positive` names the class of two that is looked for, `drop` columns left out of the contract, `key` those that
    identify a row, `source` where the rows come from, `told` what is known of their cells. Raises InputError for an
    unknown name, no rows, a target nothing can be learnt from, or dates that can be read in two ways.
    """
    names = [str(name) for name in frame.columns]
    if target is None:
        raise InputError(f"data.target is not set; name the column to predict, one of {', '.join(names)}")
    dropped, keys = set(drop), set(key)
    for setting, wanted in (("data.target", [target]), ("data.drop", sorted(dropped)), ("data.key", sorted(keys))):
        for name in wanted:
            if name not in names:
                raise InputError(
                    f"{setting}: no column {name!r}{nearest(name, names)}; the columns are {', '.join(names)}"
                )
    if target in dropped | keys:
        raise InputError(f"data.target {target!r} is also in data.drop or data.key; take it out of one of them")
    if frame.empty:
        raise InputError("there are no rows to infer a contract from; check data.path")
    observed = observe_all(frame, told, dropped)
    truth = next(column for column in observed if column.name == target)
    task, goal = target_column(truth, task, positive)
    others = [column for column in observed if column.name != target]
    suspects = [column.seen for column in others if column.name not in keys and column.type != "datetime"]
    reasons = leakage.leaks(truth.seen, suspects)
    proposed = {column.name: _propose(column, keys, reasons) for column in others}
    if not any(
        column.role in ("feature", "time", "ignore") and name not in reasons for name, column in proposed.items()
    ):
        reasons = {}  # what leaks is all there is: let it train, and let the check say so
        proposed = {column.name: _propose(column, keys, reasons) for column in others}
    for column in others:
        if column.doubt is not None and proposed[column.name].role not in ("id", "ignore"):
            raise InputError(f"{column.doubt}; or leave the column out with data.drop=[{column.name}]")
    proposed[target] = goal
    dates.heeded(told.dates, proposed.values())
    resolved = _one_time(_one_group([proposed[column.name] for column in observed]))
    noted = _say_what_repeats(resolved, {column.name: column for column in observed})
    found = Contract(task=task, columns=tuple(noted), vocabulary=VOCABULARY, source=source, missing=told.missing)
    if not found.inputs:
        raise InputError(_nothing_left(found))
    return found


def _nothing_left(contract: Contract) -> str:
    """Why there is nothing to predict from."""
    others = [column for column in contract.columns if column.role != "target"]
    why = "; ".join(f"{column.name}: {column.role}, {column.note}" for column in others[:3]) or "there is no other one"
    return (
        f"no column is left to predict {contract.target.name!r} from ({why}); add columns that say something, or check "
        "data.target, data.key and data.drop"
    )


def _propose(column: Observed, keys: set[str], reasons: Mapping[str, str]) -> Column:
    """The column's entry, by the first rule that applies."""
    if column.name in keys:
        return _entry(column, "id", "named by data.key")
    if column.distinct == 0:
        return _entry(column, "ignore", "holds no value at all")
    if column.distinct == 1 and column.nulls == 0:
        return _entry(column, "ignore", "constant: the same value in every row")
    if column.name in reasons:
        return _entry(column, "ignore", reasons[column.name])
    named_id = bool(ID_NAME.search(column.name)) and column.type in ("text", "integer")
    if column.unique and column.rows > 1 and (named_id or (column.rows > FEW_ROWS and _looks_like_key(column))):
        return _entry(column, "id", "identifies the row: every value is different")
    if named_id and column.rows > FEW_ROWS:
        if column.distinct > FEW_ROWS and column.rows >= 1.2 * column.distinct:
            return _entry(column, "group", "rows that share a value belong together: a split keeps them on one side")
        if column.distinct > FEW_ROWS:
            return _entry(column, "id", "identifies rows: almost every value is different")
    if WEIGHT_NAME.search(column.name) and column.type in ("number", "integer"):
        return _entry(column, "weight", "how much the row counts in training; in the scores every row counts once")
    if column.type == "text" and column.rows > FEW_ROWS and _is_prose(column):
        return _prose(column)
    return _entry(column, "feature", _remark(column))


def _looks_like_key(column: Observed) -> bool:
    """Text without blanks such as 7590-VHVEG, or whole numbers that rise from row to row."""
    if column.type == "integer" and column.numbers is not None:
        if np.abs(column.numbers).max() >= 2**53:
            return True  # nobody measures so exactly
        steps = column.numbers[1:] - column.numbers[:-1]
        return bool((steps > 0).all())
    if column.texts is None:
        return False
    return sum(" " not in level.strip() for level in column.texts.levels) > 0.9 * column.distinct


def _is_prose(column: Observed) -> bool:
    """Mostly unique, or long and many."""
    assert column.texts is not None
    if column.distinct > max(FEW_ROWS, 0.5 * column.rows):
        return True
    length = sum(map(len, column.texts.levels)) / max(1, column.distinct)
    return length > 50 and column.distinct > 100


def _prose(column: Observed) -> Column:
    """Free text is for its words; where no word is shared by several texts, for nothing."""
    assert column.texts is not None
    told = f"{column.distinct} different values, one for {column.distinct / column.rows:.0%} of the rows"
    shared = Counter(word for text in column.texts.levels[:TEXTS] for word in set(tokens(text)))
    if max(shared.values(), default=0) < SHARED:
        return _entry(column, "ignore", f"text-like: {told}, and no word that {SHARED} of them share")
    entry = _entry(column, "ignore", f"free text: {told}; its words are features, role: ignore leaves them out")
    return _changed(entry, role="feature")


def _remark(column: Observed) -> str | None:
    """What a reviewer should know about a feature."""
    if WEIGHT_LIKE.search(column.name) and column.type in ("number", "integer"):
        return "may be a sampling weight; kept as a feature, give it the role weight to weight rows by it"
    if column.numerals is not None:
        return column.numerals.note
    if column.written_as_text and column.blanks:
        cells = "1 cell" if column.blanks == 1 else f"{column.blanks} cells"
        return f"numbers written as text: {cells} blank or a word for missing, read as missing"
    if column.note:
        return column.note
    if column.type == "text" and (alike := _alike(column)) is not None:
        return f"{alike[0]!r} and {alike[1]!r} are two categories: write them alike in the source if they are one"
    if column.type == "text" and not _categories(column):
        return f"open: {column.distinct} different values, too many to list; new ones are allowed"
    return None


def _alike(column: Observed) -> tuple[str, str] | None:
    """Two values that differ in capital letters or blanks alone."""
    first: dict[str, str] = {}
    for level in column.spellings:
        key = " ".join(level.split()).casefold()
        if key in first:
            return first[key], level
        first[key] = level
    return None


def _almost(column: Observed, note: str | None) -> str | None:
    """The note, and which cells keep the column from being what almost all of it is."""
    if not column.odd:
        return note
    odd = f"almost all cells are {column.almost}, but not {', '.join(map(repr, column.odd))}: kept as text"
    return f"{note}; {odd}" if note else odd


def _categories(column: Observed) -> tuple[str, ...]:
    """The values to list, in sorted order; none where they are many and seldom seen."""
    many = column.distinct > LISTED and (column.distinct > 200 or column.rows < 20 * column.distinct)
    return () if many or column.texts is None else tuple(sorted(column.texts.levels))


def _entry(column: Observed, role: str, note: str | None) -> Column:
    """The contract's entry with the range or the categories that were seen."""
    known = column.numbers is not None and column.distinct > 0 and column.type in ("number", "integer")
    low, high = (float("nan"), float("nan"))
    if known and column.numbers is not None:
        series = pd.Series(column.numbers)
        low, high = float(series.min()), float(series.max())
    kind = column.type
    if kind == "text" and role in ("feature", "group"):
        kind = "category"
    return Column(
        name=column.name,
        role=role,
        type=kind,
        nullable=column.nulls > 0,
        minimum=_tidy(low, kind) if known and role not in ("id", "group") else None,
        maximum=_tidy(high, kind) if known and role not in ("id", "group") else None,
        categories=_categories(column) if kind == "category" and role == "feature" else (),
        written_as_text=column.written_as_text,
        **column.marks,
        format=column.format,
        zone=column.zone,
        note=_almost(column, note),
    )


def _tidy(value: float, kind: str) -> float:
    """Whole limits of an integer column are written without a point."""
    return int(value) if kind == "integer" and abs(value) < 2**53 else value


def _one_time(columns: list[Column]) -> list[Column]:
    """The only date among the inputs orders the rows: it gets the role time."""
    found = [column for column in columns if column.type == "datetime" and column.role == "feature"]
    what = "orders the rows (for split=time); its date parts are features"
    return [
        _changed(column, role="time", note=f"{what}; {column.note}" if column.note else what)
        if len(found) == 1 and column is found[0]
        else column
        for column in columns
    ]


def _one_group(columns: list[Column]) -> list[Column]:
    """Only the first group can steer the split; further ones are ignored with a word."""
    groups = [column for column in columns if column.role == "group"]
    return [
        _changed(column, role="ignore", note=f"also names groups of rows; {groups[0].name} steers the split")
        if column in groups[1:]
        else column
        for column in columns
    ]


def _say_what_repeats(columns: list[Column], observed: Mapping[str, Observed]) -> list[Column]:
    """Note features that say the same as an earlier one under other names, such as education and education_num."""
    likely = [observed[column.name] for column in columns if column.role == "feature" and column.type != "datetime"]
    twins = leakage.twins([column.seen for column in likely if column.distinct <= 1_000])
    return [
        _changed(column, note=f"says the same as {twins[column.name]} under other names")
        if column.name in twins and column.note is None
        else column
        for column in columns
    ]


def _changed(column: Column, **entries: str) -> Column:
    import dataclasses

    return dataclasses.replace(column, **entries)  # type: ignore[arg-type]
