"""The DAGs of a project, one for each job of jobs.toml; schedule/dag.py hands them to Airflow.

    make schedule INSTALL=1 DAGS=/opt/airflow/dags                   # the link, for churn-batch and churn-retrain
    airflow dags trigger churn-batch --logical-date 2026-01-31       # for another logical date

A task starts the wrapper (scheduling/run.py), which calls the project's own command in the project's own environment:
of Airflow's the job sees nothing. The logical date is the time for which Airflow scheduled the run.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from .. import exit_codes
from ..jobs import read
from ..launch import call


def dags(root: Path) -> dict[str, DAG]:
    """Return the DAGs of the project at `root` by names that a module can have. Raises InputError."""
    plan = read(root)
    found = {}
    for job in plan.enabled:
        with DAG(
            f"{plan.project}-{job.name}",
            description=" ".join((plan.project, *job.command)),
            # No start date: the first run is the next one, and after an outage only the latest missed one is made good.
            schedule=CronTriggerTimetable(job.at, timezone=plan.time_zone),
            catchup=False,
            max_active_runs=1,
            is_paused_upon_creation=False,
            tags=[plan.project],
        ) as dag:
            delay = datetime.timedelta(minutes=job.retry_minutes)
            task(task_id=job.name, retries=job.retries, retry_delay=delay)(work)(str(root), job.name)
        found[dag.dag_id.replace("-", "_")] = dag
    return found


def work(root: str, name: str) -> str:
    """Run the job of that name once, for the logical date of the run, and return how it ended.

    Raises AirflowSkipException where the run before it still runs, AirflowFailException (no further attempts) for wrong
    input and the like, AirflowException (further attempts) for a bug.
    """
    run = get_current_context()["dag_run"]
    moment = run.logical_date or run.run_after  # a run started by hand may have no logical date
    code = call(Path(root), read(Path(root)).job(name), moment, print)
    message = exit_codes.describe(code)
    if code in exit_codes.DONE:
        return message
    if code == exit_codes.LEFT_OUT:
        raise AirflowSkipException(f"{message}: the run before it still runs")
    raise (AirflowException if code == exit_codes.BUG else AirflowFailException)(message)
