"""Who may ask for a training, by name: one module each, which fulfils `Trigger`.

The first line of its docstring says what a trigger looks at. `look` says what it found in figures, whether it asks or
not; a setting that is null switches it off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ...core.registry import Entry, Registry

if TYPE_CHECKING:
    from ..context import RetrainingContext

#: In the order in which they are asked and shown. Those that look at production count where it is monitored.
TRIGGERS = Registry(
    "trigger",
    {
        "drift": Entry("retraining.monitored.drift", group="monitor", needs="alerting"),
        "outcomes": Entry("retraining.monitored.outcomes", group="monitor", needs="prediction_log"),
        "quality": Entry("retraining.monitored.quality", group="monitor", needs="monitoring"),
        "schedule": Entry("retraining.triggers.schedule"),
        "volume": Entry("retraining.triggers.volume"),
    },
)


@dataclass(frozen=True)
class Finding:
    """What a trigger found: whether it asks for a training, and a clause that says why (or why not)."""

    asks: bool
    message: str


OFF = Finding(False, "switched off")


class Trigger(Protocol):
    """A module that may ask for a training. `Settings` is the dataclass of what it takes of conf/retrain."""

    @property
    def Settings(self) -> type[Any]: ...

    def look(self, context: RetrainingContext, settings: Any, /) -> Finding:
        """Say what there is, and whether that is a reason to train."""


def triggers(groups: Mapping[str, Any]) -> dict[str, Trigger]:
    """The triggers by name that this project has; `groups` are the folders of its conf/, such as `config.raw`."""
    return {name: entry.load() for name, entry in TRIGGERS.found(groups).items()}
