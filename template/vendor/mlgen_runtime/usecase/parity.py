"""How far a written model is from the fitted one, and which engine scores many rows: measured when a bundle is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What scores many rows: `engine` is onnx or native, whose rows a second on one thread were measured.

    Where nothing was measured, `reason` says why.
    """

    engine: str
    onnx: int | None = None
    native: int | None = None
    reason: str | None = None

    @property
    def rate(self) -> int | None:
        """Rows a second and thread of the engine that was taken."""
        return self.native if self.engine == "native" else self.onnx


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far the written model is from the fitted one.

    `format` is what was written: onnx, or another safe format with the `reason` why. `largest` is the largest relative
    difference found over `rows` rows or forecasts, missing and unseen values among them. `bulk` is about many rows.
    """

    format: str
    largest: float
    rows: int
    reason: str | None = None
    bulk: Bulk | None = None
