"""The jobs that run by themselves: jobs.toml, read and checked, and when each of them is due.

    from jobs import read          # in this folder; nothing but the standard library is needed
    plan = read(Path("."))         # the project's folder
    plan.job("batch").due(now)     # the latest moment for which the job was to run

    .venv/bin/python schedule/jobs.py     # check the file and list the jobs

Where clocks change, `due` says: a time that the clock leaves out happens as much later as the clock jumped (02:30
becomes 03:30), a time that it shows twice counts once, the first time; a job of every hour runs each hour that passes.
cron goes by this; Prefect and Airflow count themselves, alike but for that hour of the year (docs/ has what they do).
"""

from __future__ import annotations

import datetime
import itertools
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

#: Exit codes of schedule/run.py: those of the project's command, and these.
DONE = (0, 3)  # 3: done, but an alert fired or the candidate was not promoted
BUG = 1  # the only one after which another attempt makes sense
WRONG = 2  # the input or a setting
LEFT_OUT = 75  # the run before it still runs
TIMED_OUT = 124
MEANINGS = {
    WRONG: " (the input or a setting is wrong: not tried again)",
    3: " (done, but an alert fired or the candidate was not promoted)",
    TIMED_OUT: " (it took too long and was stopped)",
}

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


class Wrong(Exception):
    """The jobs file or a word of the command line is wrong; the message says what, and what was expected."""


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
        """Read five fields as crontab(5) has them: `*`, `5`, `1-5`, `*/10`, `mon,thu`. Raises Wrong."""
        words = text.split()
        if len(words) != len(_FIELDS):
            raise Wrong(f"{text!r} has {len(words)} fields; expected five, such as '17 3 * * 1' (Mondays at 03:17)")
        minutes, hours, days, months, weekdays = map(_field, words, range(len(_FIELDS)))
        if words[2] != "*" and words[4] != "*":
            # Either or both? It depends on the scheduler, and on how a step is written.
            raise Wrong(f"{text!r} names days of the month and days of the week; expected one of them: make two jobs")
        return cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays))

    def on(self, day: datetime.date) -> bool:
        """Whether there are runs on a day of the calendar."""
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def clock(self) -> list[datetime.time]:
        """The times of such a day, the latest first."""
        return [datetime.time(*pair) for pair in sorted(itertools.product(self.hours, self.minutes), reverse=True)]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One entry of jobs.toml, which says what each line is for."""

    name: str
    zone: datetime.tzinfo
    at: str
    command: tuple[str, ...]
    retries: int
    retry_minutes: float
    timeout_minutes: float
    enabled: bool

    def due(self, now: datetime.datetime) -> datetime.datetime:
        """Return the latest moment up to `now` for which the job was to run. Raises Wrong where there never was one."""
        return next(self._past(now))

    def words(self, moment: datetime.datetime) -> list[str]:
        """Return the command for a run whose logical date is `moment`."""
        local = moment.astimezone(self.zone).replace(microsecond=0)
        known = {"{date}": local.date().isoformat(), "{time}": local.isoformat()}
        return [re.sub(r"\{(date|time)\}", lambda found: known[found[0]], word) for word in self.command]

    def _past(self, now: datetime.datetime) -> Iterator[datetime.datetime]:
        times = Times.parse(self.at)
        today = now.astimezone(self.zone).date() + datetime.timedelta(days=1)
        for back in range(_HORIZON):
            day = today - datetime.timedelta(days=back)
            if times.on(day):
                moments = {moment for clock in times.clock() for moment in self._moments(day, clock, times)}
                yield from sorted((moment for moment in moments if moment <= now), reverse=True)
        raise Wrong(f"jobs.{self.name}.at: {self.at!r} is on no day of the calendar")

    def _moments(self, day: datetime.date, clock: datetime.time, times: Times) -> Iterator[datetime.datetime]:
        local = datetime.datetime.combine(day, clock, self.zone)
        yield local.astimezone(datetime.UTC)
        if len(times.hours) == 24:  # each hour that passes, the repeated one too
            yield local.replace(fold=1).astimezone(datetime.UTC)


@dataclass(frozen=True)
class Plan:
    """The jobs of one project, and the name of its command."""

    project: str
    time_zone: str
    zone: datetime.tzinfo
    jobs: tuple[Job, ...]

    def job(self, name: str) -> Job:
        """Return the job of that name. Raises Wrong."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise Wrong(f"{name!r} is no job; expected {_either(job.name for job in self.jobs)} (schedule/jobs.toml)")

    @property
    def enabled(self) -> tuple[Job, ...]:
        """The jobs that are to run."""
        return tuple(job for job in self.jobs if job.enabled)


