"""A model can learn from the rows."""

from __future__ import annotations

import json
from pathlib import Path


def test_a_quick_training_beats_the_simplest_baseline(trained: Path) -> None:
    """The gate promotes something that is better than always giving the most frequent, the mean or the last value."""
    report = json.loads((trained / "reports" / "train.json").read_text("utf8"))
    simplest = report["entrants"][0]["name"]

    assert report["promoted"] not in (None, simplest), report["decision"]
