"""The service answers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_service_answers_a_request(trained: Path) -> None:
    """It becomes ready on a free port, and answers the request that its own document shows."""
    serve = [sys.executable, "-m", "mlgen_runtime.cli", "serve", "rest.port={port}"]
    done = subprocess.run(
        [sys.executable, "-m", "mlgen_runtime.rest.try_service", *serve],
        cwd=trained,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "\n200 " in done.stdout, done.stdout + done.stderr
