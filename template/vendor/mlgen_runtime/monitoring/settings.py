"""conf/monitor as a dataclass, and moments in words.

moment("2026-01-31T06:00:00", "monitor.until")    seconds since 1970; UTC where no offset is given
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Annotated

from ..config.schema import Amount, Bound, Count
from ..core.duration import seconds
from ..core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class ValueSettings:
    """What answers are worth. `table` is predicted label to true label to value; `amount` a column that it is taken
    times; `over` and `under` are what a unit too much or too little costs where amounts are predicted."""

    table: dict[str, dict[str, float]]
    amount: str | None
    over: Amount | None
    under: Amount | None

    @property
    def configured(self) -> bool:
        """Whether anything is said about value."""
        return bool(self.table) or self.over is not None or self.under is not None or self.amount is not None


@dataclass(frozen=True, kw_only=True)
class MonitorSettings:
    """One entry per line of conf/monitor/default.yaml, which says what each is for."""

    current: str | None
    window: str
    until: str | None
    windows: Count
    min_rows: Count
    min_outcomes: Count
    slices: list[str]
    value: ValueSettings
    track: bool
    detail_rows: Annotated[int, Bound(at_least=0)]

    def check(self) -> None:
        """Refuse durations and moments that are none, before anything is opened."""
        _ = self.window_seconds, self.until_seconds

    @property
    def window_seconds(self) -> float:
        """The length of a window."""
        return seconds(self.window, "monitor.window")

    @property
    def until_seconds(self) -> float | None:
        """The end of the newest window, or None for now."""
        return None if self.until is None else moment(self.until, "monitor.until")


def moment(text: str, name: str) -> float:
    """Read a moment in ISO 8601 as seconds since 1970; raises InputError naming the setting."""
    try:
        found = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"{name}: {text!r} is no moment; expected such as 2026-01-31T06:00:00 (UTC)") from None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def written(at: float) -> str:
    """A moment in seconds since 1970 as ISO 8601 in UTC, to the microsecond where it has any."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat().replace("+00:00", "Z")
