"""What the live counters cost: microseconds of processor time a request of one row, with 30 columns.

    python benchmarks/live_counters.py PROJECT [--requests 100000]

PROJECT is a generated project with monitoring=true and a champion. Its columns are repeated until there are 30.
Counting is amortised over the requests, so the figure holds the pauses in which values are counted; the longest is
shown, too.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
import time
from pathlib import Path
from types import SimpleNamespace

COLUMNS = 30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    source = options.project / "src"
    sys.path.insert(0, str(source))
    package = next(path.name for path in source.iterdir() if (path / "observation").is_dir())
    counters = importlib.import_module(f"{package}.observation.counters")
    settings = importlib.import_module(f"{package}.log.settings")
    predictor = importlib.import_module(f"{package}.predictor")
    store = importlib.import_module(f"{package}.store").Store(options.project / "bundles")

    counters.BUSY = options.requests  # count every one
    model = predictor.load(store.fetch(store.champion().bundle), 1)
    found = counters.Counters(settings.LogSettings(), model)
    names = widen(found)
    told = requests(found, names)
    began, longest = time.process_time(), 0.0
    for number in range(options.requests):
        before = time.perf_counter()
        found.predicted(told[number % len(told)])
        longest = max(longest, time.perf_counter() - before)
    spent = (time.process_time() - began) / options.requests
    print(f"{spent * 1e6:.2f} us a request of {len(names)} columns; longest pause {longest * 1e3:.2f} ms")


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
        if hasattr(column, "edges"):
            low, high = float(column.edges[0]), float(column.edges[-1])
            return chance.uniform(low, high) if chance.random() > 0.02 else None
        return chance.choice(column.names[:-3])

    prediction = columns[""]
    return [
        SimpleNamespace(at=0.5, columns={name: (value(name),) for name in names}, predictions=[prediction.names[0]])
        for _ in range(1000)
    ]


if __name__ == "__main__":
    main()
