"""Those who look on while predictions are made (see `hooks`), asked together.

    observers(place)        in a service or a batch run: who looks on there
    variables(config)       in a verb: their settings, for the processes that serve
    check(environment)      before workers are started: whether those settings can be read

A hook without its folder in conf/ is off: `variables` names those that are on in RUNTIME_HOOKS. In a container, where
nothing else is said, all look on that are installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..core.registry import Entry, Registry

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from . import Hook, Observer, Place

HOOKS = Registry(
    "hook",
    {
        "live_counters": Entry("live_counters.hook", group="log"),
        "prediction_log": Entry("prediction_log.hook", group="log"),
        "prediction_log_batch": Entry("prediction_log.batch_hook", group="log"),
    },
)
#: The variable with the names of the hooks that are on, between commas.
CHOSEN = "RUNTIME_HOOKS"


def observers(place: Place) -> tuple[Observer, ...]:
    """Return all who look on here. Raises InputError where one of them is set wrongly."""
    found = [hook.observe(place) for hook in _hooks(_chosen(place.environment))]
    return tuple(observer for observer in found if observer is not None)


def variables(config: RunConfig) -> dict[str, str]:
    """Return all their settings of conf/ as environment variables. Raises InputError where one is wrong."""
    names = HOOKS.names(config.raw)
    found = {name: text for hook in _hooks(names) for name, text in hook.variables(config).items()}
    return {CHOSEN: ",".join(names), **found}


def check(environment: Mapping[str, str]) -> None:
    """Raise InputError where the variables set one of them wrongly."""
    for hook in _hooks(_chosen(environment)):
        hook.check(environment)


def _chosen(environment: Mapping[str, str]) -> list[str]:
    text = environment.get(CHOSEN)
    return HOOKS.names() if text is None else [name for name in text.split(",") if name]


def _hooks(names: list[str]) -> Iterator[Hook]:
    for name in names:
        hook: Hook = HOOKS.load(name)
        yield hook
