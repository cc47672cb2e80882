"""The checks of columns and cells: what is missing, of the wrong type, empty, out of range, or new."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..core.errors import nearest
from ..core.figures import figure
from ..core.moments import FIRST_YEAR, LAST_YEAR
from .catalogue import Check, Finding, counted, entered, percent
from .columns import moments, numbers
from .typed import expectation
from .view import View

CHECKS: dict[str, Check] = {}


@entered(CHECKS, "Columns that the contract names and the data lack")
def missing_columns(view: View) -> Iterator[Finding]:
    """column {column!r} ({role}) is missing{near}; add it to the data, or take it out of the contract"""
    for column in view.missing:
        near = nearest(column.name, view.extra)
        yield Finding(column.name, grave=column.role != "id", role=column.role, near=near)


@entered(CHECKS, "Columns that the contract does not know")
def extra_columns(view: View) -> Iterator[Finding]:
    """column {column!r} is not in the contract and is left out; add it with contract.write=true, or to data.drop"""
    for name in view.extra:
        yield Finding(name)


@entered(CHECKS, "Cells of another type than the contract's")
def column_types(view: View) -> Iterator[Finding]:
    """{column} holds {count} that {are} not {expected} ({share}), such as {example!r} in row {row};
    mend the source, or change the type in the contract"""
    for column in view.columns:
        bad = view.bad[column.name]
        if bad.any() and not (column.role == "target" and view.labels is not None):
            row = int(np.flatnonzero(bad)[0])
            yield Finding(
                column.name,
                float(bad.mean()),
                count=counted(int(bad.sum()), "cell"),
                are="is" if bad.sum() == 1 else "are",
                expected=expectation(column, view.frame[column.name].iloc[row]),
                share=percent(float(bad.mean())),
                example=str(view.frame[column.name].iloc[row]),
                row=row + 1,
            )


@entered(CHECKS, "Rows without the target")
def missing_target(view: View) -> Iterator[Finding]:
    """the target {column} is empty in {count} ({share}); remove those rows, they cannot teach or test anything"""
    for column in view.columns:
        if column.role != "target":
            continue
        empty = view.typed[column.name].isna().to_numpy() & ~view.bad[column.name]
        if empty.any():
            share = float(empty.mean())
            yield Finding(column.name, share, count=counted(int(empty.sum()), "row"), share=percent(share))


@entered(CHECKS, "Labels that the contract does not know")
def unknown_labels(view: View) -> Iterator[Finding]:
    """the target {column} holds {count} with labels such as {examples}, expected {known};
    mend them, or add them to the categories in the contract"""
    if view.labels is None or view.target is None:
        return
    missing = view.typed[view.contract.target.name].isna().to_numpy() & ~view.bad[view.contract.target.name]
    unknown = (view.labels < 0) & ~missing
    if unknown.any():
        yield Finding(
            view.contract.target.name,
            float(unknown.mean()),
            count=counted(int(unknown.sum()), "row"),
            examples=", ".join(map(repr, map(str, view.target[unknown].iloc[:1_000].unique()[:3]))),
            known=", ".join(view.contract.labels[:8]),
        )


@entered(CHECKS, "Empty cells where the contract allows none")
def nulls(view: View) -> Iterator[Finding]:
    """{column} is empty in {count} ({share}), and the contract allows none;
    mend the source, or set nullable: true"""
    for column in view.columns:
        if column.nullable or column.role == "target":
            continue
        empty = view.typed[column.name].isna().to_numpy() & ~view.bad[column.name]
        share = float(empty.mean())
        if share:
            grave = share > view.settings.null_share
            yield Finding(column.name, share, grave=grave, count=counted(int(empty.sum()), "row"), share=percent(share))


@entered(CHECKS, "Features that are mostly empty")
def mostly_null(view: View) -> Iterator[Finding]:
    """{column} is empty in {share} of the rows; find out why, or give it the role ignore"""
    for column in view.inputs:
        share = float(view.typed[column.name].isna().mean())
        if share > view.settings.mostly_null_share:
            yield Finding(column.name, share, share=percent(share))


@entered(CHECKS, "Blank text where numbers are expected")
def blank_numbers(view: View) -> Iterator[Finding]:
    """{column} is a number written as text, and {count} ({share}) {hold} blanks or a word for missing;
    they are read as missing: make sure that this is what the source means"""
    for column in view.columns:
        cells = view.frame[column.name]
        if column.is_number and column.type != "boolean" and not pd.api.types.is_numeric_dtype(cells.dtype):
            blanks = numbers(cells, column.writing).blanks if view.typed[column.name].isna().any() else 0
            if blanks:
                share, count = blanks / view.rows, counted(blanks, "cell")
                hold = "holds" if blanks == 1 else "hold"
                yield Finding(column.name, share, grave=False, count=count, share=percent(share), hold=hold)


@entered(CHECKS, "Infinite numbers")
def infinite_values(view: View) -> Iterator[Finding]:
    """{column} is infinite in {count}, which is read as missing; find the division by zero that made them"""
    for column in view.columns:
        if column.is_number and column.type != "boolean" and view.typed[column.name].isna().any():
            count = int(np.isinf(numbers(view.frame[column.name], column.writing).values).sum())
            if count:
                yield Finding(column.name, count / view.rows, count=counted(count, "row"))


@entered(CHECKS, "Dates too far to be one")
def far_moments(view: View) -> Iterator[Finding]:
    """{column} holds {count} ({share}) outside {first} to {last}, such as {example} in row {row}, read as missing;
    leave such cells empty, or mend them"""
    for column in view.columns:
        if column.type == "datetime" and view.typed[column.name].isna().any():
            far = moments(view.frame[column.name], column.format, column.zone).far
            if far.any():
                row, share = int(far.argmax()), float(far.mean())
                yield Finding(
                    column.name, share, grave=column.role == "time", count=counted(int(far.sum()), "date"),
                    share=percent(share),
                    first=FIRST_YEAR, last=LAST_YEAR, example=str(view.frame[column.name].iloc[row]), row=row + 1,
                )  # fmt: skip


@entered(CHECKS, "Values outside minimum and maximum")
def out_of_range(view: View) -> Iterator[Finding]:
    """{column} lies outside {low} to {high} in {count} ({share}), from {smallest} to {largest};
    mend the source, or widen the range in the contract"""
    for column in view.columns:
        label = column.role == "target" and not view.contract.is_amount
        if label or column.categories or not column.is_number:
            continue
        cells = view.typed[column.name]
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        outside = cells[(cells < low) | (cells > high)]
        if outside.empty:
            continue
        share = len(outside) / view.rows
        yield Finding(
            column.name,
            share,
            grave=share > view.settings.out_of_range_share,
            low="anything" if column.minimum is None else figure(column.minimum, 6),
            high="anything" if column.maximum is None else figure(column.maximum, 6),
            count=counted(len(outside), "row"),
            share=percent(share),
            smallest=figure(outside.min(), 6),
            largest=figure(outside.max(), 6),
        )


@entered(CHECKS, "Categories that the contract does not know")
def new_categories(view: View) -> Iterator[Finding]:
    """{column} holds {count} ({share}) with new categories such as {examples}; mend the source{near}, or add them
    to the contract"""
    for column in view.columns:
        label = column.role == "target" and not view.contract.is_amount  # `unknown_labels` compares those
        if label or not column.categories:
            continue
        counts = view.typed[column.name].value_counts()
        new = counts[~counts.index.isin(column.categories)]
        if new.empty:
            continue
        share = int(new.sum()) / view.rows
        yield Finding(
            column.name,
            share,
            grave=share > view.settings.new_category_share,
            count=counted(int(new.sum()), "row"),
            share=percent(share),
            examples=", ".join(map(repr, new.index[:3])),
            near=nearest(str(new.index[0]), column.categories),
        )
