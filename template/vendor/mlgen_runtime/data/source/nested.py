"""Objects and lists within cells: an object's entries are columns of their own, with dotted names; a list is no cell.

    {"address": {"city": "Ulm", "zip": 89073}, "tags": ["a"]}
    → address.city "Ulm", address.zip 89073, and tags a list, which whoever reads that column refuses

Arrow has one type for a column, so one that holds a list is of the type NESTED: a plain cell as [text], a list as
[its JSON, LIST].
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LIST = "list"


def flattened(table: pa.Table) -> pa.Table:
    """A table whose structs are columns with dotted names, and whose lists and maps are NESTED."""
    import pyarrow as pa

    while any(pa.types.is_struct(kind) for kind in table.schema.types):
        table = table.flatten()
    for position, entry in enumerate(table.schema):
        if pa.types.is_nested(entry.type):
            cells = (
                None if cell is None else [json.dumps(cell, ensure_ascii=False, default=str), LIST]
                for cell in table.column(position).to_pylist()
            )
            table = table.set_column(position, entry.name, pa.array(list(cells), nested()))
    return table


def encoded(values: Iterable[Any], text: Any) -> pa.Array:
    """Cells of which some are lists, as NESTED; `text` says what a plain one looks like."""
    import pyarrow as pa

    return pa.array(
        [
            None
            if value is None
            else [json.dumps(value, ensure_ascii=False, default=str), LIST]
            if isinstance(value, list | dict)
            else [text(value)]
            for value in values
        ],
        nested(),
    )


def decoded(cells: Iterable[list[str] | None]) -> list[Any]:
    """Cells of a NESTED column as Python has them: texts, lists, None."""
    return [None if cell is None else json.loads(cell[0]) if cell[1:] else cell[0] for cell in cells]


def nested() -> pa.DataType:
    """The type NESTED."""
    import pyarrow as pa

    return pa.list_(pa.string())
