"""What may be kept of a configuration or a report: plain data, and no passwords."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

#: The user and the password in front of the host of an address.
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")


def plain(value: Any) -> Any:
    """Return data that JSON can hold: paths as text, numpy's numbers and arrays as Python's, NaN and infinity null."""
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def masked(value: Any) -> Any:
    """Return plain data in which no address shows its password: `postgresql://me:***@host/shop`."""
    if isinstance(value, dict):
        return {name: masked(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [masked(entry) for entry in value]
    return _PASSWORD.sub(r"\1:***@", value) if isinstance(value, str) else value
