"""The contract fits the rows."""

from __future__ import annotations

from pathlib import Path

from conftest import run


def test_the_rows_keep_the_contract(project: Path, rows: str) -> None:
    """Nothing in the rows breaks data/contract.yaml, or the proposal where there is none yet."""
    assert "checks:" in run(project, "contract", rows)
