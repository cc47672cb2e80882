"""How a request is refused: a status, and words that name what is wrong and where.

The JSON is FastAPI's own shape, so that its clients read it:

    {"detail": [{"loc": ["body", "records", 0, "tenure"], "msg": "expected a whole number, got 'three'", "type": …}]}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and the path to it."""

    where: Sequence[str | int]
    message: str

    def to_dict(self) -> dict[str, Any]:
        """FastAPI's entry for a fault."""
        return {"loc": list(self.where), "msg": self.message, "type": "value_error"}

    def __str__(self) -> str:
        path = ".".join(str(part) for part in self.where[1:])
        return f"{path}: {self.message}" if path else self.message


@dataclass
class Refused(Exception):
    """A request that is answered with an error status; `detail` is one sentence or a list of faults."""

    status: int
    detail: str | list[Fault]
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())

    def content(self) -> str | list[dict[str, Any]]:
        """The value of `detail` in the answer."""
        return self.detail if isinstance(self.detail, str) else [fault.to_dict() for fault in self.detail]

    def __str__(self) -> str:
        return self.detail if isinstance(self.detail, str) else "; ".join(str(fault) for fault in self.detail)
