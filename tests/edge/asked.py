"""Run in a project: print rows to ask its champion, spoilt ones among them, and what the predictor answers, as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from churn import portable
from churn.champion import serving
from churn.compose import load


def plain(cell: Any) -> Any:
    """JSON has no NaN."""
    return None if isinstance(cell, float) and math.isnan(cell) else cell


config = load([], Path())
model = serving(config)
found = []
for question in portable.questions(model, config, 1000):
    rows = [{name: plain(cell) for name, cell in row.items()} for row in question.rows]
    found.append({"rows": rows, "answers": portable.answers(model, question)})
print(json.dumps(found))
