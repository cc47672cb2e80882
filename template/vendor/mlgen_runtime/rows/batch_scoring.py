"""Many rows at once: batches of raw rows in, portions of answers out, in order, with a reason for each row left out.

A row is left out where a line is broken, a key is empty, a cell cannot be read as the contract says, or is empty
where the contract allows none: what a request would be refused for. Several batches are under way at a time, one on
each thread, so memory does not grow with the number of rows.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..core.errors import InputError, nearest
from ..usecase.batches import Batch, Field, Form, Kind, Portion, Rejected
from . import inputs, moment
from .answers import EXPLAINED_CLASS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from ..bundle.predictor import Predictor
    from ..contract.schema import Column, Contract
    from .settings import DataSettings

#: Whether there is nothing to do without rows.
NEEDS_ROWS = True
#: The key where rows have none: their number in the source, from 1.
ROW = "row"
#: What the cells of a key can be read as.
EXPECTED: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "text": "text without a NUL character",
    "moment": "a moment, to the microsecond at most",
    "instant": "a moment, to the microsecond at most",
}


def key(model: Predictor, data: DataSettings) -> tuple[str, ...]:
    """The columns that tell rows apart, in whose order a database gives them; none where rows have numbers only."""
    return tuple(data.key)


def columns(contract: Contract, data: DataSettings) -> list[tuple[str, str]]:
    """The columns of answers by name, each with where its name is from."""
    found = [(name, f"the key {name!r}") for name in data.key] or [(ROW, "the number of the row")]
    found.append(("prediction", "the prediction"))
    target = contract.target.name
    if contract.labels:
        return [*found, *((f"probability_{label}", f"the label {label!r} of {target!r}") for label in contract.labels)]
    return [*found, *((f"prediction_{end}", "an end of the interval") for end in ("low", "high"))]


def expected(model: Predictor) -> int | None:
    """How many answers to expect where the source does not say: there are as many as rows."""
    return None


def form(model: Predictor, names: Sequence[str], types: Sequence[pa.DataType], key: Sequence[str]) -> Form:
    """The table of answers to rows with these columns, told apart by `key` (none: by their number).

    Raises InputError naming a column that the model or the key needs and the rows lack.
    """
    _present(model, names, key)
    known = {column.name: column for column in model.contract.columns}
    held = dict(zip(names, types, strict=True))
    keys = [Field(name, _kind(known.get(name), held[name]), _zone(held[name])) for name in key] or [
        Field(ROW, "integer")
    ]
    taken = {field.name for field in keys}
    answers = _answers(model)
    for field in answers:
        if field.name in taken:
            raise InputError(f"data.key: {field.name!r} is what answers are called; rename that column")
    return Form((*keys, *answers), tuple(field.name for field in keys), lasting=bool(key))


def portions(
    model: Predictor, form: Form, batches: Iterator[Batch], after: int, threads: int, answer: bool = True
) -> Iterator[Portion]:
    """Answer batch after batch, which begin behind row `after` of the source; `answer=False` only looks for faults."""
    now = moment.option(None, model.contract)
    if threads == 1:
        yield from (_portion(model, form, batch, answer, now) for batch in batches)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[Portion]] = deque()
        try:
            for batch in batches:
                under_way.append(pool.submit(_portion, model, form, batch, answer, now))
                if len(under_way) > threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _present(model: Predictor, names: Sequence[str], key: Sequence[str]) -> None:
    missing = [name for name in model.needed if name not in names]
    if missing:
        near = nearest(missing[0], names) if len(missing) == 1 else ""
        raise InputError(
            f"the rows lack the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}{near}; "
            f"version {model.version} needs {', '.join(model.needed)}: name them so where the rows come from"
        )
    for name in key:
        if list(key).count(name) > 1:
            raise InputError(f"data.key: {name!r} is there twice; name each column once")
        if name not in names:
            raise InputError(
                f"data.key: the rows have no column {name!r}{nearest(name, names)}; they have {', '.join(names)}"
            )


def _kind(column: Column | None, kind: pa.DataType) -> Kind:
    """What a key column holds: by its own type, or where that is text, by the contract's."""
    import pyarrow.types as types

    if types.is_integer(kind):
        return "integer"
    if types.is_boolean(kind):
        return "boolean"
    if types.is_floating(kind) or types.is_decimal(kind):
        return "integer" if column is not None and column.type == "integer" else "number"
    if types.is_timestamp(kind) or types.is_date(kind):
        return "moment" if _zone(kind) is None else "instant"
    return {"integer": "integer", "number": "number"}.get(column.type, "text") if column is not None else "text"  # type: ignore[return-value]


