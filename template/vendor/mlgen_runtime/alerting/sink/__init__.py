"""The ways to tell somebody, by name: those of the runtime, each a module, and those that the project registered.

    deliver = sender("webhook")
    deliver(notices, settings, root)      tells all of them, or raises Unheard with the reason

A sink is told of several notices at once, so that thirty columns that drift together are one message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...core.errors import InputError, nearest
from ...core.extensions import registered
from ...core.registry import Entry, Registry

if TYPE_CHECKING:
    from ..settings import AlertSettings
    from .notice import Notice

Send = Callable[[Sequence["Notice"], "AlertSettings", Path], None]


class Sink(Protocol):
    """A module of the runtime that tells somebody, as its group of settings in conf/alert says."""

    def send(self, notices: Sequence[Notice], settings: AlertSettings, root: Path, /) -> None:
        """Tell all of them; raises Unheard with the reason."""


SINKS = Registry(
    "sink",
    {
        "log": Entry("alerting.sink.log"),
        "webhook": Entry("alerting.sink.webhook"),
        "smtp": Entry("alerting.sink.smtp"),
    },
)


def sender(name: str) -> Send:
    """What tells notices to a sink. One of the project's own gets the notices alone; it was told unless it raises."""
    if name in SINKS.entries:
        sink: Sink = SINKS.load(name)
        return sink.send
    own = registered("sink")
    if name not in own:  # written down as owed by a run that knew it
        raise InputError(f"no sink {name!r} is registered")
    function = own[name].function
    return lambda notices, settings, root: function(notices)


def check(names: Sequence[str]) -> None:
    """Raise InputError where `alert.sinks` names what no module of the project registered."""
    own = registered("sink")
    for name in names:
        if name in SINKS.entries:
            raise InputError(
                f"alert.sinks: {name!r} is a sink of the runtime; set alert.{name}.enabled=true, and leave it out here"
            )
        if name not in own:
            known = ", ".join(own) or "none is"
            raise InputError(
                f"alert.sinks: no sink {name!r} is registered (registered: {known}){nearest(name, own)}; mark its "
                "function with @sink in a module of project.extensions"
            )
