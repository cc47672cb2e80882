"""Which contract and which rows a run works with: the file where there is one, else a proposal from the rows.

A project comes with sample rows. The contract of the sample must not stand in the way of the user's own data, so it
steps aside (data/contract.sample.yaml) as soon as `data.path` points elsewhere; any other contract stays.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..config.run import RunConfig
from ..config.settings import TableSettings
from ..contract import file
from ..contract.compatibility import of_the_sample
from ..contract.schema import Contract
from ..core.errors import InputError
from ..data import tables
from ..data import versions as versioning
from . import deployments, registry
from .protocol import UseCase

#: Rows that `retrain` chose from those of the contract, or that the contract's model was asked about.
CHOSEN = "data/retrain/"


@dataclass(frozen=True)
class Resolved:
    """The contract, the raw rows and the raw test rows of a run. `inferred`: the contract is a proposal, not yet saved.

    `version` is that of the rows, None where they are none; `notes` are for the user.
    """

    contract: Contract
    frame: pd.DataFrame
    test_frame: pd.DataFrame | None
    inferred: bool
    path: Path
    aside: Path | None
    version: str | None
    notes: tuple[str, ...]

    @property
    def whole(self) -> pd.DataFrame:
        """All rows, those of the test file last."""
        return self.frame if self.test_frame is None else pd.concat([self.frame, self.test_frame], ignore_index=True)

    def save(self) -> None:
        """Write a proposed contract, and move the sample's contract out of its way; otherwise do nothing."""
        if self.aside is not None:
            self.path.replace(self.aside)
        if self.inferred:
            file.dump(self.contract, self.path)


def resolve(config: RunConfig) -> Resolved:
    """Read the rows, and read or propose their contract; nothing is written before `save`.

    Raises InputError where the rows cannot be read, where settings and contract name another target or task, and for a
    name that a deployment of the project cannot carry.
    """
    case, settings, shown = registry.of(config), config.data, config.contract.path
    path = config.root / shown
    origin = tables.source(settings, config.root)
    version = versioning.version(settings.path, settings.version, config.root)
    notes = [version.note] if version.note else []
    known = None if config.contract.write else _known(config, case, origin, notes)
    aside = None
    if known is not None and of_the_sample(known) and origin != known.source and not origin.startswith(CHOSEN):
        aside, known = path.with_name(f"{path.stem}.sample{path.suffix}"), None
        notes.append(f"{shown} was the sample's: it is kept as {aside.name}, and a new one is inferred")
    if known is not None and settings.target is None:
        settings = dataclasses.replace(settings, target=known.target.name)
    if known is None or not known.with_role("target"):
        _need_target(settings, path)
    else:
        case.proposal.agree(known, settings, config.task, shown)
    test_frame = case.reading.read_test(settings, config.root)
    # the rows of the version that is named from here on, whatever is written meanwhile
    frame = case.reading.read(dataclasses.replace(settings, version=version.name), config.root)
    if known is None:
        found = case.proposal.derived(case.proposal.propose(frame, settings, config.task, origin), config, notes)
        deployments.check(config, found)
        notes.append(f"the contract is inferred from {origin}: review {shown}")
        return Resolved(found, frame, test_frame, True, path, aside, version.name, tuple(notes))
    contract = case.proposal.derived(case.proposal.overridden(known, settings, notes), config, notes)
    deployments.check(config, contract)
    return Resolved(contract, frame, test_frame, False, path, None, version.name, tuple(notes))


def _known(config: RunConfig, case: UseCase, origin: str, notes: list[str]) -> Contract | None:
    """The contract that the rows are held to: as it was with the version asked for, else the file's, if there is one.

    A run at an earlier version is made again only under the contract of then; `notes` say where that differs.
    """
    settings, shown = config.data, config.contract.path
    path = config.root / shown
    today = file.load(path, case.vocabulary) if path.exists() else None
    kept = versioning.contract(settings.path, settings.version, shown, config.root) if settings.version else None
    if kept is None:
        return today
    then = file.parse(kept, f"{shown} of version {settings.version}", case.vocabulary)
    if of_the_sample(then) and origin != then.source:
        return today
    if then != today:
        notes.append(f"the contract is that of version {settings.version}; {shown} says something else today")
    return then


def _need_target(settings: TableSettings, path: Path) -> None:
    if settings.target is None:
        raise InputError(
            f"data.target is not set, and there is no contract at {path.name} to take it from; set data.target"
        )
