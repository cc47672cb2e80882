"""Training anew without being asked: when, on what, against whom, and what came of it.

settings    the values of conf/retrain, those of each trigger with it
triggers/   who may ask for a training, one module each
context       what triggers look at: the champion, its data, what was tried before
decision    whether to train now, and why
data      the rows that the candidate is trained on, and those that are held out
training    the pipeline, within its budget
history     bundles/retrain.jsonl: what was tried
job         all of it, in order

The layer of monitoring adds `logged` (rows from the log of predictions, and a record of decisions beside it) and
`trial` (how a shadow did); what is not there is not missed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def extension(name: str) -> Any:
    """Return the module that a layer adds to this package, or None where no layer does."""
    there = (Path(__file__).parent / f"{name}.py").exists()
    return import_module(f"{__package__}.{name}") if there else None
