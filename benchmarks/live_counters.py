"""What the live counters cost: microseconds of processor time a request of one row, with 30 columns.

    python benchmarks/live_counters.py [--project DIR] [--requests 100000]

The model is that of rest.py, or a trained project's with monitoring, whose columns are then repeated until there
are 30. Counting is amortised over the requests, so the figure holds the pauses in which values are counted; the
longest is shown, too. Writes the section `## Live counters` of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from layout import path
from rest import make_project
from rest_figures import machine
from results import write

COLUMNS = 30
GOAL = 10.0  # microseconds a request


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, help="a trained project (default: generate and train rest.py's)")
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        columns, spent, longest = measured(options.project or make_project(Path(folder)), options.requests)
    met = "reached" if spent <= GOAL else "**missed**"
    write(
        "Live counters",
        f"`python benchmarks/live_counters.py`: {options.requests:,} requests of one row, each of them counted. "
        f"{machine()}\n\n| columns | µs of processor time a request | longest pause, ms | goal |\n|--:|--:|--:|---|\n"
        f"| {columns} | {spent:.1f} | {longest:.1f} | at most {GOAL:g} µs: {met} |",
    )


def measured(project: Path, count: int) -> tuple[int, float, float]:
    """How many columns were counted, microseconds a request, and milliseconds of the longest pause."""
    sys.path[:0] = path(project).split(os.pathsep)  # the runtime that this project has
    from mlgen_runtime.bundle.store import Store
    from mlgen_runtime.live_counters import hook
    from mlgen_runtime.prediction_log.settings import LogSettings
    from mlgen_runtime.usecase import loading

    vars(hook)["BUSY"] = count  # count every one
    store = Store(project / "bundles")
    champion = store.champion()
    assert champion is not None
    found = hook.Counters(LogSettings(), loading.load(store.fetch(champion.bundle), 1))
    names = widen(found)
    told = requests(found, names)
    began, longest = time.process_time(), 0.0
    for number in range(count):
        before = time.perf_counter()
        found.predicted(told[number % len(told)])  # type: ignore[arg-type]  # the fields that it reads
        longest = max(longest, time.perf_counter() - before)
    return len(names), (time.process_time() - began) / count * 1e6, longest * 1e3


def widen(found: object) -> list[str]:
    """Give the counters COLUMNS inputs: those that the model has, again and again."""
    bins = found.bins  # type: ignore[attr-defined]
    columns = bins.columns
    own = [name for name in columns if name]
    for number in range(COLUMNS - len(own)):
        columns[f"{own[number % len(own)]} {number}"] = columns[own[number % len(own)]]
    names = [name for name in columns if name][:COLUMNS]
    bins._arrange(names)
    found.totals = bins.zeros()  # type: ignore[attr-defined]
    return names


def requests(found: object, names: list[str]) -> list[SimpleNamespace]:
    """A thousand different requests of one row."""
    chance = random.Random(0)
    columns = found.bins.columns  # type: ignore[attr-defined]

    def value(name: str) -> object:
        column = columns[name]
        if column.ordered:
            low, high = float(column.bins.edges[0]), float(column.bins.edges[-1])
            return chance.uniform(low, high) if chance.random() > 0.02 else None
        return chance.choice(column.names[:-3])

    prediction = columns[""]
    return [
        SimpleNamespace(at=0.5, columns={name: (value(name),) for name in names}, counts={prediction.names[0]: 1})
        for _ in range(1000)
    ]


if __name__ == "__main__":
    main()
