"""Rows that come in portions, answers that leave in portions: what bulk scoring takes and gives, whatever the model.

A use case's `bulk` turns batches of raw rows into portions of answers; whoever reads tables makes the batches, whoever
writes tables takes the portions. Neither knows the other. A table of answers has a form, which says what its columns
hold and which of them name a row:

    Form((Field("customer", "integer"), Field("prediction", "text"), …), key=("customer",), lasting=True)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..data.source.rows import Batch, Broken, Numbers

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Batch", "Broken", "Field", "Form", "Kind", "Numbers", "Portion", "Rejected"]

Kind = Literal["integer", "number", "boolean", "text", "moment", "instant"]


@dataclass(frozen=True)
class Field:
    """A column of answers. A moment is datetime64[s] or Arrow's timestamp without a zone, an instant one in UTC, shown
    by the clocks of `zone`; a key's field is never empty."""

    name: str
    kind: Kind
    zone: str | None = None


@dataclass(frozen=True)
class Form:
    """The columns of a table of answers, in order, and the names of those that tell its rows apart.

    `lasting` is whether a key means the same in every run (a customer does, the number of a row does not).
    """

    fields: tuple[Field, ...]
    key: tuple[str, ...]
    lasting: bool

    @property
    def schema(self) -> pa.Schema:
        """The columns as Arrow has them; moments and instants in microseconds."""
        import pyarrow as pa

        kinds = {
            "integer": pa.int64(),
            "number": pa.float64(),
            "boolean": pa.bool_(),
            "text": pa.string(),
            "moment": pa.timestamp("us"),
        }
        return pa.schema(
            [
                (field.name, pa.timestamp("us", field.zone) if field.kind == "instant" else kinds[field.kind])
                for field in self.fields
            ]
        )


@dataclass(frozen=True)
class Rejected:
    """A row without an answer: its number in the source (from 1), why, and the row itself as JSON."""

    number: int
    reason: str
    record: str


@dataclass(frozen=True, eq=False)
class Portion:
    """Answers [n] in the form's columns, and the rows that got none.

    `read` rows of the source went into it. `mark` is where to go on after it: what `portions` takes as `after`.
    `numbers` [n] are the rows' places in the source, from 1, or none where answers are not of rows.
    """

    table: pa.Table
    rejected: tuple[Rejected, ...]
    read: int
    mark: int
    numbers: Numbers | None = None
