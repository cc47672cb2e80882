"""schedule/jobs.toml: the jobs that run by themselves, read and checked.

plan = read(root)              # the project's folder
plan.job("batch").due(now)     # the latest moment for which the job was to run

.venv/bin/python -m mlgen_runtime.scheduling.jobs     # check the file and list the jobs
"""

from __future__ import annotations

import datetime
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ..core.errors import InputError
from .exit_codes import WRONG
from .times import Times

VENDOR = Path(__file__).absolute().parents[2]


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
        """Return the latest moment up to `now` for which the job was to run. Raises InputError where none ever was."""
        if moment := Times.parse(self.at).latest(now, self.zone):
            return moment
        raise InputError(f"jobs.{self.name}.at: {self.at!r} is on no day of the calendar")

    def words(self, moment: datetime.datetime) -> list[str]:
        """Return the command for a run whose logical date is `moment`."""
        local = moment.astimezone(self.zone).replace(microsecond=0)
        known = {"{date}": local.date().isoformat(), "{time}": local.isoformat()}
        return [re.sub(r"\{(date|time)\}", lambda found: known[found[0]], word) for word in self.command]


@dataclass(frozen=True)
class Plan:
    """The jobs of one project, and the name of its command."""

    project: str
    time_zone: str
    zone: datetime.tzinfo
    jobs: tuple[Job, ...]

    def job(self, name: str) -> Job:
        """Return the job of that name. Raises InputError."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise InputError(f"{name!r} is no job; expected {_either(job.name for job in self.jobs)} (schedule/jobs.toml)")

    @property
    def enabled(self) -> tuple[Job, ...]:
        """The jobs that are to run."""
        return tuple(job for job in self.jobs if job.enabled)


def project_root() -> Path:
    """Return the folder with schedule/jobs.toml: the current one, one above it, else that of vendor/.

    Raises InputError where there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, VENDOR.parent):
        if (folder / "schedule" / "jobs.toml").is_file():
            return folder
    raise InputError(f"there is no schedule/jobs.toml in {here} or above it; change to the project's folder")


def read(root: Path) -> Plan:
    """Read schedule/jobs.toml and the project's name in pyproject.toml. Raises InputError."""
    project = _toml(root / "pyproject.toml")["project"]["name"]
    text = _toml(root / "schedule" / "jobs.toml")
    if unknown := text.keys() - {"time_zone", "jobs"}:
        raise InputError(f"schedule/jobs.toml: {min(unknown)!r} is unknown; expected time_zone and [jobs.NAME] entries")
    name = text.get("time_zone", "UTC")
    zone = _zone(name)
    entries = text.get("jobs", {})
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise InputError("schedule/jobs.toml: jobs holds no entries; expected [jobs.NAME] tables")
    return Plan(project, name, zone, tuple(_job(name, entry, zone) for name, entry in entries.items()))


def logical_date(text: str, zone: datetime.tzinfo) -> datetime.datetime:
    """Read a logical date: a day (its midnight) or a moment, in `zone` where it names none. Raises InputError."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no date; expected such as 2026-01-31 or 2026-01-31T06:00:00+01:00") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _job(name: str, entry: dict[str, Any], zone: datetime.tzinfo) -> Job:
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise InputError(f"jobs.{name}: expected a name of small letters, digits, - and _")
    known = [field.name for field in fields(Job) if field.name not in ("name", "zone")]
    if unknown := entry.keys() - set(known):
        raise InputError(f"jobs.{name}.{min(unknown)} is unknown; expected {_either(known)}")
    if missing := [key for key in known if key not in entry]:
        raise InputError(f"jobs.{name}.{missing[0]} is missing")
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
            raise InputError(f"jobs.{name}.{key}: {entry[key]!r} is not {expected}")
    try:
        Times.parse(entry["at"])
    except InputError as error:
        raise InputError(f"jobs.{name}.at: {error}") from None
    return Job(name=name, zone=zone, **{**entry, "command": tuple(entry["command"])})


def _words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _zone(name: object) -> datetime.tzinfo:
    if name == "UTC":
        return datetime.UTC  # known where the system has no time zone data, too
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        raise InputError(
            f"time_zone: {name!r} is unknown here; expected an IANA name such as 'Europe/Berlin'"
        ) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf8"))
    except FileNotFoundError:
        raise InputError(f"there is no {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.parent.name}/{path.name} cannot be read: {error}") from None


def _either(words: Iterable[str]) -> str:
    return ", ".join(words) or "none: there are no jobs"


def main() -> int:
    """Check jobs.toml and print its jobs."""
    try:
        plan = read(project_root())
    except InputError as error:
        print(f"jobs: {error}", file=sys.stderr)
        return WRONG
    for job in plan.jobs:
        off = "" if job.enabled else "  (not enabled)"
        print(f"{job.name:10} {job.at:16} {plan.time_zone:16} {plan.project} {' '.join(job.command)}{off}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
