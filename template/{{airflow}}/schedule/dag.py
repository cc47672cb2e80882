"""The DAGs of this project, one for each job of jobs.toml. Airflow reads this file through a link in its dags folder.

    make schedule INSTALL=1 DAGS=/opt/airflow/dags                   # the link, for churn-batch and churn-retrain
    airflow dags trigger churn-batch --logical-date 2026-01-31       # for another logical date

A task starts schedule/run.py, which calls the project's own command in the project's own environment: of Airflow's the
job sees nothing. The logical date is the time for which Airflow scheduled the run. Airflow's Python is 3.11 or later.
"""

from __future__ import annotations

import datetime
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

# Where the project is: around this file (behind the link); a copy of this file has it in PROJECT, or in its place here.
AROUND = Path(__file__).resolve().parents[1]
ROOT = AROUND if (AROUND / "schedule" / "jobs.toml").is_file() else Path(os.environ.get("PROJECT", "/srv/project"))


def load(root: Path) -> ModuleType:
    """Import schedule/jobs.py of the project at `root` under a name that no other project's DAGs have."""
    name = f"jobs of {root}"
    spec = importlib.util.spec_from_file_location(name, root / "schedule" / "jobs.py")
    if spec is None or spec.loader is None or not root.is_dir():
        raise AirflowException(f"there is no project at {root}; link this file, or set PROJECT for Airflow")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


jobs = load(ROOT)
plan = jobs.read(ROOT)


def work(name: str) -> str:
    """Run the job of that name once, for the logical date of the run, and say how it ended.

    Raises AirflowSkipException where the run before it still runs, AirflowFailException (no further attempts) for wrong
    input and the like, AirflowException (further attempts) for a bug.
    """
    run = get_current_context()["dag_run"]
    moment = run.logical_date or run.run_after  # a run started by hand may have no logical date
    code = jobs.call(ROOT, jobs.read(ROOT).job(name), moment, print)
    words = f"exit code {code}{jobs.MEANINGS.get(code, '')}"
    if code in jobs.DONE:
        return words
    if code == jobs.LEFT_OUT:
        raise AirflowSkipException(f"{words}: the run before it still runs")
    raise (AirflowException if code == jobs.BUG else AirflowFailException)(words)


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
        patient = task(task_id=job.name, retries=job.retries, retry_delay=datetime.timedelta(minutes=job.retry_minutes))
        patient(work)(job.name)
    globals()[dag.dag_id.replace("-", "_")] = dag  # Airflow looks for DAGs among the names of a module
