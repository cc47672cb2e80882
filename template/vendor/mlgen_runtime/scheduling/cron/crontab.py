"""The crontab of this project, made from jobs.toml: `make schedule`, `make schedule INSTALL=1`, `make unschedule`.

    .venv/bin/python -m mlgen_runtime.scheduling.cron.crontab               print the lines
    .venv/bin/python -m mlgen_runtime.scheduling.cron.crontab --install     put them into the crontab, in place of older
    .venv/bin/python -m mlgen_runtime.scheduling.cron.crontab --remove      take them out

A job has two lines: one for its times, one for the time that it missed while the machine was off.

    17 4 * * * cd /srv/churn && .venv/bin/python -m mlgen_runtime.scheduling.run batch --due
    @reboot cd /srv/churn && sleep 60 && .venv/bin/python -m mlgen_runtime.scheduling.run batch --missed

Debian's cron counts in the machine's time zone and knows no other (`CRON_TZ` is cronie's alone), and daemons differ in
what they do when clocks change. So the times stand in the line only where the job's zone is the machine's and its clock
never changes (UTC on both, mostly). Else cron asks every hour, at the job's minutes, and `--due` decides.
"""

from __future__ import annotations

import argparse
import datetime
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from ...core.errors import InputError
from ..exit_codes import WRONG
from ..jobs import Job, Plan, project_root, read
from ..times import Times

RUN = ".venv/bin/python -m mlgen_runtime.scheduling.run"
LOCALTIME = Path("/etc/localtime")  # the zone that the daemon counts in
STEADY = datetime.timedelta(days=730)  # how far ahead zones are compared
BOOTING = 60  # seconds after the start of the machine: networks and databases come up


def main() -> int:
    """Do what the command line asks and return the exit code."""
    parser = argparse.ArgumentParser(prog="crontab", description="The crontab of this project.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--install", action="store_true", help="put the lines into the crontab")
    what.add_argument("--remove", action="store_true", help="take them out of it")
    asked = parser.parse_args()
    try:
        root = project_root()
        block = [] if asked.remove else list(lines(read(root), root, machine()))
        if asked.install or asked.remove:
            replace(block, root)
    except InputError as error:
        print(f"crontab: {error}", file=sys.stderr)
        return WRONG
    if asked.install:
        print("installed; 'crontab -l' shows it, 'make unschedule' takes it out")
    elif block:
        print("\n".join(block))
    return 0


def lines(plan: Plan, root: Path, here: datetime.tzinfo) -> Iterator[str]:
    """Yield the lines of a project at `root` on a machine whose zone is `here`, between the marks of this folder."""
    begin, end = marks(root)
    yield begin
    yield f"# {plan.project}: made from schedule/jobs.toml by make schedule INSTALL=1; changes belong there"
    for job in plan.enabled:
        command = f"cd {shlex.quote(str(root))} && ".replace("%", r"\%")  # in a crontab a plain % ends the command
        at = fields(job, here)
        asks = "" if at == job.at else "; cron asks every hour, the job knows when it is due"
        yield f"# {job.name}: {job.at} in {plan.time_zone}{asks}"
        yield f"{at} {command}{RUN} {job.name} --due"
        yield f"@reboot {command}sleep {BOOTING} && {RUN} {job.name} --missed"
    yield end


def fields(job: Job, here: datetime.tzinfo) -> str:
    """Return the five time fields of a job's line on a machine whose zone is `here`."""
    now = datetime.datetime.now(datetime.UTC)
    moments = [now + hours * datetime.timedelta(hours=6) for hours in range(STEADY // datetime.timedelta(hours=6))]
    there = {offset(job.zone, moment) for moment in moments}
    shifts = {offset(here, moment) - offset(job.zone, moment) for moment in moments}
    if shifts == {0} and len(there) == 1:
        return job.at
    minutes = {(minute + shift) % 60 for minute in Times.parse(job.at).minutes for shift in shifts}
    return f"{','.join(map(str, sorted(minutes)))} * * * *"


def offset(zone: datetime.tzinfo, moment: datetime.datetime) -> int:
    """Return how many minutes a zone is ahead of UTC."""
    return int((moment.astimezone(zone).utcoffset() or datetime.timedelta()).total_seconds() // 60)


def machine() -> datetime.tzinfo:
    """Return the zone of this machine, whatever TZ says in the shell that asks; UTC where none is set."""
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return datetime.UTC


def replace(block: list[str], root: Path) -> None:
    """Put `block` into the user's crontab, in place of what stood between this folder's marks. Raises InputError."""
    begin, end = marks(root)
    try:
        listed = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False)
        kept, inside = [], False
        for line in listed.stdout.splitlines() if listed.returncode == 0 else []:  # 1: there is no crontab yet
            inside = inside or line == begin
            if not inside:
                kept.append(line)
            inside = inside and line != end
        text = "".join(f"{line}\n" for line in [*kept, *block])
        done = subprocess.run(["crontab", "-"], input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise InputError("there is no crontab command here; install cron, or cronie") from None
    if done.returncode:
        raise InputError(f"crontab refused: {' '.join(done.stderr.split())}")


def marks(root: Path) -> tuple[str, str]:
    """Return the lines that stand before and after this folder's lines."""
    return f"# begin {root}", f"# end {root}"


if __name__ == "__main__":
    sys.exit(main())
