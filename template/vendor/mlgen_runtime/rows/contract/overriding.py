"""What the settings of one run may say beside a reviewed contract, and what is a question to the user instead."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ...contract import dates
from ...contract.schema import Column, Contract
from ...core.command_line import override
from ...core.errors import InputError
from ..settings import DataSettings
from . import positive


def agree(contract: Contract, settings: DataSettings, task: str | None, path: str) -> None:
    """Settings that say something else than the reviewed contract are a question to the user, not an override."""
    anew = "or infer a new contract with contract.write=true"
    name = contract.target.name
    if settings.target != name:
        asked = override("data.target", name)
        raise InputError(f"data.target is {settings.target!r}, {path} has {name!r}; set {asked}, {anew}")
    if task is not None and task != contract.task:
        raise InputError(f"task is {task}, {path} is for {contract.task}; leave task out, {anew}")
    positive.agree(contract, settings.positive, path)
    dates.agree(contract, settings, path)


def overridden(contract: Contract, settings: DataSettings, notes: list[str]) -> Contract:
    """For this run only, `data.drop` takes columns out of the contract and `data.key` makes them ids."""
    dropped = [name for name in settings.drop if any(column.name == name for column in contract.columns)]
    if dropped:
        notes.append(f"left out of the contract for this run (data.drop): {', '.join(dropped)}")
    kept = [_keyed(column, settings.key) for column in contract.columns if column.name not in dropped]
    groups = [tuple(name for name in group if name not in dropped) for group in contract.interactions]
    return dataclasses.replace(contract, columns=tuple(kept), interactions=tuple(group for group in groups if group))


def _keyed(column: Column, keys: Sequence[str]) -> Column:
    entries: dict[str, Any] = {"role": "id"} if column.name in keys else {}
    return dataclasses.replace(column, **entries)
