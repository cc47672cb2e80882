"""conf/edge as a dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ..config.schema import Bound, Count


@dataclass(frozen=True, kw_only=True)
class EdgeSettings:
    """One entry per line of conf/edge/default.yaml, which says what each is for."""

    output: str
    quantize: Literal["none", "int8"]
    opset: Annotated[int, Bound(at_least=13, at_most=21)]
    ml_opset: Annotated[int, Bound(at_least=3, at_most=5)]
    ir_version: Annotated[int, Bound(at_least=7, at_most=10)]
    tolerance: Annotated[float, Bound(above=0)]
    quality: Annotated[float, Bound(above=0)]
    rows: Count
