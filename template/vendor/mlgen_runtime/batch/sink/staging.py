"""A portion that replaces rows: it goes into a temporary table, doubles come out, and one statement merges the rest.

A double is a row with the key of another row of the same run. The first one counts; the others are rejected.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from ...usecase.batches import Numbers, Rejected
from .definition import Definition
from .dialect import plain

if TYPE_CHECKING:
    import pyarrow as pa

TABLE = "batch_portion"
NUMBER = "batch_number"


class Staging:
    """The temporary table of one portion. Use it inside one transaction."""

    def __init__(self, definition: Definition, run: str) -> None:
        self.definition, self.run = definition, run
        self._preparer = plain(definition.dialect.engine).identifier_preparer
        self._quoted = self._preparer.quote
        self._number = NUMBER
        while self._number in definition.answers.columns:  # somebody's key
            self._number += "_"

    def fill(self, cursor: Any, rows: pa.Table, numbers: Numbers | None) -> list[Rejected]:
        """Load the rows [n] without their doubles, which are returned."""
        import pyarrow as pa

        places = np.arange(1, len(rows) + 1) if numbers is None else np.asarray(numbers)
        repeated = np.asarray(rows.select(self.definition.form.key).to_pandas().duplicated())
        kept = rows.filter(pa.array(~repeated)).append_column(self._number, pa.array(places[~repeated], pa.int64()))
        doubles = [self._double(rows, position, places[position]) for position in np.flatnonzero(repeated).tolist()]
        cursor.execute(f"DROP TABLE IF EXISTS {self._quoted(TABLE)}")
        cursor.adbc_ingest(TABLE, kept, mode="create", temporary=True)
        cursor.execute(self._earlier())
        earlier = {number for (number,) in cursor.fetchall()}
        if earlier:
            at = {int(number): position for position, number in enumerate(places.tolist())}
            doubles += [self._double(rows, at[number], number) for number in sorted(earlier)]
            listed = ", ".join(map(str, sorted(earlier)))
            cursor.execute(f"DELETE FROM {self._quoted(TABLE)} WHERE {self._quoted(self._number)} IN ({listed})")
        return doubles

    def merge(self, cursor: Any) -> None:
        """Add the rows to the table, or put them in the place of those with their key."""
        quoted = self._quoted
        columns = [column.name for column in self.definition.answers.columns]
        listed = ", ".join(map(quoted, columns))
        key = ", ".join(map(quoted, self.definition.key))
        changed = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns
                            if name not in self.definition.key)  # fmt: skip
        # WHERE true: without it SQLite takes ON for the condition of a join
        cursor.execute(
            f"INSERT INTO {self._target()} ({listed}) SELECT {listed} FROM {quoted(TABLE)} WHERE true "
            f"ON CONFLICT ({key}) DO UPDATE SET {changed}"
        )
        cursor.execute(f"DROP TABLE {quoted(TABLE)}")

    def _earlier(self) -> str:
        """The query for rows of the portion whose key an earlier portion of this run has written."""
        quoted = self._quoted
        same = " AND ".join(f"new.{quoted(name)} = old.{quoted(name)}" for name in self.definition.form.key)
        return (
            f"SELECT new.{quoted(self._number)} FROM {quoted(TABLE)} AS new JOIN {self._target()} AS old ON {same} "
            f"WHERE old.{quoted('run_id')} = '{self.run}'"
        )

    def _target(self) -> str:
        return str(self._preparer.format_table(self.definition.answers))

    def _double(self, rows: pa.Table, position: int, number: int) -> Rejected:
        record = {name: rows[name][position].as_py() for name in self.definition.form.key}
        shown = ", ".join(f"{name} {value}" for name, value in record.items())
        reason = f"another row has the key {shown}; the first one counts"
        return Rejected(int(number), reason, json.dumps(record, ensure_ascii=False, default=str))
