"""What a verb hands back when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class VerbReport:
    """`summary` is JSON-able and becomes reports/<verb>.json; `exit_code` is 0, 2 or 3."""

    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0
