"""When a cron expression comes round: the five fields of crontab(5), read by the clock of one time zone.

    Times.parse("17 3 * * 1")                       # Mondays at 03:17
    Times.parse("17 3 * * 1").latest(now, zone)     # the latest of them up to `now`

Where clocks change: a time that the clock leaves out happens as much later as the clock jumped (02:30 becomes 03:30), a
time that it shows twice counts once, the first time; what is due every hour comes round each hour that passes. cron
goes by this; Prefect and Airflow count themselves, alike but for that hour of the year (docs/ has what they do).

No library reads them, though cronsim and croniter were tried. Both take what schedulers read in different ways (0/5,
3-3, days of the month beside days of the week, L, seconds), so what refuses it would stay, and that is most of this
module. Both run 02:30 at 03:00 where clocks leave it out; croniter counts the second of two. And Prefect brings the
one, Airflow the other: neither is in every environment that reads schedule/jobs.toml.
"""

from __future__ import annotations

import datetime
import itertools
import re
from dataclasses import dataclass

from ..core.errors import InputError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: What each field of a cron expression is, the least and the greatest value, and the names that stand for values.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)
_HORIZON = 366 * 8 + 2  # days: a 29 February comes at least every eight years


@dataclass(frozen=True)
class Times:
    """A cron expression: the minutes, hours, days, months and days of the week (0 is Sunday) that it names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Times:
        """Read five fields: `*`, `5`, `1-5`, `*/10`, `mon,thu`. Raises InputError."""
        words = text.split()
        if len(words) != len(_FIELDS):
            raise InputError(
                f"{text!r} has {len(words)} fields; expected five, such as '17 3 * * 1' (Mondays at 03:17)"
            )
        minutes, hours, days, months, weekdays = map(_field, words, range(len(_FIELDS)))
        if words[2] != "*" and words[4] != "*":
            # Either or both? It depends on the scheduler, and on how a step is written.
            raise InputError(
                f"{text!r} names days of the month and days of the week; expected one of them: make two jobs"
            )
        return cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays))

    def on(self, day: datetime.date) -> bool:
        """Whether the expression comes round on a day of the calendar."""
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def latest(self, now: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime | None:
        """Return the latest moment up to `now` at which it came round in `zone`; None where it is on no day at all."""
        tomorrow = now.astimezone(zone).date() + datetime.timedelta(days=1)
        days = (tomorrow - datetime.timedelta(days=back) for back in range(_HORIZON))
        past = (moment for day in days if self.on(day) for moment in self._moments(day, zone) if moment <= now)
        return next(past, None)

    def _moments(self, day: datetime.date, zone: datetime.tzinfo) -> list[datetime.datetime]:
        """Return the moments of one day, the latest first."""
        clock = [datetime.time(*pair) for pair in itertools.product(self.hours, self.minutes)]
        folds = (0, 1) if len(self.hours) == 24 else (0,)  # each hour that passes, the repeated one too
        local = (datetime.datetime.combine(day, time, zone) for time in clock)
        return sorted({at.replace(fold=fold).astimezone(datetime.UTC) for at in local for fold in folds}, reverse=True)


def _field(text: str, position: int) -> frozenset[int]:
    """Read one field: parts between commas, each `*`, a value or a range, with a step or without."""
    what, low, high, names = _FIELDS[position]
    numbers = {name: str(number) for number, name in enumerate(names, low)}
    found: set[int] = set()
    for part in text.lower().split(","):
        match = re.fullmatch(r"(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/(\d+))?", part)
        try:
            if not match or (match[3] and match[1] and not match[2]):  # 5/10: only some schedulers take it
                raise ValueError
            start, end = match[1] or str(low), match[2] or match[1] or str(high)
            first, last = int(numbers.get(start, start)), int(numbers.get(end, end))
            if not low <= first <= last <= high or (match[2] and first == last):  # 3-3 is every day for some
                raise ValueError
            found |= set(range(first, last + 1, int(match[3] or 1)))  # a step of 0 is a ValueError, too
        except ValueError:
            raise InputError(
                f"{text!r} is no {what}; expected {low} to {high}, a list, a range or a step (*/10)"
            ) from None
    return frozenset(found)
