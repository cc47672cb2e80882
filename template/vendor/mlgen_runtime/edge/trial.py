"""What an exported folder answers, and how fast: its own reader, in a process that has nothing of this package.

Answers are compared with the predictor's, row by row: no conversion is right for every model, and a wrong one is
silently wrong.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..usecase.export_package import ParityCase, Row

PROBE = Path(__file__).with_name("probe.py")
#: Seconds of single-row calls, and starts of a process, that are measured.
SECONDS, STARTS = 0.5, 3


@dataclass(frozen=True)
class Trial:
    """Answers [cases][rows]; latency of one row in microseconds; seconds from a process's start to its answer."""

    answers: list[list[Row]]
    latency_us: dict[str, float]
    cold_start_s: float
    packages: list[str]


def asked(folder: Path, cases: Sequence[ParityCase]) -> Trial:
    """Start the folder's reader, ask it everything, and measure it with the first case.

    Raises InputError with its words where it fails.
    """
    entries: list[dict[str, Any]] = [{"rows": list(case.rows), "options": dict(case.options)} for case in cases]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "questions.json")
        path.write_text(json.dumps(entries[:1]), "utf8")
        starts = [_start(folder, path, 0.0) for _ in range(STARTS)]
        path.write_text(json.dumps(entries), "utf8")
        _, found = _start(folder, path, SECONDS)
    cold = statistics.median(seconds for seconds, _ in starts)
    return Trial(found["answers"], found["latency_us"], cold, found["packages"])


def _start(folder: Path, questions: Path, seconds: float) -> tuple[float, dict[str, Any]]:
    """Run the probe; return the seconds until its first answer, and what it printed."""
    command = [sys.executable, "-I", "-B", str(PROBE), str(folder), str(questions), str(seconds)]
    begun = time.time()
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise InputError(f"the exported reader fails: {words[-1] if words else 'without a word'}; nothing was written")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found["first"] - begun, found
