"""Ctrl-C whenever it comes: one line, exit 130, no trace, and nothing half made."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_projects import run_code

#: The command line, with Ctrl-C at the moment at which a module is looked for: in the middle of an import.
CODE = """
import os, signal, sys
class Watch:
    def find_spec(self, found, path=None, target=None):
        if found == name:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
name = sys.argv.pop(1)
sys.meta_path.insert(0, Watch())
from mlgen_runtime.cli.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize(
    "module",
    [
        "mlgen_runtime.cli.command",  # the very first import of ours
        "hydra",
        "omegaconf.errors",
        "mlgen_runtime.usecase.resolve",
        "lightgbm",  # in the middle of the fits, beside the thread that opens MLflow
        "mlgen_runtime.rows.metrics",
        "matplotlib.figure",
    ],
)
def test_ctrl_c_is_one_line_at_any_time(trained: Path, module: str) -> None:
    """The store, the contract and the pointer to the champion are as they were."""
    before = sorted(path.name for path in (trained / "bundles").iterdir())

    done = run_code(CODE, module, "train", "+experiment=quick", cwd=trained)

    assert done.returncode == 130, done.stderr[-3000:]
    assert done.stderr.strip().splitlines()[-1].endswith(": stopped")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr[-3000:]
    assert sorted(path.name for path in (trained / "bundles").iterdir()) == before
