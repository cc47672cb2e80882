"""`monitor` on a log of a million predictions: seconds and memory of the whole command.

    python benchmarks/monitor.py                      # generates and trains a project with this checkout's mlgen
    python benchmarks/monitor.py --rows 200000 --no-evidently
    python benchmarks/monitor.py --python PROJECT/.venv/bin/python     # with the environment of a generated project

A project of 30 inputs (20 numbers, 10 categories) is trained, its log of predictions filled with rows as a service
writes them, all within one window of a day, half of them with an outcome. Then the verb runs as it would from cron,
with its defaults: drift, service, quality by bootstrap, the page, the run in MLflow. First as a new project has it,
whose page has no report of Evidently's; then with that report, once `make evidently` has made its environment, which
needs uv; then without MLflow, too. The memory is the most that all processes of the command held together.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import results
from layout import VERBS, environment

NUMBERS, CATEGORIES, TRAINED = 20, 10, 20_000
#: Goals for a million rows.
SECONDS, MEGABYTES = 30.0, 1500.0
LEVELS = ("basic", "plus", "premium", "trial", "none")
BIN = Path(sys.executable).parent
PLAIN, REPORT = "as it comes: no report of Evidently's", "with Evidently's report, from `make evidently`"
BARE = "without MLflow, no report of Evidently's"
#: Seconds, processor seconds, and the most MB.
Figures = tuple[float, float, float]


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--evidently", action=argparse.BooleanOptionalAction, default=True, help="measure its report")
    given = parser.parse_args()
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "watched"
        verb = generated(project, given.python)
        size = fill(project, given.rows)
        found[PLAIN] = better(verb, project, given.rounds)
        if given.evidently:
            run(["make", "evidently"], project)
            found[REPORT] = better(verb, project, given.rounds)
            check_report(project)
        found[BARE] = measured([*verb, "monitor", "monitor.detail_rows=0", "monitor.track=false"], project)
    results.write("Monitoring", text(given, size, found))


def better(verb: list[str], project: Path, rounds: int) -> Figures:
    """The quickest of so many runs with the defaults."""
    return min(measured([*verb, "monitor", f"seed={number}"], project) for number in range(rounds))


def check_report(project: Path) -> None:
    """Stop where the page does not hold the report that was to be measured."""
    if 'id="packed"' not in (project / "reports" / "monitor.html").read_text("utf8"):
        raise SystemExit("the page has no report of Evidently's")


def generated(project: Path, python: str) -> list[str]:
    """Generate a project and train it; return the command that runs its verbs."""
    subprocess.run(
        [sys.executable, "-m", "mlgen", "new", str(project), "project_name=watched", "deployment=[rest]"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    draw = random.Random(0)
    names = [f"n{at}" for at in range(NUMBERS)] + [f"c{at}" for at in range(CATEGORIES)]
    lines = [",".join([*names, "target"])]
    for _ in range(TRAINED):
        row = record(draw)
        target = "yes" if float(row["n0"]) + float(row["n1"]) + draw.gauss(0, 30) > 100 else "no"
        lines.append(",".join([*map(str, row.values()), target]))
    (project / "data" / "rows.csv").write_text("\n".join(lines) + "\n", "utf8")
    verb = [python, "-m", VERBS]
    settings = ["data.path=data/rows.csv", "data.target=target", "model.n_estimators=100"]
    run([*verb, "train", *settings], project)
    return verb


def record(draw: random.Random) -> dict[str, float | str]:
    """One row, as JSON would hold it."""
    numbers: dict[str, float | str] = {f"n{at}": round(draw.gauss(50, 15), 3) for at in range(NUMBERS)}
    return numbers | {f"c{at}": draw.choice(LEVELS) for at in range(CATEGORIES)}


def fill(project: Path, rows: int) -> float:
    """Fill the log with predictions of the last day; return the database's size in MB."""
    tables: dict[str, str] = {}
    # the columns as the project has them
    exec((project / "vendor/mlgen_runtime/prediction_log/tables.py").read_text("utf8"), tables)
    path = project / "logs" / "predictions.db"
    path.parent.mkdir(exist_ok=True)
    database = sqlite3.connect(path)
    for name, columns in tables["TABLES"].items():  # type: ignore[attr-defined]
        database.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    for name, columns in tables["INDEXES"].items():  # type: ignore[attr-defined]
        database.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
    draw, now = random.Random(1), time.time()
    some = [json.dumps(record(draw)) for _ in range(min(rows, 50_000))]

    def entry(at: int) -> tuple[object, ...]:
        yes = draw.random()
        said = "yes" if yes > 0.5 else "no"
        output = json.dumps({"probability_no": round(1 - yes, 6), "probability_yes": round(yes, 6)})
        moment = now - 80_000 + 79_000 * at / rows
        return (f"{at:032x}", 0, "rest", moment, "1", draw.lognormvariate(0, 0.5), None,
                some[draw.randrange(len(some))], json.dumps(said), output)  # fmt: skip

    with database:
        database.executemany(f"INSERT INTO prediction_log VALUES ({','.join('?' * 10)})", map(entry, range(rows)))
        known = (
            (f"{at:032x}/0", now - 900, json.dumps(draw.choice(("yes", "no"))), "bench") for at in range(0, rows, 2)
        )
        database.executemany("INSERT INTO outcome_log VALUES (?, ?, ?, ?)", known)
    database.close()
    return path.stat().st_size / 1e6