def _zone(kind: pa.DataType) -> str | None:
    """The zone of moments, as the source has it."""
    import pyarrow.types as types

    return kind.tz if types.is_timestamp(kind) else None


def _answers(model: Predictor) -> list[Field]:
    """What the predictor gives for a row: classes as the target's type, everything else as numbers."""
    labels: dict[str, Kind] = {"integer": "integer", "boolean": "boolean"}
    first: Kind = "number" if model.contract.is_amount else labels.get(model.contract.target.type, "text")
    names = model.predict(model.example())
    return [Field(name, first if name in ("prediction", EXPLAINED_CLASS) else "number") for name in names]


def _portion(model: Predictor, form: Form, batch: Batch, answer: bool, now: Mapping[str, int]) -> Portion:
    """Answer one batch."""
    import numpy as np
    import pyarrow as pa

    from ..data.frames import series

    reasons: dict[int, str] = {}
    given = {column.name: series(batch.table[column.name]) for column in model.contract.inputs}
    columns, unreadable, lacking = inputs.read(model.contract, given)
    reasons |= lacking | unreadable
    keys = _keys(form, batch, reasons)
    rejected = [Rejected(line.number, line.reason, json.dumps(line.text, ensure_ascii=False)) for line in batch.broken]
    rejected += _records(batch, reasons)
    good = np.ones(batch.table.num_rows, dtype=bool)
    good[list(reasons)] = False
    cells = keys if good.all() else {name: values.filter(pa.array(good)) for name, values in keys.items()}
    if answer and good.any():
        chosen = columns if good.all() else {name: values[good] for name, values in columns.items()}
        cells |= model.predict(chosen, **now)
    schema = form.schema
    if not answer:  # the keys alone say how many rows would have one
        schema = pa.schema([schema.field(name) for name in form.key])
    table = pa.table({field.name: pa.array(cells.get(field.name, []), field.type) for field in schema})
    ordered = tuple(sorted(rejected, key=lambda row: row.number))
    return Portion(table, ordered, read=batch.length, mark=batch.end, numbers=batch.numbers[good])


def _keys(form: Form, batch: Batch, reasons: dict[int, str]) -> dict[str, pa.Array]:
    """The key's columns [n]; a row with an empty or unreadable one goes to `reasons`."""
    import numpy as np
    import pyarrow as pa

    if not form.lasting:
        return {ROW: pa.array(batch.numbers)}
    found = {}
    for field in form.fields[: len(form.key)]:
        cells = batch.table[field.name].combine_chunks()
        cells = pa.chunked_array([cells]).combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        read, bad = _cast(cells, form.schema.field(field.name).type)
        for row in np.flatnonzero(bad).tolist():
            shown = str(cells[row])[:60]
            reasons.setdefault(row, f"the key {field.name} holds {shown!r}, expected {EXPECTED[field.kind]}")
        empty = np.asarray(read.is_null(nan_is_null=True)) & ~bad
        for row in np.flatnonzero(empty).tolist():
            reasons.setdefault(row, f"the key {field.name} is empty")
        found[field.name] = read
    return found


def _cast(cells: pa.Array, kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """Cells as another type, and the cells [n] that cannot be: those are empty then."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        read = cells.cast(kind)
        if pa.types.is_string(kind):  # PostgreSQL cannot hold a NUL, and one would spoil its whole portion
            return read, np.asarray(pc.match_substring(read, "\0").fill_null(False))
        return read, np.zeros(len(cells), dtype=bool)
    except pa.ArrowInvalid:
        each = []
        for cell in cells:
            try:
                each.append(pa.scalar(cell.as_py()).cast(kind).as_py() if cell.is_valid else None)
            except pa.ArrowInvalid:
                each.append(None)
        found = pa.array(each, kind)
        return found, np.asarray(found.is_null()) & np.asarray(cells.is_valid())


def _records(batch: Batch, reasons: dict[int, str]) -> Iterator[Rejected]:
    """The rows that are left out, each with its reason and as JSON."""
    if not reasons:
        return
    positions = sorted(reasons)
    for position, record in zip(positions, batch.table.take(positions).to_pylist(), strict=True):
        text = json.dumps(record, ensure_ascii=False, default=str)
        yield Rejected(int(batch.numbers[position]), reasons[position], text)
