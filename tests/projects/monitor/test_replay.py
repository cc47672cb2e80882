"""Real rows replayed through the log: no alert while nothing changes, one where something does, one when it is over.

Slow (an environment, three models), so `make test-fast` leaves this folder out; benchmarks/replay.py does more of the
same. The sets are those of the folder that `MLGEN_REAL_DATA` names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from generated_projects import REAL

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))

from replay import SETS, Stage

pytestmark = pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")

#: Set -> windows of the replay in which nothing changes, and the shifts that are tried.
TRIED: dict[str, tuple[int, tuple[str, ...]]] = {
    "adult_income": (40, ("scaled", "nulls", "slow")),
    "adult_income, 60 % <=50K": (0, ("share",)),
    "bike_sharing": (40, ("swapped",)),
}


@pytest.mark.parametrize("name", TRIED)
def test_an_alert_fires_for_what_changed_and_for_nothing_else(name: str, installed: Callable[..., Path]) -> None:
    """Within two windows, with the column, once; resolved once when it is over; never without a reason."""
    project = installed()
    stage = Stage(project, project / ".venv/bin/python", name, SETS[name])
    windows, kinds = TRIED[name]
    stage.train(Path(str(REAL)))

    calm = stage.replay(seed=1, windows=windows, size=400).events if windows else []
    faults = {
        shift.kind: found
        for shift in stage.data.shifts
        if shift.kind in kinds and (found := stage.replay(seed=1, windows=30, size=400, shift=shift).faults(shift))
    }

    assert calm == []
    assert faults == {}
