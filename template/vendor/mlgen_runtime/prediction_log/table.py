"""Rows of a table and their answers as lines of the log: what a batch run scored, as a request would have sent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core import keys
from . import entry
from .row_sampling import number_of

if TYPE_CHECKING:
    import pyarrow as pa

    from ..contract.schema import Column, Contract

#: The kinds of column whose values are numbers in JSON, whatever the source writes.


def records(table: pa.Table, contract: Contract, names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them: the columns among `names`, typed as the contract says."""
    known = {column.name: column for column in contract.columns}
    columns = {name: _plain(table[name], known.get(name)) for name in names if name in table.column_names}
    if not columns:
        return [{} for _ in range(table.num_rows)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def lines(
    head: dict[str, Any], table: pa.Table, key: Sequence[str], numbers: Sequence[int], features: list[dict[str, Any]]
) -> Iterator[bytes]:
    """The lines of rows' answers [n], with the rows' numbers and features, of which those in `key` tell them apart.

    `head` is what all lines share: the run's id, the moment, the version.
    """
    write = entry.rows(head)
    for number, record, prediction, rest in zip(numbers, features, *_answers(table), strict=True):
        yield write(number, keys.written([record.get(name) for name in key]), record, prediction, rest)


def forecasts(head: dict[str, Any], table: pa.Table, key: Sequence[str]) -> Iterator[bytes]:
    """The lines of forecasts [n]: they are of no row, but of a series and a moment, which are their `key`."""
    cells = zip(*(table[name].to_pylist() for name in key), strict=True)
    write = entry.rows(head)
    for own, prediction, rest in zip(map(keys.written, cells), *_answers(table.drop_columns(list(key))), strict=True):
        yield write(number_of(f"{own} {rest}"), own, {}, prediction, rest)


def _plain(cells: pa.ChunkedArray, column: Column | None) -> list[Any]:
    """The values of one column as JSON has them; numbers as numbers, also where the source writes them as text."""
    if column is None or not column.is_number:
        return [value if value is None or isinstance(value, str) else _text(value) for value in cells.to_pylist()]
    import numpy as np

    from ..contract.typed import parse
    from ..data.frames import series

    values = np.asarray(parse(series(cells), column)[0], dtype=np.float64)
    found = values.astype(object)
    if column.type == "boolean":
        found = (values == 1).astype(object)
    elif column.type == "integer":
        found = np.where(np.isnan(values), 0, values).astype(np.int64).astype(object)
    found[np.isnan(values)] = None
    plain: list[Any] = found.tolist()
    return plain


def _text(value: Any) -> Any:
    """A value that is no text, as a request would send it for a category or a moment; NaN is no value."""
    from ..core.cells import text

    return None if value != value else text(value)


def _answers(table: pa.Table) -> tuple[list[Any], list[dict[str, Any]]]:
    """The predictions of a table [n], and what else it says of each."""
    columns = {name: _answer(table[name]) for name in table.column_names}
    predictions = columns.pop("prediction")
    rows = zip(*columns.values(), strict=True)
    return predictions, [dict(zip(columns, row, strict=True)) for row in rows] if columns else [{} for _ in predictions]


def _answer(cells: pa.ChunkedArray) -> list[Any]:
    """A column of answers as JSON has it: moments as text."""
    import pyarrow as pa

    if pa.types.is_timestamp(cells.type):
        return [None if value is None else keys.moment(value.isoformat()) for value in cells.to_pylist()]
    if cells.null_count:
        return list(cells.to_pylist())
    return list(cells.to_numpy().tolist())
