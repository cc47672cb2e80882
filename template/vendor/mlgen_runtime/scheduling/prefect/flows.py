"""The flow that runs a job of jobs.toml under Prefect: prefect.yaml deploys it once for each job, a worker runs it.

    schedule/.venv/bin/prefect deployment run churn/batch                             # now
    schedule/.venv/bin/prefect deployment run churn/batch --param date=2026-01-31     # for another logical date

It starts the wrapper (scheduling/run.py), which calls the project's own command in the project's own environment; of
Prefect's (schedule/.venv) the job sees nothing. The logical date is the time for which Prefect scheduled the run.

Prefect imports this module in the project's folder, and takes the flow's name from it: so the project is read here.
"""

from __future__ import annotations

import datetime
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

from ...core.errors import InputError
from .. import exit_codes
from ..jobs import Job, logical_date, project_root, read
from ..launch import call

ROOT = project_root()
# Prefect may place a run an hour off on the day when clocks change: only what is later than that makes a run stale.
CHANGE = datetime.timedelta(hours=1)


class Bug(Exception):
    """The command ended with exit code 1: another attempt may go well."""


def run_once(job: Job, moment: datetime.datetime) -> int:
    """Run the job once and return its exit code. Raises Bug."""
    code = call(ROOT, job, moment, get_run_logger().info)
    if code == exit_codes.BUG:
        raise Bug(f"exit code {code}; what {job.name} said stands above and in logs/{job.name}.log")
    return code


def run_job(job: str, date: str | None = None) -> State[Any]:
    """Run the job of that name for the logical date `date`; else for the time of the schedule."""
    try:
        chosen = read(ROOT).job(job)
        moment = logical_date(date, chosen.zone) if date else flow_run.scheduled_start_time
    except InputError as error:
        return Failed(message=str(error))
    context = FlowRunContext.get()
    scheduled = context is not None and context.flow_run is not None and context.flow_run.auto_scheduled
    now = datetime.datetime.now(datetime.UTC)
    if scheduled and not date and chosen.due(now) > moment + CHANGE:
        return Cancelled(message=f"left out: a later run than that for {moment.isoformat()} is due, too")
    patient = attempt.with_options(retries=chosen.retries, retry_delay_seconds=60 * chosen.retry_minutes)
    code = patient(chosen, moment)
    if code == exit_codes.LEFT_OUT:
        return Cancelled(message=f"left out: the run before it still runs (exit code {code})")
    message = exit_codes.describe(code)
    return Completed(message=message) if code in exit_codes.DONE else Failed(message=message)


attempt = task(task_run_name="{job.name}", cache_policy=NO_CACHE, persist_result=False)(run_once)
run = flow(name=read(ROOT).project, flow_run_name="{job}", persist_result=False)(run_job)
