"""New rows: so many of them, or such a share, stand in data.path since the champion was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ...config.schema import Bound
from ..context import RetrainingContext
from . import OFF, Finding


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`new_rows` below 1 is a share of the rows that the champion is from, otherwise a number of rows."""

    new_rows: Annotated[float, Bound(above=0)] | None


def look(context: RetrainingContext, settings: Settings) -> Finding:
    """Count the rows that the champion has not met. The same fingerprint as in its lineage: none."""
    if settings.new_rows is None or context.champion is None:
        return OFF
    if context.settings.data == "log":
        return Finding(False, "data.path is not trained on (retrain.data=log)")
    known = int(context.lineage.get("rows") or 0)
    share = settings.new_rows < 1
    wanted = settings.new_rows * known if share else settings.new_rows
    new = context.fresh
    part = f" ({new / known:.1%} of the champion's {known:,})" if known else ""
    asked = f"{settings.new_rows:.1%}" if share else f"{settings.new_rows:,.0f}"
    message = f"{new:,} new rows in {context.rows.source}{part}, retrain.new_rows: {asked}"
    return Finding(new > 0 and new >= wanted, message)
