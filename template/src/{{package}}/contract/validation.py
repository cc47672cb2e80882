"""The contract as a pandera schema: presence, types, gaps, ranges and categories of the typed columns.

Each pandera check answers with one yes or no for a whole column and bears the id of the check in `cells` that then
counts and words the finding, so that 200,000 bad rows cost no more than one. All failures are collected (`lazy=True`).

    schema(contract).validate(conform(frame, contract), lazy=True)
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from .schema import Column, Contract
from .typed import NUMERIC

Failures = frozenset[tuple[str, str]]


def schema(contract: Contract, *, labelled: bool = True) -> Any:
    """Build the `pandera.pandas.DataFrameSchema` of typed rows; `labelled=False` for rows without the target."""
    import pandera.pandas as pa

    wanted = [column for column in contract.columns if labelled or column.role != "target"]
    return pa.DataFrameSchema(
        {column.name: _column(column, contract.is_amount) for column in wanted}, strict=True, name="contract"
    )


def failures(frame: pd.DataFrame, contract: Contract, *, labelled: bool = True) -> Failures:
    """Validate typed rows and return (check id, column) for all that is wrong; nothing is raised."""
    from pandera.errors import SchemaErrors

    try:
        with _without("hypothesis"):  # pandera loads it (2 s) to make up data, where the tests' environment has it
            schema(contract, labelled=labelled).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        return frozenset(
            _named(str(check), column, case)
            for check, column, case in zip(cases["check"], cases["column"], cases["failure_case"], strict=True)
        )
    return frozenset()


@contextlib.contextmanager
def _without(module: str) -> Iterator[None]:
    """Let an optional import fail for a while, unless the module is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _named(check: str, column: Any, case: Any) -> tuple[str, str]:
    """pandera's words for a failure in ours; a column that is missing or unknown stands in the failure case."""
    own = {"column_in_dataframe": "missing_columns", "column_in_schema": "extra_columns"}
    return (own[check], str(case)) if check in own else (check, str(column))


def _column(column: Column, amount: bool) -> Any:
    """One pandera column. What is ignored is neither required nor looked into."""
    import pandera.pandas as pa

    if column.role == "ignore":
        return pa.Column(None, required=False, nullable=True)
    kind = "float64" if column.type in NUMERIC else "datetime64[ns]" if column.type == "datetime" else "object"
    target = column.role == "target"
    checks: list[Any] = []
    if target or not column.nullable:
        checks.append(_check("missing_target" if target else "nulls", lambda cells: not cells.isna().any()))
    if target and not amount:
        pass  # labels depend on the type of the target: `checks.unknown_labels` compares them
    elif column.categories:
        known = frozenset(column.categories)
        checks.append(_check("new_categories", lambda cells: set(cells.dropna().unique()) <= known))
    elif kind == "float64" and (column.minimum is not None or column.maximum is not None):
        low = float("-inf") if column.minimum is None else column.minimum
        high = float("inf") if column.maximum is None else column.maximum
        checks.append(_check("out_of_range", lambda cells: not ((cells < low) | (cells > high)).any()))
    return pa.Column(kind, checks=checks, nullable=True, required=True)


def _check(name: str, holds: Callable[[Any], bool]) -> Any:
    import pandera.pandas as pa

    return pa.Check(lambda cells: bool(holds(cells)), name=name, ignore_na=False, error=name)
