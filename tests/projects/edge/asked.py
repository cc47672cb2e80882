"""Run in a project: print rows to ask its champion, spoilt ones among them, and what the predictor answers, as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from mlgen_runtime.usecase import registry
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion


def plain(cell: Any) -> Any:
    """JSON has no NaN."""
    return None if isinstance(cell, float) and math.isnan(cell) else cell


config = load([], Path())
model = load_champion(config)
portable = registry.find(model.use_case).portable
found = []
for question in portable.questions(model, config, 1000):
    rows = [{name: plain(cell) for name, cell in row.items()} for row in question.rows]
    found.append({"rows": rows, "answers": portable.answers(model, question)})
print(json.dumps(found))
