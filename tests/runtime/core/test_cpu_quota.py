"""CPUs are counted as this process may use them, in containers of both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlgen_runtime.core import cpu_quota as quota


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.cfs_quota_us": "300000", "cpu.cfs_period_us": "100000"}, 3),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, 8),
        ({}, 8),
    ],
)
def test_the_quota_bounds_the_cpus(
    files: dict[str, str], granted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A share of a CPU is rounded up, no limit and no control group leave the affinity."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf8")
    monkeypatch.setattr(quota, "_folders", lambda: [tmp_path])
    monkeypatch.setattr(quota, "_affinity", lambda: 8)

    assert quota.cpus() == granted


def test_a_setting_wins() -> None:
    """What the user sets is not second-guessed."""
    assert quota.threads(5) == 5
    assert quota.threads() == quota.cpus() >= 1
