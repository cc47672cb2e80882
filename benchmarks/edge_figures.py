"""The figures of the edge benchmark, and its section as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Pair:
    """Two calls side by side: medians of rounds in microseconds, and the ratio within each round."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long theirs takes."""
        return statistics.median(b / a for a, b in zip(self.ours, self.theirs, strict=True))


def section(
    pairs: dict[str, tuple[Pair, str, float]],
    runtime: dict[str, float],
    ours: float,
    bare: float,
    parities: dict[str, Any],
    rounds: int,
) -> str:
    """The section's Markdown."""
    lines = [
        f"`python benchmarks/edge.py --rounds {rounds}` on {machine()}. The reader is given a dict and returns one;",
        "what it is compared with is given what it likes best.",
        "",
        "| one row, p50 | reader | other | other ÷ reader | goal | |",
        "|---|--:|--:|--:|---|---|",
    ]
    for name, (pair, goal, least) in pairs.items():
        own, other = statistics.median(pair.ours), statistics.median(pair.theirs)
        lines.append(
            f"| {name} | {own:.1f} µs | {other:.1f} µs | {pair.ratio:.2f} | {goal} | {verdict(pair.ratio >= least)} |"
        )
    whole = sum(runtime.values())
    lines += ["", "| | measured | goal | |", "|---|--:|---|---|"]
    lines.append(
        f"| process start to first answer, reader ÷ bare onnxruntime script | {ours:.3f} s ÷ {bare:.3f} s = "
        f"{ours / bare:.2f} | at most 1.3 | {verdict(ours <= 1.3 * bare)} |"
    )
    listed = ", ".join(f"{name} {mb:.1f}" for name, mb in runtime.items())
    lines.append(
        f"| onnxruntime and numpy in an environment of their own ({listed}) | {whole:.1f} MB | at most 140 | "
        f"{verdict(whole <= 140)} |"
    )
    for name, report in parities.items():
        largest = report["parity"]["largest_difference"]
        rows = f"{report['parity']['rows']:,} rows, {report['parity']['spoilt_rows']:,} spoilt"
        lines.append(
            f"| parity of {name} ({rows}; {report['size_mb']:.2f} MB) | {largest:.2g} | at most 1e-5 | "
            f"{verdict(largest <= 1e-5)} |"
        )
    return "\n".join(lines)


def verdict(met: bool) -> str:
    """One word."""
    return "met" if met else "missed"


def machine() -> str:
    """The processor by its name, where the system tells it."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text("utf8").splitlines() if cpus.exists() else []
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {name}, Python {platform.python_version()}"
