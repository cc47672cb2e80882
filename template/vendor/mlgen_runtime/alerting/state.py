"""Where one rule stands for one column or slice, and how the figure of a window moves it. Nothing here is kept or told.

    quiet --- `windows` bad ones in a row ---> active          "fired"
    active -- `resolve_windows` calm ones in a row ---> quiet  "resolved", and the cooldown begins

Bad is proven and beyond the threshold. Calm is within `resolve`, or what chance often brings; what lies between the two
is neither, and begins the count anew. A window without enough data moves nothing and interrupts no count. While the
cooldown lasts nothing fires, but windows are counted on: a figure that is still bad at its end fires then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

Kind = Literal["fired", "resolved"]


class Limits(Protocol):
    """What a rule says about figures; one of `above` and `below` is set."""

    @property
    def above(self) -> float | None:
        """Bad is more than this."""

    @property
    def below(self) -> float | None:
        """Bad is less than this."""

    @property
    def windows(self) -> int:
        """How many bad windows in a row it takes to fire."""

    @property
    def resolve(self) -> float | None:
        """Calm is up to this (or down to it, with `below`); None: the threshold itself."""

    @property
    def resolve_windows(self) -> int:
        """How many calm windows in a row it takes to resolve."""

    @property
    def pause(self) -> float:
        """Seconds after a resolve in which nothing fires."""


@dataclass(frozen=True, kw_only=True)
class State:
    """`at` is the end of the last window that was judged, in seconds since 1970; `streak` the windows in a row that
    speak for a change; `turns` how often it fired or resolved; `held` the windows that the cooldown kept from firing;
    `since` the window that fired, "" while quiet; `message` tells the last change."""

    at: float
    active: bool
    streak: int
    turns: int
    held: int
    quiet_until: float
    since: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """The state as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> State:
        """The state from plain data."""
        return cls(**entries)


#: Before the first window.
START = State(at=0.0, active=False, streak=0, turns=0, held=0, quiet_until=0.0, since="", message="")


def bad(limits: Limits, value: float, proven: bool) -> bool:
    """Whether a figure speaks for firing."""
    if limits.above is not None:
        return proven and value > limits.above
    return proven and limits.below is not None and value < limits.below


def calm(limits: Limits, value: float, proven: bool, usual: float | None = None) -> bool:
    """Whether a figure speaks for resolving. What is not proven is not yet calm where it is known how far chance often
    goes, `usual`: with few rows a shift that lasts may lie in between."""
    if limits.above is not None:
        within = value <= (limits.above if limits.resolve is None else limits.resolve)
    else:
        bound = limits.below if limits.resolve is None else limits.resolve
        within = bound is not None and value >= bound
    return within or (not proven and (usual is None or value <= usual))


def step(
    limits: Limits, state: State, value: float | None, proven: bool, window: str, end: float, usual: float | None = None
) -> tuple[State, Kind | None]:
    """Return the state after a window that ends at `end`, and what happened in it; `value` None: not enough data,
    `usual`: what chance often brings, where that is known."""
    if value is None:
        return state, None
    state = replace(state, at=end)
    if state.active:
        streak = state.streak + 1 if calm(limits, value, proven, usual) else 0
        if streak < limits.resolve_windows:
            return replace(state, streak=streak), None
        return _turned(state, active=False, since="", quiet_until=end + limits.pause), "resolved"
    streak = state.streak + 1 if bad(limits, value, proven) else 0
    if streak < limits.windows:
        return replace(state, streak=streak), None
    if end < state.quiet_until:
        return replace(state, streak=streak, held=state.held + 1), None
    return _turned(state, active=True, since=window, quiet_until=0.0), "fired"


def _turned(state: State, *, active: bool, since: str, quiet_until: float) -> State:
    return replace(state, active=active, since=since, quiet_until=quiet_until, streak=0, held=0, turns=state.turns + 1)
