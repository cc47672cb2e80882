"""What the REST benchmark measures of a server from outside, and its figures as Markdown."""

from __future__ import annotations

import os
import platform
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess

    from rest import Contender

CASES = [(1, 1), (8, 1), (32, 1), (8, 100)]
PATTERN, OURS = "usual pattern", "this service"


class Started(Protocol):
    """A server: the process that was started for it, in a session of its own."""

    process: subprocess.Popen[bytes] | None


def family(contender: Started) -> list[int]:
    """The process ids of a server and its descendants."""
    assert contender.process is not None
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if os.getsid(int(path.parent.name)) == contender.process.pid:
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def processor(contender: Started) -> float:
    """Seconds of processor time that a server has used."""
    ticks = 0
    for number in family(contender):
        entries = Path(f"/proc/{number}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(entries[11]) + int(entries[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(contender: Started) -> float:
    """Resident MB of a server, memory that its processes share counted once (PSS)."""
    total = 0
    for number in family(contender):
        total += int(re.search(r"Pss:\s+(\d+)", Path(f"/proc/{number}/smaps_rollup").read_text("ascii"))[1])  # type: ignore[index]
    return total / 1024


def section(contenders: list[Contender], rounds: int, seconds: int) -> str:
    """The Markdown of the results."""
    by_name = {contender.name: contender for contender in contenders}
    pattern = by_name[PATTERN]
    heads = [f"{count} row{'s' if count > 1 else ''}, {connections} conn." for connections, count in CASES]
    lines = [
        f"Medians of {rounds} interleaved rounds of {seconds:g} s each; XGBoost, 200 trees, 30 numeric columns, "
        f"OMP_NUM_THREADS=1, one worker. {machine()}",
        "",
        "Requests per second (and the multiple of the usual pattern):",
        "",
        f"| server | {' | '.join(heads)} | p99 ms, 8 conn. | MB | start s |",
        f"|---|{'---|' * (len(heads) + 3)}",
    ]
    for each in contenders:
        rates = [
            f"{middle(each.rates[key]):,.0f} ({ratio(each.rates[key], pattern.rates[key]):.3g} ×)" for key in CASES
        ]
        beside = f"{middle(each.p99[8, 1]):.2f} | {each.memory:.0f} | {each.start:.1f}"
        lines.append(f"| {each.name} | {' | '.join(rates)} | {beside} |")
    lines += ["", "Processor milliseconds per request (all processes of the server):", ""]
    lines += [f"| server | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    lines += [f"| {each.name} | {' | '.join(f'{middle(each.cpu[key]):.3f}' for key in CASES)} |" for each in contenders]
    return "\n".join([*lines, "", "Goals:", "", *goals(by_name)])


def goals(by_name: dict[str, Contender]) -> list[str]:
    """Each goal with its figure: single rows at 1, 8 and 32 connections, batches, latency, memory, start."""
    ours, pattern = by_name[OURS], by_name[PATTERN]
    found = []
    for name, least in ((PATTERN, 25), ("mlflow models serve", 40), ("LitServe", 6)):
        figures = [ratio(ours.rates[key], by_name[name].rates[key]) for key in CASES[:3]]
        by_cpu = [ratio(by_name[name].cpu[key], ours.cpu[key]) for key in CASES[:3]]
        words = [f"{each:.1f} ×" for each in figures]
        line = goal(f"single rows against {name}", f"≥ {least} ×", min(figures) >= least, words)
        found.append(f"{line}; by processor time {', '.join(f'{each:.1f} ×' for each in by_cpu)}")
    batch = ratio(ours.rates[8, 100], pattern.rates[8, 100])
    found.append(goal("100 rows against the usual pattern", "≥ 4 ×", batch >= 4, [f"{batch:.1f} ×"]))
    for what, least, figure in (
        ("p99 at 8 connections", 10, middle(pattern.p99[8, 1]) / middle(ours.p99[8, 1])),
        ("memory", 3, pattern.memory / ours.memory),
        ("start to first answer", 4, pattern.start / ours.start),
    ):
        found.append(goal(what, f"≤ 1/{least}", figure >= least, [f"1/{figure:.1f}"]))
    return found


def goal(words: str, wanted: str, reached: bool, figures: list[str]) -> str:
    """One line of the list of goals."""
    return f"- {words}: {', '.join(figures)} (goal {wanted}): {'reached' if reached else '**missed**'}"


def middle(values: list[float]) -> float:
    """The median."""
    return statistics.median(values)


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the rounds' own ratios: neighbours in time are compared."""
    return middle([one / other for one, other in zip(ours, theirs, strict=True)])


def machine() -> str:
    """What it ran on."""
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text("utf8"))
    load = os.getloadavg()[2]
    cores = len(os.sched_getaffinity(0))
    name = model[1] if model else platform.machine()
    return (
        f"Machine: {name}, {cores} cores, which the load generator shares; Python {platform.python_version()}; "
        f"load average of the last 15 minutes {load:.1f}."
    )
