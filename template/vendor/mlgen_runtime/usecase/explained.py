"""What explains a model as a whole, beside how good it is: pictures for its card, figures for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Explained:
    """`message` is what was looked at, for the run's output; `pictures` are PNG by name, in reading order, and
    `captions` what they show; `figures` are all of it as plain data."""

    message: str = "nothing to explain"
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
