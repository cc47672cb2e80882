"""The tables of a database sink, as the contract defines them: answers, their quarantine, and the runs.

predictions             the form's columns, then model_version, run_id, scored_at; the key is the primary key
predictions_quarantine  rows without an answer: run_id, row, reason, record (JSON)
predictions_runs        one row a run: what it is of, and how far it is

The key is the form's where it means the same in every run, unless earlier runs are to be kept: then, and for rows that
are known by their number only, the run belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ...usecase.batches import Form

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .dialect import Dialect


@dataclass(frozen=True)
class Definition:
    """Three tables for answers of one form; `keeps` is whether the rows of earlier runs stay."""

    table: str
    schema: str | None
    form: Form
    keeps: bool
    dialect: Dialect

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return self.form.key if self.form.lasting and not self.keeps else ("run_id", *self.form.key)

    @cached_property
    def metadata(self) -> sa.MetaData:
        import sqlalchemy as sa

        return sa.MetaData(schema=self.schema)

    @cached_property
    def answers(self) -> sa.Table:
        import sqlalchemy as sa

        types = self.dialect.types()
        columns = [
            sa.Column(field.name, types[field.kind], nullable=field.name not in self.form.key, autoincrement=False)
            for field in self.form.fields
        ]
        stamps = [sa.Column(name, types["text"], nullable=False) for name in ("model_version", "run_id")]
        scored = sa.Column("scored_at", types["instant"], nullable=False)
        return self._table(self.table, [*columns, *stamps, scored], self.key)

    @cached_property
    def quarantine(self) -> sa.Table:
        import sqlalchemy as sa

        types = self.dialect.types()
        kinds = {"run_id": "text", "row": "integer", "reason": "text", "record": "text"}
        columns = [sa.Column(name, types[kind], nullable=False) for name, kind in kinds.items()]
        return self._table(f"{self.table}_quarantine", columns, None)

    @cached_property
    def runs(self) -> sa.Table:
        import sqlalchemy as sa

        types = self.dialect.types()
        texts = ("run_id", "job", "status", "source", "fingerprint", "model_version", "logical_date", "started_at")
        counts = ("mark", "rows_read", "rows_written", "rows_rejected")
        columns = [sa.Column(name, types["text"], nullable=False) for name in texts]
        columns += [sa.Column(name, types["integer"], nullable=False) for name in counts]
        return self._table(f"{self.table}_runs", columns, ("run_id",))

    def _table(self, name: str, columns: list[sa.Column[Any]], key: tuple[str, ...] | None) -> sa.Table:
        import sqlalchemy as sa

        keyed = [sa.PrimaryKeyConstraint(*key)] if key else []
        return sa.Table(name, self.metadata, *columns, *keyed, **(self.dialect.options if key else {}))

    def create(self, connection: sa.Connection) -> None:
        """Make the tables that are not there."""
        for table in (self.answers, self.quarantine, self.runs):
            table.create(connection, checkfirst=True)

    def check(self, connection: sa.Connection) -> None:
        """Raise InputError where a table of that name is there and cannot take these rows."""
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        for table in (self.answers, self.quarantine, self.runs):
            if not inspector.has_table(table.name, schema=self.schema):
                continue
            there = {str(column["name"]): column["type"] for column in inspector.get_columns(table.name, self.schema)}
            lacking = [column.name for column in table.columns if column.name not in there]
            if lacking:
                raise InputError(
                    f"batch.output: the table {table.name} has no column {', '.join(lacking)}, so it holds something "
                    "else; name another table after #, or rename that one"
                )
            known = [name for name in there if name in table.columns]
            exact = self.dialect.exact
            wrong = [name for name in known if not _alike(table.columns[name].type, there[name], exact)]
            if wrong:
                raise InputError(
                    f"batch.output: the column {wrong[0]} of the table {table.name} is {there[wrong[0]]}, expected "
                    f"{table.columns[wrong[0]].type}; name another table after #, or rename that one"
                )
        if inspector.has_table(self.table, schema=self.schema):
            found = tuple(inspector.get_pk_constraint(self.table, self.schema)["constrained_columns"])
            if set(found) != set(self.key):
                raise InputError(
                    f"batch.output: the table {self.table} has the key ({', '.join(found) or 'none'}), expected "
                    f"({', '.join(self.key)}); name another table after #, or change data.key or batch.history back"
                )


def _alike(wanted: Any, there: Any, exact: bool) -> bool:
    """Whether a column's type can hold what is written; with `exact`, numbers must be of the same size too."""
    import sqlalchemy as sa

    groups: dict[str, tuple[type, ...]] = {
        "text": (sa.String,),
        "moment": (sa.DateTime,),
        "truth": (sa.Boolean,),
        "integer": (sa.Integer,),
        "number": (sa.Numeric, sa.Float),
    }

    def group(kind: Any) -> str:
        return next((name for name, types in groups.items() if isinstance(kind, types)), "other")

    sized = not exact or group(wanted) not in ("integer", "number") or isinstance(there, type(wanted))
    return group(wanted) == group(there) and sized
