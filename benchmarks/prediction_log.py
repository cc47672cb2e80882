"""What keeping predictions costs a service: requests per second with monitoring on, beside the same service without.

    python benchmarks/prediction_log.py [--rounds 5] [--seconds 3] [--project DIR]

The model and the requests are those of rest.py: XGBoost, 200 trees, 30 numeric columns, single rows. With monitoring
means all that is on by default: each prediction appended before its answer goes out, shipped into SQLite by a process
of its own at the same time, and the live counters. Rounds are interleaved, and what waits is shipped before the next
server's turn. At the end the log must hold each prediction that was counted. Needs wrk. Writes the section
`## Prediction log` of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from layout import SERVICE, environment, free_ports
from rest import COLUMNS, Contender, make_project, measure, running, table
from rest_figures import goal, machine, middle, ratio
from results import write

CONNECTIONS = (1, 8, 32)
WITHOUT, LOG, COUNTERS, WITH = "without monitoring", "log alone", "counters alone", "with monitoring"
OFF = {"LOG_SAMPLE": "0", "LOG_COUNTERS": "false"}


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--project", type=Path, help="a trained project of rest.py's (default: generate and train one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = options.project or make_project(Path(folder))
        row = dict(zip(COLUMNS, table(1, seed=1)[0][0].round(6).tolist(), strict=True))
        contenders = servers(project, Path(folder))
        with running(contenders, [row]):
            for number in range(options.rounds):
                for connections in CONNECTIONS:
                    for contender in contenders:
                        measure(contender, connections, [row], options.seconds)
                        settle(contender)
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            kept = {each.name: (answered(each), logged(Path(folder), each)) for each in contenders}
    write("Prediction log", section(contenders, kept, options.rounds, options.seconds))


def servers(project: Path, folder: Path) -> list[Contender]:
    """The same service four times, each with a log of its own."""
    kinds = {WITHOUT: OFF, LOG: {"LOG_COUNTERS": "false"}, COUNTERS: {"LOG_SAMPLE": "0"}, WITH: {}}
    found = []
    for port, (name, settings) in zip(free_ports(len(kinds)), kinds.items(), strict=True):
        variables = {
            "OMP_NUM_THREADS": "1",
            "REST_PORT": str(port),
            "REST_STORE": str(project / "bundles"),
            "REST_OUTCOMES": str(folder / f"outcomes-{port}.jsonl"),
            "LOG_FOLDER": str(folder / f"log-{port}"),
            "LOG_DATABASE": f"sqlite:///{folder / f'log-{port}.db'}",
            **settings,
        }
        command = [sys.executable, "-m", SERVICE]
        found.append(Contender(name, command, port, environment=environment(project, **variables)))
    return found


def figure(port: int, name: str) -> float:
    """A figure of /metrics, summed over its labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def settle(contender: Contender) -> None:
    """Wait until all that waits is shipped."""
    for _ in range(600):
        if not unshipped(contender.port):
            return
        time.sleep(0.1)
    raise SystemExit(f"{contender.name}: the log is not shipped within a minute")


def unshipped(port: int) -> float:
    """Bytes of a service's log that are not in its database yet."""
    return figure(port, "prediction_log_unshipped_bytes")


def answered(contender: Contender) -> int:
    """How many predictions a server says that it made."""
    return int(figure(contender.port, "model_predictions_total"))


def logged(folder: Path, contender: Contender) -> int:
    """How many predictions a server's log holds."""
    path = folder / f"log-{contender.port}.db"
    if not path.exists():
        return 0
    with sqlite3.connect(path) as database:
        return int(database.execute("SELECT count(*) FROM prediction_log").fetchone()[0])


def section(contenders: list[Contender], kept: dict[str, tuple[int, int]], rounds: int, seconds: int) -> str:
    """The Markdown of the results."""
    base = contenders[0]
    heads = [f"{connections} conn." for connections in CONNECTIONS]
    lines = [
        f"`python benchmarks/prediction_log.py`: medians of {rounds} interleaved rounds of {seconds} s each; XGBoost, "
        f"200 trees, 30 numeric columns, single rows, one worker, log in SQLite. {machine()}",
        "",
        "Requests per second (and the share of those without monitoring), processor milliseconds of the server:",
        "",
        f"| server | {' | '.join(heads)} | p99 ms, 8 conn. | {' | '.join(f'ms, {head}' for head in heads)} |",
        f"|---|{'---|' * (2 * len(heads) + 1)}",
    ]
    for each in contenders:
        keys = [(connections, 1) for connections in CONNECTIONS]
        rates = [f"{middle(each.rates[key]):,.0f} ({ratio(each.rates[key], base.rates[key]):.3f})" for key in keys]
        spent = [f"{middle(each.cpu[key]):.3f}" for key in keys]
        lines.append(f"| {each.name} | {' | '.join(rates)} | {middle(each.p99[8, 1]):.2f} | {' | '.join(spent)} |")
    whole = contenders[-1]
    shares = [1 - ratio(whole.rates[connections, 1], base.rates[connections, 1]) for connections in CONNECTIONS]
    told, found = kept[WITH]
    lines += [
        "",
        goal("throughput that monitoring costs", "≤ 10 %", max(shares) <= 0.1, [f"{share:.1%}" for share in shares]),
        goal("predictions in the log of those made", "all", found == told, [f"{found:,} of {told:,}"]),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; install it (apt-get install wrk)")
    main()
