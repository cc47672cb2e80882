"""Two generated projects side by side, such as one of the release before and one of this checkout.

    python benchmarks/side_by_side.py BEFORE_PROJECT AFTER_PROJECT [--rounds 5] [--keep]

Both are tabular with a REST service and batch, made from the same answers, and installed (`make setup`): each runs in
its own environment, by its own console script and its own `python -m …rest`. In every round each measurement is taken
of one project and at once of the other, the order changing from round to round, so that a busy moment of the machine
hits both; requests are sent to one for a second, then to the other. Figures are medians; the ratio is the median of the
ratios of such neighbours. Bundles, MLflow's database, answers and logs go into a temporary folder; reports/ of the
projects are overwritten. `--keep` writes the section Side by side of benchmarks/RESULTS.md, too.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import results
from load import GENERATOR, rate
from prediction_log import unshipped
from project_service import PATIENCE, Service
from rest_figures import machine, processor, ratio
from side_by_side_figures import FIGURES, installed, table
from train_overhead import cost

#: Name of a figure → connections, rows, and whether predictions are logged and counted, as they are by default.
CASES = {
    "1 row, 1": (1, 1, False),
    "1 row, 32": (32, 1, False),
    "100 rows, 8": (8, 100, False),
    "logged": (32, 1, True),
}
ALONE = {"LOG_SAMPLE": "0", "LOG_COUNTERS": "false"}
#: How often in a round a service is started, and each of the short commands is run.
STARTS, WORDS = 3, 5


@dataclass
class Side:
    """One project, and what was measured of it."""

    name: str
    folder: Path
    scratch: Path
    rows: int
    figures: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = tomllib.loads((self.folder / "pyproject.toml").read_text("utf8"))["project"]
        self.script = self.folder / ".venv" / "bin" / next(iter(settings["scripts"]))
        if not self.script.is_file():
            raise SystemExit(f"{self.script} is missing: run make setup in {self.folder}")
        package = next(path.name for path in (self.folder / "src").iterdir() if (path / "__init__.py").is_file())
        module = f"{'mlgen_runtime' if (self.folder / 'vendor').is_dir() else package}.rest"
        self.scratch.mkdir()
        self.service = self._service(module, "alone", ALONE)
        self.logging = self._service(module, "logged", {})

    def note(self, name: str, value: float) -> None:
        """Keep one value of a figure."""
        self.figures.setdefault(name, []).append(value)

    def prepare(self, table: Path) -> None:
        """Do everything once: Python compiles what it imports, MLflow makes its database, a champion is published."""
        self.train()
        shutil.copytree(self.scratch / "bundles", self.scratch / "served")
        self.batch(table)
        self.figures.clear()

    @property
    def bundle(self) -> Path:
        """The champion's folder."""
        store = self.scratch / "served"
        return store / str(json.loads((store / "champion.json").read_text("utf8"))["bundle"])

    def train(self) -> None:
        """`train` on the sample."""
        seconds, busy = self._verb(
            "train", f"bundle.store={self.scratch / 'bundles'}", f"tracking.uri=sqlite:///{self.scratch / 'mlflow.db'}"
        )
        self.note("train", seconds)
        self.note("train, processor", busy)

    def batch(self, table: Path) -> None:
        """`batch` from Parquet into Parquet."""
        answers = self.scratch / "answers.parquet"
        places = [f"bundle.store={self.scratch / 'served'}", f"batch.input={table}", f"batch.output={answers}"]
        if (self.folder / "conf" / "log").is_dir():
            places += [f"log.folder={self.scratch / 'batch'}", f"log.database=sqlite:///{self.scratch / 'batch.db'}"]
        seconds, busy = self._verb("batch", *places)
        answers.unlink()  # or the next run would say that it is done already
        for path in self.scratch.glob("batch.db*"):
            path.unlink()
        self.note("batch", self.rows / seconds)
        self.note("batch, processor", busy)

    def starts(self) -> None:
        """Start of the service to its first answer that it is ready, and its end."""
        self.service.start()
        self.note("start", self.service.seconds)
        self.note("start, processor", processor(self.service))
        self.service.stop()

    def help(self) -> None:
        """`--help`."""
        self._words("help", "--help")

    def misspelt(self) -> None:
        """A key that is not there."""
        self._words("misspelt", "train", "modle=x", code=2)

    def load(self, name: str, body: bytes) -> None:
        """A second of requests of one kind; what they logged is shipped before anybody else is measured."""
        connections, _, logs = CASES[name]
        service = self.logging if logs else self.service
        used = processor(service)
        found = rate(service.port, "/predict", body, connections, 1)
        service.check()
        self.note(name, found)
        self.note(f"{name}, processor", (processor(service) - used) / found * 1000)
        deadline = time.perf_counter() + PATIENCE
        while logs and unshipped(service.port) and time.perf_counter() < deadline:
            time.sleep(0.1)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Both services, started for as long as requests are sent."""
        try:
            self.service.start()
            self.logging.start()
            yield
        finally:
            self.service.stop()
            self.logging.stop()

    def _service(self, module: str, name: str, more: dict[str, str]) -> Service:
        own = {
            "OMP_NUM_THREADS": "1",
            "REST_PORT": "0",
            "REST_STORE": str(self.scratch / "served"),
            "REST_OUTCOMES": str(self.scratch / f"{name}.jsonl"),
            "LOG_FOLDER": str(self.scratch / name),
            "LOG_DATABASE": f"sqlite:///{self.scratch / name}.db",
        }
        command = [str(self.folder / ".venv" / "bin" / "python"), "-m", module]
        return Service(command, self.folder, variables() | own | more, self.scratch / f"{name}.log")

    def _words(self, name: str, *words: str, code: int = 0) -> None:
        seconds, busy = self._verb(*words, code=code)
        self.note(name, seconds * 1000)
        self.note(f"{name}, processor", busy * 1000)

    def _verb(self, *words: str, code: int = 0) -> tuple[float, float]:
        return cost([str(self.script), *words], self.folder, variables(), code)


def main() -> None:
    """Measure both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="for which requests of a kind are sent in a round")
    parser.add_argument("--rows", type=int, default=200_000, help="of the table that batch scores")
    parser.add_argument("--keep", action="store_true", help="write the section into RESULTS.md, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, many = Path(scratch), Path(scratch) / "rows.parquet"
        sides = [
            Side(name, project.resolve(), folder / name, given.rows)
            for name, project in (("before", given.before), ("after", given.after))
        ]
        repeated(sides, given.rows, many)
        for side in sides:
            side.prepare(many)
        bodies = {name: request(sides[0], count) for name, (_, count, _) in CASES.items()}
        for number in range(given.rounds):
            one_round(sides[:: 1 if number % 2 else -1], many, bodies, given.seconds)
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
        for side in sides:
            side.figures |= {
                name: [value] for name, value in installed(side.folder, folder / f"{side.name}-env").items()
            }
        engines = {side.name: engine(side) for side in sides}
    text = section(sides, engines, given)
    results.write("Side by side", text) if given.keep else print(text)


def one_round(sides: list[Side], many: Path, bodies: dict[str, bytes], seconds: int) -> None:
    """Take every measurement of one side and at once of the other."""

    def each(measure: Callable[[Side], None], times: int = 1) -> None:
        for _ in range(times):
            for side in sides:
                measure(side)

    each(Side.train)
    each(lambda side: side.batch(many))
    each(Side.starts, STARTS)
    each(Side.help, WORDS)
    each(Side.misspelt, WORDS)
    with contextlib.ExitStack() as stack:
        for side in sides:
            stack.enter_context(side.serving())
        for name, body in bodies.items():
            each(functools.partial(Side.load, name=name, body=body), seconds)


def variables() -> dict[str, str]:
    """The variables of a project's process: nothing that this shell happens to set for another one."""
    dropped = ("PYTHON", "VIRTUAL_ENV", "MLFLOW_", "REST_", "LOG_", "OMP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def repeated(sides: list[Side], rows: int, path: Path) -> None:
    """Write the table: the rows of the sample, again and again."""
    import pandas as pd

    samples = [side.folder / "data" / "sample.csv" for side in sides]
    if samples[0].read_bytes() != samples[1].read_bytes():
        raise SystemExit(f"{samples[0]} and {samples[1]} differ: the projects are of different kinds")
    sample = pd.read_csv(samples[0])
    pd.concat([sample] * -(-rows // len(sample)), ignore_index=True).head(rows).to_parquet(path, index=False)


def request(side: Side, count: int) -> bytes:
    """The first rows of the sample as the service takes them."""
    columns = json.loads((side.bundle / "contract.json").read_text("utf8"))["columns"]
    kinds = {name: column["type"] for name, column in columns.items() if column["role"] == "feature"}
    with (side.folder / "data" / "sample.csv").open(newline="", encoding="utf8") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
    records = [{name: cell(row[name], kind) for name, kind in kinds.items()} for row in rows]
    return json.dumps({"records": records}).encode()


def cell(text: str, kind: str) -> Any:
    """A cell as JSON holds it."""
    if not text.strip():
        return None
    if kind not in ("number", "integer"):
        return text
    return int(value) if (value := float(text)).is_integer() else value


def engine(side: Side) -> str:
    """What scores many rows: it is measured when a bundle is written, so it may differ."""
    return str((json.loads((side.bundle / "inference.json").read_text("utf8")).get("bulk") or {}).get("engine"))


def section(sides: list[Side], engines: dict[str, str], given: argparse.Namespace) -> str:
    """The Markdown of the results."""
    before, after = (side.figures for side in sides)
    ratios = {name: ratio(after[name], before[name]) for name in FIGURES}
    spread = {
        name: sorted(one / other for one, other in zip(after[name], before[name], strict=True)) for name in FIGURES
    }
    middles = {name: (statistics.median(before[name]), statistics.median(after[name])) for name in FIGURES}
    which = engines["before"] if len(set(engines.values())) == 1 else f"{engines['before']} and {engines['after']}"
    about = (
        f"`python benchmarks/side_by_side.py`: medians of {given.rounds} interleaved rounds; {given.rows:,} rows for "
        f"batch, scored by {which}; requests by {GENERATOR} for {given.seconds} s in each round. {machine()}"
    )
    return f"{about}\n\n{table(middles, ratios, spread)}"


if __name__ == "__main__":
    main()
