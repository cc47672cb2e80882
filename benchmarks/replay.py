"""Alerts on real traffic: none while nothing changes, one each where something does, and one when it is over.

    MLGEN_REAL_DATA=DIR python benchmarks/replay.py [--seeds 5] [--windows 100] [--sets adult_income]

For each set a project's own `train` sees 60 % of the rows (drawn at random, as `split=random` draws its test rows); the
rest is replayed through the log of predictions, hour by hour (replay_rows.py), and `monitor` catches up with all hours,
with the settings and the rules of a new project. First nothing changes; then, in other replays, something does for ten
hours. Writes the section Alerts of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import layout

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
START, HOUR = 1_767_225_600, 3600  # as in replay_rows.py
#: Hours of a replay with a shift, and the hours of the shift, the last not included.
HOURS, FIRST, LAST = 30, 12, 22


@dataclass(frozen=True)
class Shift:
    """What changes, and the rule and the subject that must say so; `within` windows, of which the first is 1."""

    kind: str
    column: str
    values: tuple[str, ...]
    rule: str
    subject: str = ""
    within: int = 2

    @property
    def words(self) -> str:
        """The shift for readers."""
        return {
            "scaled": f"`{self.column}` × {self.values and self.values[0]}",
            "swapped": f"`{self.column}`: {' and '.join(self.values)} change places",
            "nulls": f"`{self.column}`: a quarter is empty",
            "unseen": f"`{self.column}`: 15 % are of a new category",
            "share": f"predicted {self.values and self.values[0]}: 60 % to 90 %",
            "slow": "latency doubles",
            "errors": "4 % of the requests fail",
            "worse": "40 % of the truths are others",
        }[self.kind]


@dataclass(frozen=True)
class Data:
    """A set: its file, its target, the columns to leave out, the share of rows of a label that are kept, the shifts."""

    folder: str
    file: str
    target: str
    drop: tuple[str, ...]
    shifts: tuple[Shift, ...]
    thin: tuple[str, float] | None = None


SETS = {
    "adult_income": Data(
        "adult_income", "adult.csv", "income", (),
        (
            Shift("scaled", "age", ("1.5",), "input_drift", "age"),
            Shift("swapped", "sex", ("Male", "Female"), "input_drift", "sex"),
            Shift("nulls", "occupation", (), "missing", "occupation"),
            Shift("unseen", "workclass", ("Gig",), "unseen", "workclass"),
            Shift("slow", "", (), "latency"),
            Shift("errors", "", (), "error_rate"),
            Shift("worse", "", (), "quality_loss", within=4),  # truth arrives two hours later on average
        ),
    ),
    # so thinned that the model predicts the label for 60 % of the rows
    "adult_income, 60 % <=50K": Data(
        "adult_income", "adult.csv", "income", (),
        (Shift("share", "", ("<=50K", "0.9"), "prediction_drift"),),
        ("<=50K", 0.46),
    ),
    "bike_sharing": Data(
        "bike_sharing", "bikeshare.csv", "count", ("casual", "registered"),
        (
            Shift("scaled", "windspeed", ("1.6",), "input_drift", "windspeed"),
            Shift("swapped", "weather", ("1", "2"), "input_drift", "weather"),
            Shift("nulls", "humidity", (), "violations"),  # may not be empty: such requests are refused
            Shift("slow", "", (), "latency"),
            Shift("worse", "", (), "quality_loss", within=4),
        ),
    ),
}  # fmt: skip


@dataclass
class Replayed:
    """What `monitor` said: events as (window, kind, rule, subject), in order, with the sentence of each."""

    events: list[tuple[int, str, str, str]]
    message: dict[tuple[int, str, str, str], str]
    seconds: float

    def of(self, rule: str, subject: str) -> list[tuple[int, str]]:
        """What happened to one rule, of one subject."""
        return [(window, kind) for window, kind, *own in self.events if own == [rule, subject]]

    @property
    def fired(self) -> Counter[tuple[str, str]]:
        """How often each rule fired, by subject."""
        return Counter((rule, subject) for _, kind, rule, subject in self.events if kind == "fired")

    def faults(self, shift: Shift) -> list[str]:
        """What of the promise does not hold: fires once, in time, for the subject, resolves once when it is over; what
        else fires, because columns go together, does so once, too."""
        expected, found = [], self.of(shift.rule, shift.subject)
        if [kind for _, kind in found] != ["fired", "resolved"]:
            expected.append(f"{shift.rule} {shift.subject}: {found}, expected one fire and one resolve")
        elif not FIRST <= found[0][0] < FIRST + shift.within:
            expected.append(f"{shift.rule} fired in window {found[0][0] - FIRST + 1} of the shift")
        for window, kind, rule, subject in self.events:
            if self.fired[rule, subject] > 1:
                expected.append(f"{rule} {subject} fired {self.fired[rule, subject]} times")
            if kind == "fired" and not FIRST <= window < LAST + shift.within:
                expected.append(f"{rule} {subject} fired in window {window}, outside of the shift")
            if kind == "resolved" and window < LAST and (rule, subject) == (shift.rule, shift.subject):
                expected.append(f"{rule} {subject} resolved in window {window}, before the shift was over")
        return list(dict.fromkeys(expected))


@dataclass
class Stage:
    """A set in a project: trained on a part, the rest to be replayed."""

    project: Path
    python: Path
    name: str
    data: Data
    rest: Path = field(init=False)
    settings: list[str] = field(init=False)

    def train(self, real: Path) -> None:
        """Divide the rows, and train on the larger part."""
        slug = "".join(letter if letter.isalnum() else "-" for letter in self.name)
        train, self.rest = self.project / f"{slug}-train.csv", self.project / f"{slug}-rest.csv"
        _divide(real / self.data.folder / self.data.file, self.data, train, self.rest)
        own = [f"bundle.store=bundles-{slug}", f"contract.path=data/{slug}.yaml", f"data.target={self.data.target}"]
        self.settings = [*own, "log.retention_days=null", "monitor.track=false", "monitor.detail_rows=0"]
        self._run("-m", layout.VERBS, "train", f"data.path={train}", "split=random", "+experiment=quick", *own)

    def replay(self, seed: int, windows: int, size: int, shift: Shift | None = None) -> Replayed:
        """Fill a new log, let `monitor` look at all of it, and return what it said."""
        database = self.project / "replay.db"
        for path in self.project.glob("replay.db*"):
            path.unlink()
        until = datetime.datetime.fromtimestamp(START + windows * HOUR, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
        settings = [*self.settings, f"log.database=sqlite:///{database.name}"]
        plan: dict[str, Any] = {
            "rows": str(self.rest), "database": database.name, "seed": seed,
            "target": self.data.target, "overrides": settings, "windows": windows, "size": size,
        }  # fmt: skip
        if shift is not None:
            plan |= {"kind": shift.kind, "column": shift.column, "values": shift.values, "first": FIRST, "last": LAST}
        self._run(Path(__file__).with_name("replay_rows.py"), json.dumps(plan))
        started = time.perf_counter()
        looking = ["monitor.window=1h", f"monitor.windows={windows}", f"monitor.until={until}"]
        self._run("-m", layout.VERBS, "monitor", *settings, *looking)
        seconds = time.perf_counter() - started
        report = json.loads((self.project / "reports" / "monitor.json").read_text("utf8"))
        told = sorted([*report["fired"], *report["resolved"]], key=lambda event: (event["window_id"], event["kind"]))
        events = [(_window(event["window_id"]), event["kind"], event["rule"], event["subject"]) for event in told]
        return Replayed(events, dict(zip(events, (event["message"] for event in told), strict=True)), seconds)

    def _run(self, *words: Any) -> None:
        """Run the project's Python on the project's own package and runtime."""
        _run([self.python, "-B", *words], self.project, codes=(0, 3), PYTHONPATH=layout.path(self.project))


def main() -> None:
    """Replay every set, and write the section."""
    import results

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=";".join(SETS), help="names, separated by semicolons")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--size", type=int, default=800, help="rows of a window, on average")
    given = parser.parse_args()
    if "MLGEN_REAL_DATA" not in os.environ:
        parser.error("MLGEN_REAL_DATA must name the folder of the real data sets")
    calm, shifted = [], []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "churn"
        _run([BIN / "mlgen", "new", project, "ci=none"], ROOT)
        _run(["make", "setup"], project)
        for name in given.sets.split(";"):
            stage = Stage(project, project / ".venv/bin/python", name, SETS[name])
            stage.train(Path(os.environ["MLGEN_REAL_DATA"]))
            calm.append(_calm(stage, given.seeds, given.windows, given.size))
            print(calm[-1], file=sys.stderr)
            for shift in stage.data.shifts:
                shifted.append(_shifted(stage, shift, given.size))
                print(shifted[-1], file=sys.stderr)
    results.write("Alerts", _section(calm, shifted, given.size))


def _section(calm: list[str], shifted: list[str], size: int) -> str:
    about = (
        f"`python benchmarks/replay.py` on {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}, CPython {platform.python_version()}; about {size} rows in each window of an hour, "
        "drawn from rows that training never saw; half of the truths arrive, two hours later on average. Rules and "
        "settings are those of a new project."
    )
    head = _head("nothing changes", "windows", "false alerts, by seed", "goal", "`monitor` on all of them, s")
    what = f"hours {FIRST} to {LAST - 1} of {HOURS}"
    other = _head(what, "set", "alert", "in window", "fired", "resolved after", "others, once each", "as promised")
    return f"{about}\n\n{head}" + "\n".join(calm) + f"\n\n{other}" + "\n".join(shifted)


def _head(*names: str) -> str:
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}\n"


def _calm(stage: Stage, seeds: int, windows: int, size: int) -> str:
    runs = [stage.replay(seed, windows, size) for seed in range(1, seeds + 1)]
    counts = ", ".join(str(run.fired.total()) for run in runs)
    names = sorted({f"{rule} {subject}".strip() for run in runs for rule, subject in run.fired})
    seconds = sorted(run.seconds for run in runs)[len(runs) // 2]
    which = f" ({', '.join(names)})" if names else ""
    return f"| {stage.name} | {windows} | {counts}{which} | at most 1 in each 100 | {seconds:.0f} |"


def _shifted(stage: Stage, shift: Shift, size: int) -> str:
    run = stage.replay(1, HOURS, size, shift)
    found, faults = run.of(shift.rule, shift.subject), run.faults(shift)
    fired = [window for window, kind in found if kind == "fired"]
    resolved = [window for window, kind in found if kind == "resolved"]
    others = sorted(
        {f"{rule} {subject}".strip() for rule, subject in run.fired} - {f"{shift.rule} {shift.subject}".strip()}
    )
    alert = f"{shift.rule} {shift.subject}".strip()
    when = f"{fired[0] - FIRST + 1}" if fired else "never"
    over = f"{resolved[0] - LAST + 1} windows" if resolved else "never"
    verdict = "yes" if not faults else f"**no**: {'; '.join(faults)}"
    cells = [shift.words, stage.name, alert, when, f"{len(fired)} ×", over, ", ".join(others) or "–", verdict]
    return f"| {' | '.join(cells)} |"


def _divide(path: Path, data: Data, train: Path, rest: Path) -> None:
    """Write 60 % of the rows into one file and the others into another, without the columns to drop."""
    draw = random.Random(0)
    with (
        path.open(encoding="utf8", newline="") as file,
        train.open("w", encoding="utf8", newline="") as larger,
        rest.open("w", encoding="utf8", newline="") as smaller,
    ):
        rows = csv.DictReader(file)
        names = [name for name in rows.fieldnames or [] if name not in data.drop]
        writers = [csv.DictWriter(each, names, extrasaction="ignore") for each in (larger, smaller)]
        for writer in writers:
            writer.writeheader()
        for row in rows:
            if data.thin and row[data.target] == data.thin[0] and draw.random() > data.thin[1]:
                continue
            writers[draw.random() >= 0.6].writerow(row)


def _window(identity: str) -> int:
    """The number of the window with this id."""
    return round((datetime.datetime.fromisoformat(identity).timestamp() - START) / HOUR) - 1


def _run(command: list[Any], folder: Path, codes: tuple[int, ...] = (0,), **more: str) -> str:
    environment = {**os.environ, **more, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "ignore"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in codes:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