def read(root: Path) -> Plan:
    """Read schedule/jobs.toml and the project's name in pyproject.toml. Raises Wrong with what is not as expected."""
    project = _toml(root / "pyproject.toml")["project"]["name"]
    text = _toml(root / "schedule" / "jobs.toml")
    if unknown := text.keys() - {"time_zone", "jobs"}:
        raise Wrong(f"schedule/jobs.toml: {min(unknown)!r} is unknown; expected time_zone and [jobs.NAME] entries")
    name = text.get("time_zone", "UTC")
    zone = _zone(name)
    entries = text.get("jobs", {})
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise Wrong("schedule/jobs.toml: jobs holds no entries; expected [jobs.NAME] tables")
    return Plan(project, name, zone, tuple(_job(name, entry, zone) for name, entry in entries.items()))


def moment(text: str, zone: datetime.tzinfo) -> datetime.datetime:
    """Read a logical date: a day (its midnight) or a moment, in `zone` where it names none itself. Raises Wrong."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(f"{text!r} is no date; expected such as 2026-01-31 or 2026-01-31T06:00:00+01:00") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def call(root: Path, job: Job, moment: datetime.datetime, say: Callable[[str], object]) -> int:
    """Run a job once through run.py, hand each line that it says to `say`, and return the exit code: for orchestrators.

    A run that is given up in between (an exception in the one who waits) is stopped before this returns.
    """
    words = [str(root / "schedule" / "run.py"), job.name, "--date", moment.isoformat(), "--once", "--echo"]
    with subprocess.Popen(
        [sys.executable, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                say(line.rstrip("\n"))
        except BaseException:
            process.terminate()
            raise
    return process.returncode


def _job(name: str, entry: dict[str, Any], zone: datetime.tzinfo) -> Job:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise Wrong(f"jobs.{name}: expected a name of small letters, digits, - and _")
    known = [field.name for field in fields(Job) if field.name not in ("name", "zone")]
    if unknown := entry.keys() - set(known):
        raise Wrong(f"jobs.{name}.{min(unknown)} is unknown; expected {_either(known)}")
    if missing := [key for key in known if key not in entry]:
        raise Wrong(f"jobs.{name}.{missing[0]} is missing")
    checks = (
        ("at", "a cron expression such as '17 3 * * 1'", lambda value: isinstance(value, str)),
        ("command", 'a list of words such as ["train"]', _words),
        ("retries", "a whole number, 0 or more", lambda value: type(value) is int and value >= 0),
        ("retry_minutes", "a number, 0 or more", lambda value: type(value) in (int, float) and value >= 0),
        ("timeout_minutes", "a number above 0", lambda value: type(value) in (int, float) and value > 0),
        ("enabled", "true or false", lambda value: isinstance(value, bool)),
    )
    for key, expected, holds in checks:
        if not holds(entry[key]):
            raise Wrong(f"jobs.{name}.{key}: {entry[key]!r} is not {expected}")
    try:
        Times.parse(entry["at"])
    except Wrong as error:
        raise Wrong(f"jobs.{name}.at: {error}") from None
    return Job(name=name, zone=zone, **{**entry, "command": tuple(entry["command"])})


def _words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


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
            raise Wrong(f"{text!r} is no {what}; expected {low} to {high}, a list, a range or a step (*/10)") from None
    return frozenset(found)


def _zone(name: object) -> datetime.tzinfo:
    if name == "UTC":
        return datetime.UTC  # known where the system has no time zone data, too
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise Wrong(f"time_zone: {name!r} is unknown here; expected an IANA name such as 'Europe/Berlin'") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf8"))
    except FileNotFoundError:
        raise Wrong(f"there is no {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"{path.parent.name}/{path.name} cannot be read: {error}") from None


def _either(words: Any) -> str:
    return ", ".join(words) or "none: there are no jobs"


def main() -> int:
    """Check jobs.toml and print its jobs."""
    try:
        plan = read(Path(__file__).absolute().parents[1])
    except Wrong as error:
        print(f"jobs: {error}", file=sys.stderr)
        return WRONG
    for job in plan.jobs:
        off = "" if job.enabled else "  (not enabled)"
        print(f"{job.name:10} {job.at:16} {plan.time_zone:16} {plan.project} {' '.join(job.command)}{off}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
