"""What the contract of a time series says of its forecasts: how far, in which steps, and what repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What forecasts are made of and for: `horizon` steps ahead, of a `frequency` such as MS (its grid may start at an
    `offset`), repeating every `season` steps. `holidays` names a country whose holidays matter."""

    horizon: int
    frequency: str
    season: int
    offset: int = 0
    holidays: str | None = None

    def __post_init__(self) -> None:
        for entry, least in (("horizon", 1), ("season", 1), ("offset", 0)):
            value = getattr(self, entry)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(
                    f"contract: forecast has {entry} {value!r}; expected a whole number, at least {least}; "
                    "edit the contract"
                )
        for entry in ("frequency", "holidays"):
            if not isinstance(getattr(self, entry), str if entry == "frequency" else str | None):
                raise InputError(f"contract: forecast has {entry} {getattr(self, entry)!r}; expected text")

    def to_dict(self) -> dict[str, Any]:
        """The entries that are needed or differ from their defaults."""
        shown = dataclasses.asdict(self)
        return {name: value for name, value in shown.items() if value or name in ("horizon", "frequency", "season")}

    @classmethod
    def from_dict(cls, entries: object, where: str) -> Forecast:
        """Read the entry; raises InputError naming what is missing or unknown."""
        known = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(entries, Mapping) or not {"horizon", "frequency", "season"} <= set(entries) <= known:
            raise InputError(
                f"{where}: forecast is {entries!r}; expected the entries horizon, frequency and season "
                "(offset and holidays if needed); write a new contract with `contract contract.write=true`"
            )
        return cls(**entries)
