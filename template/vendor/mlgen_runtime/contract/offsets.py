"""The offsets from UTC that the moments of a column are written with, and the places whose clocks have them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..core import zones
from .catalogue import counted
from .written import moments

#: Z, or an offset, after a time of day.
END = r"(?i)\d[T ]?\d{1,2}:\d{2}.*?(?P<end>Z|UTC|[+-]\d{2}(?::?\d{2})?)\s*$"
#: A moment without an offset.
NONE = "none"
#: The places that are thought of where several offsets are written, by how many people live by their clocks.
PLACES = (
    "Europe/Berlin", "America/New_York", "America/Chicago", "Europe/London", "America/Los_Angeles", "Europe/Athens",
    "America/Denver", "Australia/Sydney", "America/Sao_Paulo", "America/Santiago", "Africa/Cairo", "Asia/Jerusalem",
    "Asia/Tehran", "Australia/Adelaide", "Pacific/Auckland", "America/Halifax", "America/Mexico_City", "Europe/Moscow",
)  # fmt: skip


def found(cells: Sequence[str]) -> dict[str, int]:
    """Offset to the number of texts written with it, as zones are named (UTC, +02:00), `NONE` for those without."""
    offsets: dict[str, int] = {}
    for end, count in _ends(cells).value_counts().items():
        offsets[str(end)] = offsets.get(str(end), 0) + int(count)
    return offsets


def of_column(cells: pd.Series) -> dict[str, int]:
    """What `found` says of a column; empty for cells that are no text."""
    known = cells.dropna()
    if pd.api.types.is_datetime64_any_dtype(known.dtype) or pd.api.types.is_numeric_dtype(known.dtype):
        return {}
    return found(known.astype(str).tolist())


def of_type(series: pd.Series) -> str | None:
    """The zone of a column that the file holds as moments; None where they have none."""
    zone = series.dt.tz
    if zone is None:
        return None
    name = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)
    return zones.normal(name.removeprefix("UTC") or "UTC")


def places(texts: Sequence[str], format: str | None) -> list[str]:
    """The places whose clocks had, at all of these moments, the offset that is written."""
    read = moments(texts, format, None)
    written = _ends(texts).tolist()
    known = ~read.bad & ~read.far
    seconds = read.values[known].astype("M8[s]").astype(np.int64)
    ends = [end for end, there in zip(written, known, strict=True) if there]

    def fits(place: str) -> bool:
        ahead = zones.offsets(seconds, place).tolist()
        return all(zones.normal(zones.shown(size)) == end for size, end in zip(ahead, ends, strict=True))

    return [place for place in PLACES if fits(place)]


def set_back(times: npt.NDArray[np.datetime64]) -> str | None:
    """The place whose clocks, when they are set back, show every moment [n] that repeats twice; None where none does.

    `times` are what clocks showed, as naive moments are.
    """
    known = pd.Series(times[~np.isnat(times)])
    again = known[known.duplicated()].unique()
    if not len(again):
        return None
    local = np.asarray(again, dtype="datetime64[s]")
    return next((place for place in PLACES if (zones.instants(local, place)[1] == zones.TWICE).all()), None)


def _ends(texts: Sequence[str]) -> pd.Series:
    """The offset [n] that each text ends in, as a zone is named."""
    parts = pc.extract_regex(pa.array(texts, pa.string()), END)
    ends: pd.Series = parts.field("end").to_pandas().where(np.asarray(parts.is_valid()), NONE)
    named: pd.Series = ends.map({end: end if end == NONE else zones.normal(end) for end in ends.unique()})
    return named


def listed(offsets: dict[str, int]) -> str:
    """The offsets for people."""
    return ", ".join(
        f"{'no offset' if end == NONE else end} in {counted(rows, 'row')}" for end, rows in sorted(offsets.items())
    )
