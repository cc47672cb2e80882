"""JSON of the log as columns: the fields that are wanted of many objects at once.

    fields = Fields(["age", "plan"])
    fields.columns(['{"age": 41, "plan": "basic"}', '{"age": null}'])   → [(41, None), ("basic", None)]

What is not wanted is skipped, not read, so a row of 30 columns takes a few microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

#: Stands where an object does not have a field, if that is to be told from null.
UNSAID = msgspec.UNSET


class Fields:
    """Reads some fields of objects in JSON. `sparse` tells a field that is not there (UNSAID) from null."""

    def __init__(self, names: Sequence[str], sparse: bool = False) -> None:
        self.names = tuple(names)
        self._absent = UNSAID if sparse else None
        slots = [f"f{position}" for position in range(len(self.names))]
        entry = msgspec.defstruct(
            "Entry",
            [(slot, Any, self._absent) for slot in slots],
            rename=dict(zip(slots, self.names, strict=True)),
            gc=False,
        )
        self._empty = entry()
        self._decode = msgspec.json.Decoder(entry).decode

    def columns(self, texts: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the values [n] of each field; None (or UNSAID) where an object lacks it or is no object."""
        if not self.names:
            return []
        try:
            found = [self._decode(text) for text in texts]
        except msgspec.DecodeError:
            found = [self._one(text) for text in texts]
        return list(zip(*map(msgspec.structs.astuple, found), strict=True)) if found else [()] * len(self.names)

    def _one(self, text: str) -> Any:
        try:
            return self._decode(text)
        except msgspec.DecodeError:
            return self._empty


def scalar(text: str) -> Any:
    """One value of JSON; None where it is none."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
