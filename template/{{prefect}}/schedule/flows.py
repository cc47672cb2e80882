"""The flow that runs a job of jobs.toml under Prefect: prefect.yaml deploys it once for each job, a worker runs it.

    schedule/.venv/bin/prefect deployment run churn/batch                             # now
    schedule/.venv/bin/prefect deployment run churn/batch --param date=2026-01-31     # for another logical date

It starts schedule/run.py, which calls the project's own command in the project's own environment; of this environment
(schedule/.venv) the job sees nothing. The logical date is the time for which Prefect scheduled the run.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import jobs
from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed

ROOT = Path(__file__).resolve().parents[1]
# Prefect may place a run an hour off on the day when clocks change: only what is later than that makes a run stale.
CHANGE = datetime.timedelta(hours=1)


class Bug(Exception):
    """The command ended with exit code 1: another attempt may go well."""


@task(task_run_name="{job.name}", cache_policy=NO_CACHE, persist_result=False)
def attempt(job: jobs.Job, moment: datetime.datetime) -> int:
    """Run the job once and return its exit code. Raises Bug."""
    code = jobs.call(ROOT, job, moment, get_run_logger().info)
    if code == jobs.BUG:
        raise Bug(f"exit code {code}; what {job.name} said stands above and in logs/{job.name}.log")
    return code


@flow(name=jobs.read(ROOT).project, flow_run_name="{job}", persist_result=False)
def run(job: str, date: str | None = None) -> State[Any]:
    """Run the job of that name for the logical date `date`; else for the time of the schedule."""
    try:
        chosen = jobs.read(ROOT).job(job)
        moment = jobs.moment(date, chosen.zone) if date else flow_run.scheduled_start_time
    except jobs.Wrong as error:
        return Failed(message=str(error))
    context = FlowRunContext.get()
    scheduled = context is not None and context.flow_run is not None and context.flow_run.auto_scheduled
    now = datetime.datetime.now(datetime.UTC)
    if scheduled and not date and chosen.due(now) > moment + CHANGE:
        return Cancelled(message=f"left out: a later run than that for {moment.isoformat()} is due, too")
    patient = attempt.with_options(retries=chosen.retries, retry_delay_seconds=60 * chosen.retry_minutes)
    code = patient(chosen, moment)
    if code == jobs.LEFT_OUT:
        return Cancelled(message=f"left out: the run before it still runs (exit code {code})")
    words = f"exit code {code}{jobs.MEANINGS.get(code, '')}"
    return Completed(message=words) if code in jobs.DONE else Failed(message=words)
