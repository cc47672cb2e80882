"""Which contract and which rows a run works with: the file where there is one, else a proposal from the rows.

A project comes with sample rows. The contract of the sample must not stand in the way of the user's own data, so it
steps aside (data/contract.sample.yaml) as soon as `data.path` points elsewhere; any other contract stays.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import data, versioning
from ..config import ContractSettings, DataSettings
from ..errors import InputError
from . import file
from .overriding import agree, overridden
from .proposal import propose
from .schema import Contract

#: The bundled rows are data/sample.csv and its like.
SAMPLE = "data/sample"
#: Rows that `retrain` chose from those of the contract, or that the contract's model was asked about.
CHOSEN = "data/retrain/"


@dataclass(frozen=True)
class Settled:
    """The contract, the raw rows and the raw test rows of a run. `inferred`: the contract is a proposal, not yet saved.

    `version` is that of the rows, None where they are none; `news` are sentences for the user.
    """

    contract: Contract
    frame: pd.DataFrame
    test_frame: pd.DataFrame | None
    inferred: bool
    path: Path
    aside: Path | None
    version: str | None
    news: tuple[str, ...]

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


def settle(settings: DataSettings, contract: ContractSettings, task: str | None, root: Path) -> Settled:
    """Read the rows, and read or propose their contract; nothing is written before `save`.

    Raises InputError where the rows cannot be read, or where settings and contract name another target or task.
    """
    path = root / contract.path
    origin = data.source(settings, root)
    version = versioning.version(settings.path, settings.version, root)
    news = [version.note] if version.note else []
    known = None if contract.write else _known(settings, path, contract.path, origin, root, news)
    aside = None
    if known is not None and _of_the_sample(known) and origin != known.source and not origin.startswith(CHOSEN):
        aside, known = path.with_name(f"{path.stem}.sample{path.suffix}"), None
        news.append(f"{contract.path} was the sample's: it is kept as {aside.name}, and a new one is inferred")
    if known is not None and settings.target is None:
        settings = dataclasses.replace(settings, target=known.target.name)
    if known is None or not known.with_role("target"):
        _need_target(settings, path)
    else:
        agree(known, settings, task, contract.path)
    test_frame = data.read_test(settings, root)
    # the rows of the version that is named from here on, whatever is written meanwhile
    frame = data.read(dataclasses.replace(settings, version=version.name), root)
    if known is None:
        found = propose(frame, settings, task, origin)
        news.append(f"the contract is inferred from {origin}: review {contract.path}")
        return Settled(found, frame, test_frame, True, path, aside, version.name, tuple(news))
    return Settled(overridden(known, settings, news), frame, test_frame, False, path, None, version.name, tuple(news))


def _known(settings: DataSettings, path: Path, shown: str, origin: str, root: Path, news: list[str]) -> Contract | None:
    """The contract that the rows are held to: as it was with the version asked for, else the file's, if there is one.

    A run at an earlier version is made again only under the contract of then; it goes to `news` where that differs.
    """
    today = file.load(path) if path.exists() else None
    kept = versioning.contract(settings.path, settings.version, shown, root) if settings.version else None
    if kept is None:
        return today
    then = file.parse(kept, f"{shown} of version {settings.version}")
    if _of_the_sample(then) and origin != then.source:
        return today
    if then != today:
        news.append(f"the contract is that of version {settings.version}; {shown} says something else today")
    return then


def _of_the_sample(contract: Contract) -> bool:
    return contract.source is not None and contract.source.startswith(SAMPLE)


def _need_target(settings: DataSettings, path: Path) -> None:
    if settings.target is None:
        raise InputError(
            f"data.target is not set, and there is no contract at {path.name} to take it from; set data.target"
        )
