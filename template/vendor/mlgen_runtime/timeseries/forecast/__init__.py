"""The forecasters that serve, one module per family: numpy and onnxruntime are all they need. Table of contents.

forecast.load(folder, entry)    → a Part; entry["name"] says of which family
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .part import Part

#: Families by the name that `inference.json` gives them; each module has `load(folder, entry) -> Part`.
FAMILIES = ("naive", "lightgbm", "ets", "prophet", "tft", "blend")

__all__ = ["FAMILIES", "Part", "load"]


def load(folder: Path, entry: Mapping[str, Any]) -> Part:
    """Load the part that an entry of `inference.json` describes."""
    if entry["name"] not in FAMILIES:
        raise ValueError(f"no forecaster {entry['name']!r}; expected one of {', '.join(FAMILIES)}")
    part: Part = import_module(f".{entry['name']}", __name__).load(folder, entry)
    return part
