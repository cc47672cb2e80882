"""How long mlgen takes, as ratios: `mlgen new` to a bare `copier copy`, each verb's help to a bare Python start.

    python benchmarks/generate.py            # 7 rounds; writes the section Generator of benchmarks/RESULTS.md

Both commands of a ratio are run in turn, round after round, so that a busy machine slows both; the ratio is of the
medians, of elapsed and of processor time (of all processes that the command starts). A clean
clone of this checkout is the template of both, the answers are the same, and the bytes are compared.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import results

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
Cost = tuple[float, float]  # seconds: elapsed, of the processor
HEAD = "| command | seconds | against | ratio | ratio of processor time | goal |\n|---|---|---|---|---|---|"
ANSWERS = ["use_case=tabular", "deployment=[rest]", "scheduler=cron", "ci=gitlab"]


def main() -> None:
    """Measure, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        rows = [_new(Path(folder), rounds)]
    python = [sys.executable, "-c", "pass"]
    for words, goal in [(["--help"], 8), (["new", "--help"], 40), (["list", "--help"], 40), (["update", "--help"], 40)]:
        mine, bare = _in_turn([_command([str(BIN / "mlgen"), *words]), _command(python)], rounds * 3)
        rows.append(_row(f"mlgen {' '.join(words)}", mine, "a bare Python start", bare, goal))
    results.write(
        "Generator",
        f"{_machine()}; medians of {rounds} rounds, of {rounds * 3} for help.\n\n{HEAD}\n" + "\n".join(rows),
    )


def _machine() -> str:
    """The machine in words, and how busy it was: other work slows both sides of a ratio."""
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{busy}"
    return f"`python benchmarks/generate.py` on {system}, {python}"


def _new(folder: Path, rounds: int) -> str:
    """`mlgen new` and `copier copy`, from one clean clone, both with an installed package's import path."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    environment = os.environ | {"PYTHONPATH": str(clone / "src")}
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(clone / "src")], check=True)
    (clone / ".git" / "info" / "exclude").write_text(
        "__pycache__\n"
    )  # compiled files would make the clone look changed
    mlgen, copier = folder / "a" / "churn", folder / "b" / "churn"
    data = [word for answer in ANSWERS for word in ("-d", answer)]
    new = [sys.executable, "-m", "mlgen", "new", str(mlgen), *ANSWERS]
    copy = [str(BIN / "copier"), "copy", "--defaults", "--quiet", "--vcs-ref", "HEAD", *data, str(clone), str(copier)]
    mine, bare = _in_turn([_command(new, mlgen, environment), _command(copy, copier, environment)], rounds)
    count = _same(mlgen, copier)
    return _row("mlgen new", mine, f"copier copy of the same {count} files", bare, 1.15)


def _command(
    words: Sequence[str], made: Path | None = None, environment: dict[str, str] | None = None
) -> Callable[[], Cost]:
    """A command that clears what it makes, runs, and returns its seconds: elapsed, and of the processor."""

    def run() -> Cost:
        if made:
            shutil.rmtree(made, ignore_errors=True)
        start, used = time.perf_counter(), _processor()
        subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start, _processor() - used

    return run


def _processor() -> float:
    """Processor seconds of every finished child so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _in_turn(commands: Sequence[Callable[[], Cost]], rounds: int) -> list[Cost]:
    """Medians in seconds, after one round that warms the disk."""
    times = [[command() for command in commands] for _ in range(rounds + 1)][1:]
    return [
        (statistics.median(elapsed), statistics.median(used))
        for elapsed, used in (zip(*costs, strict=True) for costs in zip(*times, strict=True))
    ]


def _same(left: Path, right: Path) -> int:
    """Count the files; refuse to compare the cost of two different projects."""
    names = [{p.relative_to(folder) for p in folder.rglob("*") if p.is_file()} for folder in (left, right)]
    differ = [name for name in names[0] & names[1] if not filecmp.cmp(left / name, right / name, shallow=False)]
    if names[0] != names[1] or differ:
        sys.exit(f"the projects differ: {sorted(map(str, (names[0] ^ names[1]) | set(differ)))}")
    return len(names[0])


def _row(command: str, mine: Cost, against: str, bare: Cost, goal: float) -> str:
    elapsed, used = (one / other for one, other in zip(mine, bare, strict=True))
    return f"| `{command}` | {mine[0]:.3f} | {against}, {bare[0]:.3f} s | {elapsed:.2f} | {used:.2f} | at most {goal} |"


if __name__ == "__main__":
    main()
