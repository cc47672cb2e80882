"""What the service makes of a contract: a request can have a field of any name; clients feel it when one goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.schema import Contract

if TYPE_CHECKING:
    from ..config.run import RunConfig


def check(config: RunConfig, contract: Contract) -> None:
    """Nothing is refused: JSON takes every name, and so does the request model (see `records`)."""


def broken(before: Contract, after: Contract) -> str | None:
    """A column that clients send and that the service would refuse as unknown; None where there is none."""
    known = {column.name for column in after.columns if column.role != "target" or column in after.inputs}
    gone = next((column.name for column in before.inputs if column.name not in known), None)
    return f"its clients send {gone!r}, which this one does not know" if gone else None
