"""Airflow for real: DAGs linked as `make schedule INSTALL=1` does it, imported, and run with `airflow dags test`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from generated_projects import run
from stage import again
from stand_in import calls

TIMES = """
import datetime, json, sys
from airflow.sdk import CronTriggerTimetable
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1], bundle_path=sys.argv[1], bundle_name="test")
assert not bag.import_errors, bag.import_errors
said = {}
for name, dag in bag.dags.items():
    (task,) = dag.tasks
    said[name] = [dag.timetable.expression, str(dag.timetable.timezone), dag.catchup, dag.max_active_runs,
                  task.retries, task.retry_delay.total_seconds()]
print(json.dumps(said))
"""


#: What Airflow makes of the hours in which clocks change, and of an outage, with the options that DAGs have.
CLOCKS = """
import datetime, json
from unittest import mock
import pendulum
from airflow.timetables import trigger
from airflow.timetables.base import DataInterval, TimeRestriction

def after(at, zone, start, count=1, last=None):
    table, moment, found = trigger.CronTriggerTimetable(at, timezone=zone), pendulum.parse(start), []
    none = TimeRestriction(earliest=None, latest=None, catchup=False)
    last = DataInterval.exact(pendulum.parse(last)) if last else None
    for _ in range(count):
        with mock.patch.object(trigger, "utcnow", return_value=moment):
            run = table.next_dagrun_info(last_automated_data_interval=last, restriction=none)
        found.append(run.logical_date.in_timezone("UTC").isoformat())
        last, moment = DataInterval.exact(run.logical_date), run.logical_date.add(seconds=1)
    return found

