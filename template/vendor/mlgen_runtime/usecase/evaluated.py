"""Who takes part in a comparison: the evaluated models with their figures, and the champion's status.

A model's figures are those of what would be served: its own bundle, loaded by the predictor. How it is judged is the
use case's `evaluation`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..bundle import format as bundle
from ..contract import compatibility
from ..contract.features import used
from ..core.errors import InputError
from . import deployments
from .loading import contract_of, load

if TYPE_CHECKING:
    import numpy as np

    from ..bundle.predictor import Predictor
    from ..bundle.store import Store
    from ..config.run import RunConfig
    from ..contract.schema import Contract
    from .parity import Parity
    from .protocol import Candidate


class Truth(Protocol):
    """What the test cases turned out to be, such as an array [n]; a bootstrap draws cases, a mask chooses some."""

    def __len__(self) -> int:
        """The number of cases."""

    def __getitem__(self, chosen: Any) -> Any:
        """The truth of some cases."""


@dataclass(frozen=True)
class Latency:
    """Time to predict one row through the predictor, in milliseconds."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """One model on the test cases. `kind` is candidate, baseline or champion; `version` is set for the champion only.

    `scores` [n] are what the use case's metrics compare with the truth, of which a mask chooses some; `outputs` are the
    predictor's columns.
    `model` (as fitted) and `parity` (of its bundle) are None for the champion, of which only the bundle is there.
    `latency` is None, and the size 0, for one that was judged without a bundle of its own.
    `fair` is [n] booleans, the cases that the champion was not trained on; None means all.
    """

    kind: str
    name: str
    folder: Path
    version: str | None
    scores: Any
    outputs: Mapping[str, np.ndarray]
    metrics: dict[str, float]
    latency: Latency | None
    megabytes: float
    model: Candidate | None = None
    parity: Parity | None = None
    fair: np.ndarray | None = None

    @property
    def key(self) -> str:
        """A name that is unique among the models of a run, such as `baseline:logistic` or `champion:7`."""
        return f"{self.kind}:{self.version or self.name}"

    @property
    def format(self) -> str:
        """The format in which its bundle keeps it, such as onnx."""
        return self.parity.format if self.parity else "unknown"

    def digest(self) -> str:
        """The sha256 of the manifest as it is now, which names each file with its own; "" without a bundle."""
        manifest = self.folder / bundle.MANIFEST
        return bundle.digest(manifest) if manifest.is_file() else ""


@dataclass(frozen=True)
class ChampionStatus:
    """The champion at the time of the comparison: its version, and its predictor where it can be compared.

    `note` says why it cannot. `rival` is False for a champion that predicts another target. `broken` says why those who
    ask it could not go on with a model of this run's contract, which therefore takes its place by hand only.
    """

    version: str | None = None
    served: Predictor | None = None
    note: str | None = None
    rival: bool = False
    broken: str | None = None


def champion_status(config: RunConfig, store: Store, contract: Contract, threads: int) -> ChampionStatus:
    """Load the champion for a comparison."""
    pointer = store.champion()
    if pointer is None:
        return ChampionStatus()
    alone = f"the champion (version {pointer.version}) cannot be compared, so the candidate faces the baseline alone: "
    try:
        champion = load(store.fetch(pointer.bundle), threads, pointer.version, pointer.manifest)
    except InputError as fault:
        kept = _kept_contract(store, pointer.bundle)
        broken = deployments.broken(config, kept, contract) if kept else None
        return ChampionStatus(pointer.version, None, f"{alone}{fault}", rival=True, broken=broken)
    broken = deployments.broken(config, champion.contract, contract)
    if difference := _difference(champion.contract, contract):
        same = (champion.contract.task, champion.contract.target.name) == (contract.task, contract.target.name)
        return ChampionStatus(pointer.version, None, f"{alone}its contract differs, {difference}", same, broken)
    return ChampionStatus(pointer.version, champion, None, rival=True, broken=broken)


def timed(calls: Sequence[Callable[[], object]]) -> Latency:
    """Measure single predictions, one call each; the first tenth warms up and is not counted."""
    import numpy as np

    taken = np.empty(len(calls))
    for position, call in enumerate(calls):
        start = time.perf_counter()
        call()
        taken[position] = time.perf_counter() - start
    counted = taken[len(calls) // 10 :] * 1e3
    return Latency(*(float(value) for value in np.quantile(counted, [0.5, 0.99])))


def _kept_contract(store: Store, version: str) -> Contract | None:
    """The contract of a bundle that cannot be loaded, if that much of it is there: what it predicts counts all the
    same."""
    try:
        return contract_of(store.fetch(version))
    except (InputError, OSError, ValueError, TypeError):
        return None


def _difference(one: Contract, other: Contract) -> str | None:
    """Return what makes two contracts incomparable, in words: the task, the target's labels, or the inputs."""
    if (one.task, one.target.name, one.labels) != (other.task, other.target.name, other.labels):
        return f"it predicts {compatibility.subject(one)}"
    if one.forecast is not None and one.forecast != other.forecast:
        return f"it forecasts {one.forecast.horizon} steps of {one.forecast.frequency}, season {one.forecast.season}"
    roles = one.vocabulary.input_roles
    mine, theirs = ({c.name: c.type for c in contract.with_role(*roles)} for contract in (one, other))
    if lost := sorted(one.sources - {column.name for column in used(other)}):
        return f"its features take {', '.join(lost)}, which this run does not read"
    changed = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    return f"the input{'s' if len(changed) > 1 else ''} {', '.join(changed)} changed" if changed else None