def measured(command: list[str], project: Path) -> Figures:
    """Run a command; return its seconds, those of processors, and the most MB that it held, with its children."""
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, cwd=project, env=environment(project), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    most = [0.0]
    watcher = threading.Thread(target=watch, args=(process, most), daemon=True)
    watcher.start()
    said, _ = process.communicate()
    took = time.perf_counter() - began
    watcher.join()
    if process.returncode not in (0, 3):
        raise SystemExit(said)
    print(said)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, most[0]


def watch(process: subprocess.Popen[str], most: list[float]) -> None:
    """Look now and then at the memory of a process and its children."""
    while process.poll() is None:
        most[0] = max(most[0], sum(map(resident, family(process.pid))))
        time.sleep(0.05)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf8").split()
    except OSError:
        return [pid]
    return [pid, *(found for child in children for found in family(int(child)))]


def resident(pid: int) -> float:
    """Memory of one process in MB; what processes share counts for each."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("utf8").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(command: list[str], project: Path) -> None:
    """Run a command that must not fail."""
    variables = environment(project, PATH=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def text(given: argparse.Namespace, size: float, found: dict[str, Figures]) -> str:
    """The section of RESULTS.md."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    return "\n".join(
        [
            f"`python benchmarks/monitor.py`: {given.rows:,} logged predictions x {NUMBERS + CATEGORIES} inputs in",
            f"SQLite ({size:,.0f} MB), half of them with an outcome, one window; the whole command, the better of",
            f"{given.rounds}. {machine}, Python {platform.python_version()}.",
            "",
            "| | seconds | goal | processor s | peak MB | goal |",
            "|---|--:|--:|--:|--:|--:|",
            *(line(name, given.rows, figures) for name, figures in found.items()),
        ]
    )


def line(name: str, rows: int, figures: Figures) -> str:
    """One line of the table; the goals are for what runs as it comes, with Evidently's report or without."""
    seconds, processor, megabytes = figures
    goal = SECONDS * max(rows / 1_000_000, 1)
    verdicts = ["reached" if ok else "**missed**" for ok in (seconds <= goal, megabytes <= MEGABYTES)]
    goals = ["", ""] if name == BARE else [f"{goal:.0f}: {verdicts[0]}", f"{MEGABYTES:,.0f}: {verdicts[1]}"]
    return f"| {name} | {seconds:.1f} | {goals[0]} | {processor:.1f} | {megabytes:,.0f} | {goals[1]} |"


if __name__ == "__main__":
    main()
