"""Arrow's columns as pandas has them, each value as it is: a whole number with gaps beside it stays a whole number.

Left to themselves, pandas' readers and `to_pandas` make floats of whole numbers where a cell is empty: a key becomes
1.0, and above 2^53 two keys become one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .source.nested import decoded, nested
from .source.values import column as values_column

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame; see `series`."""
    import pandas as pd

    columns = {index: series(column) for index, column in enumerate(table.columns)}
    found = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)
    found.columns = pd.Index(table.column_names, dtype=object)
    return found


def series(column: pa.ChunkedArray) -> pd.Series:
    """A column as a series: int64 or Int64, float64, bool or boolean, datetime64, text, or objects (dates, lists).

    Decimals without a fraction are whole numbers, others float64.
    """
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if kind == nested():
        return pd.Series(decoded(column.to_pylist()), dtype=object)
    if pa.types.is_decimal(kind):
        column = pa.chunked_array([values_column(column.to_pylist())])
    if not column.null_count:
        found: pd.Series = column.to_pandas()
        return found
    return column.to_pandas(types_mapper=_nullable().get)  # type: ignore[no-any-return]


def joined(tables: Iterable[pa.Table]) -> pa.Table:
    """Tables one below the other: with all their columns, in the order in which they turn up, each of one type."""
    import pyarrow as pa

    parts = list(tables)
    if not parts or all(part.schema.equals(parts[0].schema) for part in parts):
        return pa.concat_tables(parts) if parts else pa.table({})
    names = list(dict.fromkeys(name for part in parts for name in part.column_names))
    return pa.table({name: _stacked([_of(part, name) for part in parts]) for name in names})


def _of(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of a table, null where the table has none."""
    import pyarrow as pa

    index = table.schema.get_field_index(name)
    return table.column(index) if index >= 0 else pa.chunked_array([pa.nulls(table.num_rows)])


def _stacked(parts: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Pieces of a column as one; of several types, what can hold them all without loss."""
    import pyarrow as pa

    kinds = {part.type for part in parts if part.null_count < len(part)}
    if len(kinds) <= 1:
        kind = kinds.pop() if kinds else parts[0].type
        return pa.chunked_array(
            [chunk for part in parts for chunk in (part.cast(kind) if part.type != kind else part).chunks], kind
        )
    cells: list[Any] = []
    for part in parts:
        cells += decoded(part.to_pylist()) if part.type == nested() else part.to_pylist()
    return pa.chunked_array([values_column(cells)])


def _nullable() -> dict[pa.DataType, Any]:
    """What pandas calls whole numbers and truth values beside which cells are empty."""
    import pandas as pd
    import pyarrow as pa

    signed = {getattr(pa, f"int{bits}")(): getattr(pd, f"Int{bits}Dtype")() for bits in (8, 16, 32, 64)}
    unsigned = {getattr(pa, f"uint{bits}")(): getattr(pd, f"UInt{bits}Dtype")() for bits in (8, 16, 32, 64)}
    return {**signed, **unsigned, pa.bool_(): pd.BooleanDtype()}
