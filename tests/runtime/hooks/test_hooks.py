"""Who looks on while predictions are made: written down, and asked through one interface."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from mlgen_runtime.config.run import RunConfig
from mlgen_runtime.hooks import Hook
from mlgen_runtime.hooks.registry import CHOSEN, HOOKS, variables


@pytest.mark.parametrize("name", HOOKS.names())
def test_a_hook_has_the_whole_interface(name: str) -> None:
    """Nothing is looked for by chance: each module offers every function, with as many arguments."""
    hook = HOOKS.load(name)

    for function in ("observe", "variables", "check"):
        wanted = len(inspect.signature(getattr(Hook, function)).parameters) - 1
        assert len(inspect.signature(getattr(hook, function)).parameters) == wanted


def test_settings_of_conf_are_handed_on(configure: Callable[..., RunConfig]) -> None:
    """A service gets the log's settings as variables, and the names of those who look on."""
    found = variables(configure("log.sample=0.5"))

    assert found["LOG_SAMPLE"] == "0.5"
    assert found[CHOSEN].split(",") == HOOKS.names()


def test_without_its_folder_of_conf_a_hook_is_off(configure: Callable[..., RunConfig]) -> None:
    """A project without a log has none because the runtime could keep one."""
    config = configure()
    config.raw.pop("log")

    assert variables(config) == {CHOSEN: ""}