print(json.dumps({
    "spring": after("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
    "autumn": after("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
    "first": after("17 4 * * *", "UTC", "2026-11-23T12:00:00Z"),
    "outage": after("17 4 * * *", "UTC", "2026-11-23T12:00:00Z", last="2026-11-18T04:17:00Z"),
}))
"""


#: What croniter, which Airflow and Prefect read expressions with, makes of many of them, beside the runtime.
EXPRESSIONS = """
import datetime, random, sys
from croniter import croniter
sys.path.insert(0, "vendor")
from mlgen_runtime.scheduling.jobs import Job

draw = random.Random(0)

def field(low, high):
    first = draw.randint(low, high)
    last = draw.randint(first, high)
    span = f"{first}-{last}" if first < last else "*"
    return draw.choice(["*", f"{first}", span, f"*/{draw.randint(1, high)}", f"{first},{last}"])

for _ in range(500):
    days = draw.choice([(field(1, 28), "*"), ("*", field(0, 6)), ("*", draw.choice(["mon", "tue-fri", "7"]))])
    at = " ".join([field(0, 59), field(0, 23), days[0], draw.choice(["*", "jan-mar", "6"]), days[1]])
    now = datetime.datetime(2026, draw.randint(1, 12), draw.randint(1, 28), 12, 30, 30, tzinfo=datetime.UTC)
    job = Job(name="x", zone=datetime.UTC, at=at, command=("x",), retries=0, retry_minutes=0, timeout_minutes=1,
              enabled=True)
    assert job.due(now) == croniter(at, now).get_prev(datetime.datetime), (at, now)
print("alike")
"""


class Airflow:
    """A project whose DAGs are in the dags folder of an Airflow of its own."""

    def __init__(self, project: Path, home: Path) -> None:
        self.project, self.home = project, home
        self.bin = project / "schedule/.venv/bin"
        self.variables = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
        }

    def test(self, dag: str, date: str) -> str:
        """Run a DAG to its end in one process and return what it said."""
        done = subprocess.run(
            [self.bin / "airflow", "dags", "test", dag, date],
            cwd=self.home, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "DO_NOT_TRACK": "1", **self.variables}


@pytest.fixture(scope="module")
def airflow(staged: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    """An Airflow with its data in a folder of its own, and the project's DAGs in it."""
    found = Airflow(staged("airflow"), tmp_path_factory.mktemp("airflow"))
    run(found.project, "make", "schedule", "INSTALL=1", **found.variables)
    run(found.home, found.bin / "airflow", "db", "migrate", **found.variables)
    return found


@pytest.fixture(autouse=True)
def fresh(airflow: Airflow) -> None:
    again(airflow.project)


def test_the_dags_are_those_of_the_jobs_file(airflow: Airflow) -> None:
    """Each job is a DAG with its time, zone and attempts; one run at a time, and nothing from before the link."""
    words = [airflow.bin / "python", "-c", TIMES, airflow.home / "dags"]

    done = subprocess.run(words, env=airflow.environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "churn-batch": ["17 4 * * *", "UTC", False, 1, 2, 1.2],
        "churn-monitor": ["17 5 * * *", "UTC", False, 1, 1, 1.2],
        "churn-retrain": ["17 6 * * *", "UTC", False, 1, 1, 1800],
    }


def test_airflow_counts_as_its_page_says(airflow: Airflow) -> None:
    """Where clocks change, on the first run, and after an outage: once for each day, the latest missed one only."""
    words = [airflow.bin / "python", "-c", CLOCKS]

    done = subprocess.run(words, env=airflow.environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "spring": ["2026-03-29T01:30:00+00:00", "2026-03-30T00:30:00+00:00"],  # 03:30 by the clock, then 02:30
        "autumn": ["2026-10-25T01:30:00+00:00", "2026-10-26T01:30:00+00:00"],  # the second 02:30
        "first": ["2026-11-24T04:17:00+00:00"],
        "outage": ["2026-11-23T04:17:00+00:00"],
    }


def test_an_expression_means_here_what_it_means_to_airflow(airflow: Airflow) -> None:
    """Lists, ranges, steps and names, many of them drawn at random, come to the same times."""
    assert run(airflow.project, airflow.bin / "python", "-c", EXPRESSIONS).endswith("alike\n")


def test_a_run_calls_the_command_with_its_logical_date(airflow: Airflow) -> None:
    """`airflow dags test` runs the job to its end, in the project's own environment."""
    said = airflow.test("churn-batch", "2026-01-31T04:17:00")

    assert calls(airflow.project) == ["batch batch.date=2026-01-31"], said[-3000:]
    assert "the command speaks" in said
    assert "Done. Returned value was: exit code 0" in said


def test_wrong_input_is_not_tried_again(airflow: Airflow) -> None:
    """Exit code 2 fails the task for good, and says why."""
    again(airflow.project, code=2)

    said = airflow.test("churn-batch", "2026-02-01T04:17:00")

    assert len(calls(airflow.project)) == 1
    assert "AirflowFailException" in said and "the input or a setting is wrong" in said


def test_a_bug_is_tried_again(airflow: Airflow) -> None:
    """Exit code 1 has the further attempts of the jobs file, counted by Airflow, and then fails the run."""
    again(airflow.project, code=1)

    said = airflow.test("churn-batch", "2026-02-02T04:17:00")

    assert calls(airflow.project) == ["batch batch.date=2026-02-02"] * 3, said[-3000:]
    assert "AirflowException: exit code 1" in said


def test_a_run_that_overlaps_another_is_skipped(airflow: Airflow) -> None:
    """While a run that was started by hand has the lock, the task is skipped."""
    (airflow.project / "logs").mkdir(exist_ok=True)
    words = ["flock", airflow.project / "logs/batch.lock", "sh", "-c", "echo held; read end"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"

        said = airflow.test("churn-batch", "2026-02-03T04:17:00")
        holder.communicate("end\n")

    assert not calls(airflow.project)
    assert "new_state=skipped" in said and "the run before it still runs" in said


def test_a_broken_jobs_file_is_an_import_error_that_says_why(airflow: Airflow) -> None:
    """What is wrong with the file stands among Airflow's import errors."""
    jobs = airflow.project / "schedule/jobs.toml"
    text = jobs.read_text("utf8")
    jobs.write_text(text.replace("17 4 * * *", "17 25 * * *"))
    try:
        words = [airflow.bin / "python", "-c", TIMES, airflow.home / "dags"]
        done = subprocess.run(words, env=airflow.environment, capture_output=True, text=True, check=False)
    finally:
        jobs.write_text(text)

    assert done.returncode != 0
    assert "jobs.batch.at: '25' is no hour; expected 0 to 23" in done.stderr + done.stdout


def test_a_copy_of_the_file_finds_the_project_that_is_named(airflow: Airflow, tmp_path: Path) -> None:
    """A platform that copies DAGs names the project in PROJECT; without it the error says so."""
    (tmp_path / "copied.py").write_text((airflow.project / "schedule/dag.py").read_text("utf8"))
    words = [airflow.bin / "python", tmp_path / "copied.py"]

    lost = subprocess.run(words, env=airflow.environment, capture_output=True, text=True, check=False)
    found = subprocess.run(words, env={**airflow.environment, "PROJECT": str(airflow.project)}, check=False)

    assert "there is no project at /srv/project; link this file, or set PROJECT" in lost.stderr
    assert found.returncode == 0


def test_the_dags_go_when_they_are_taken_out(airflow: Airflow) -> None:
    """`make unschedule` takes the link away, and leaves the project as it is."""
    run(airflow.project, "make", "unschedule", **airflow.variables)

    assert list((airflow.home / "dags").glob("*.py")) == []
    assert (airflow.project / "schedule/dag.py").is_file()
