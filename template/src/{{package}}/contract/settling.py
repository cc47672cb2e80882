"""Which contract and which rows a run works with: the file where there is one, else a proposal from the rows.

A project comes with sample rows. The contract of the sample must not stand in the way of the user's own data, so it
steps aside (data/contract.sample.yaml) as soon as `data.path` points elsewhere; any other contract stays.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .. import data
from ..config import ContractSettings, DataSettings
from ..errors import InputError
from . import file
from .overriding import agree, overridden
from .proposal import propose
from .schema import Contract

#: The bundled rows are data/sample.csv and its like.
SAMPLE = "data/sample"


@dataclass(frozen=True)
class Settled:
    """The contract, the raw rows and the raw test rows of a run. `inferred`: the contract is a proposal, not yet saved.

    `news` are sentences for the user.
    """

    contract: Contract
    frame: pd.DataFrame
    test_frame: pd.DataFrame | None
    inferred: bool
    path: Path
    aside: Path | None
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
    known = file.load(path) if path.exists() and not contract.write else None
    aside = None
    news: list[str] = []
    if known is not None and _of_the_sample(known) and origin != known.source:
        aside, known = path.with_name(f"{path.stem}.sample{path.suffix}"), None
        news.append(f"{contract.path} was the sample's: it is kept as {aside.name}, and a new one is inferred")
    if known is not None and settings.target is None:
        settings = dataclasses.replace(settings, target=known.target.name)
    if known is None or not known.with_role("target"):
        _need_target(settings, path)
    else:
        agree(known, settings, task, contract.path)
    frame, test_frame = data.read(settings, root), data.read_test(settings, root)
    if known is None:
        found = propose(frame, settings, task, origin)
        news.append(f"the contract is inferred from {origin}: review {contract.path}")
        return Settled(found, frame, test_frame, True, path, aside, tuple(news))
    return Settled(overridden(known, settings, news), frame, test_frame, False, path, None, tuple(news))


def _of_the_sample(contract: Contract) -> bool:
    return contract.source is not None and contract.source.startswith(SAMPLE)


def _need_target(settings: DataSettings, path: Path) -> None:
    if settings.target is None:
        raise InputError(
            f"data.target is not set, and there is no contract at {path.name} to take it from; set data.target"
        )
