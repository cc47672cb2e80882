"""What the settings of one run may say beside a reviewed contract, and what is a question to the user instead."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...config.run import RunConfig
from ...contract import dates
from ...contract.schema import Contract
from ...core.command_line import Value, override
from ...core.errors import InputError
from ..frequency import Frequency
from ..settings import DataSettings


def agree(contract: Contract, settings: DataSettings, task: str | None, path: str) -> None:
    """Settings that say something else than the reviewed contract are a question to the user, not an override."""
    if task is not None and task != contract.task:
        raise InputError(f"task is {task}, {path} is for {contract.task}; leave task out")
    dates.agree(contract, settings, path)
    for setting, said, stands in _differences(contract, settings):
        raise InputError(
            f"{setting} is {said}, {path} has {stands}; set {override(setting, stands)} as the contract says, "
            "or infer a new contract with contract.write=true"
        )


def overridden(contract: Contract, settings: DataSettings, notes: list[str]) -> Contract:
    """For this run only, `data.drop` takes columns out of the contract."""
    dropped = [name for name in settings.drop if any(column.name == name for column in contract.columns)]
    if dropped:
        notes.append(f"left out of the contract for this run (data.drop): {', '.join(dropped)}")
    kept = tuple(column for column in contract.columns if column.name not in dropped)
    return dataclasses.replace(contract, columns=kept)


def derived(contract: Contract, config: RunConfig, notes: list[str]) -> Contract:
    """The contract as it is: what a forecast rests on is derived from the series themselves."""
    return contract


def _differences(contract: Contract, settings: DataSettings) -> Iterator[tuple[str, object, Value]]:
    """(setting, what it says, what stands in the contract) for each that differs; null says nothing."""
    forecast = contract.forecast
    if forecast is None:
        raise InputError("the contract has no entry forecast; infer a new one with contract.write=true")
    pairs: list[tuple[str, object, Value]] = [
        ("data.target", settings.target, contract.target.name),
        ("data.time", settings.time, contract.with_role("time")[0].name if contract.with_role("time") else None),
        ("data.horizon", settings.horizon, forecast.horizon),
        ("data.season", settings.season, forecast.season),
        ("data.holidays", settings.holidays, forecast.holidays),
    ]
    for role in ("series", "past", "known_future", "static"):
        said = getattr(settings, role)
        pairs.append((f"data.{role}", sorted(said) if said else None, sorted(c.name for c in contract.with_role(role))))
    for setting, said, stands in pairs:
        if said is not None and said != stands:
            yield setting, said, stands
    if settings.frequency is not None and Frequency(settings.frequency).parsed != Frequency(forecast.frequency).parsed:
        yield "data.frequency", settings.frequency, forecast.frequency
