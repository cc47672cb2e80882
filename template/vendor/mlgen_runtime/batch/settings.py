"""conf/batch as a dataclass."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from ..config.schema import Count, Part
from ..core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """One entry per line of conf/batch/default.yaml, which says what each is for."""

    input: str | None
    output: str
    date: str | None
    history: bool
    chunk: Count
    max_rejected: Part
    wait: bool
    dry_run: bool
    threads: Count | None
    explain: bool

    @property
    def day(self) -> str:
        """The logical date of the run as ISO 8601: `date`, or today in UTC."""
        if self.date is None:
            return datetime.datetime.now(datetime.UTC).date().isoformat()
        try:
            return datetime.datetime.fromisoformat(self.date).isoformat() if "T" in self.date else _date(self.date)
        except ValueError:
            raise InputError(
                f"batch.date: {self.date!r} is no date; expected such as 2026-01-31 or 2026-01-31T06:00:00"
            ) from None


def _date(text: str) -> str:
    return datetime.date.fromisoformat(text).isoformat()
