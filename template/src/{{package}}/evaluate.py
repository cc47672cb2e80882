"""Score what will be served: every entrant's own bundle, loaded by the predictor, on the test rows.

The figures of the report are therefore those of the artefact (float32, ONNX, rounding and all), not those of an object
in memory that nobody will ever serve.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle, predictor, seen
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from .contract.schema import Contract
    from .model.training import Candidate, Parity
    from .predictor import Predictor
    from .store import Store

#: Single rows timed per entrant; the first tenth warms up and is not counted.
ROWS = 300


@dataclass(frozen=True)
class Latency:
    """Time to predict one row through the predictor, in milliseconds."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, eq=False)
class Entrant:
    """One model on the test rows. `kind` is candidate, baseline or champion; `version` is set for the champion only.

    `scores` is [n] values or [n, k] probabilities in the contract's label order; `outputs` are the predictor's columns.
    `model` (as fitted) and `parity` (of its bundle) are None for the champion, of which only the bundle is there.
    `fair` is [n] booleans, the test rows that the champion was not trained on; None means all.
    """

    kind: str
    name: str
    folder: Path
    version: str | None
    scores: np.ndarray
    outputs: Mapping[str, np.ndarray]
    metrics: dict[str, float]
    latency: Latency
    megabytes: float
    model: Candidate | None = None
    parity: Parity | None = None
    fair: np.ndarray | None = None

    @property
    def key(self) -> str:
        """A name that is unique among the entrants of a run, such as `baseline:logistic` or `champion:7`."""
        return f"{self.kind}:{self.version or self.name}"


def score(kind: str, name: str, served: Predictor, frame: pd.DataFrame, truth: np.ndarray) -> Entrant:
    """Score a loaded bundle on conformed test rows. `truth` is [n] values, or codes into the contract's labels."""
    import numpy as np

    from . import metrics

    contract = served.contract
    columns = rows(frame, contract)
    outputs = served.predict(columns)
    values = (
        np.stack([outputs[f"probability_{label}"] for label in contract.labels], axis=1)
        if contract.labels
        else np.asarray(outputs["prediction"], dtype="float64")
    )
    figures = metrics.score(contract.task, truth, values, contract.labels)
    if "prediction_low" in outputs:
        inside = (outputs["prediction_low"] <= truth) & (truth <= outputs["prediction_high"])
        figures = {**figures, "coverage": float(np.mean(inside))}
    return Entrant(
        kind=kind,
        name=name,
        folder=served.folder,
        version=served.version if kind == "champion" else None,
        scores=values,
        outputs=outputs,
        metrics=figures,
        latency=latency(served, columns),
        megabytes=bundle.size(served.folder) / 1e6,
    )


@dataclass(frozen=True)
class Reign:
    """The champion at the time of the comparison: its version, and its predictor where it can be compared.

    `note` says why it cannot. `rival` is False for a champion that predicts another target: it is no reason not to
    promote the best model there is for this one.
    """

    version: str | None = None
    served: Predictor | None = None
    note: str | None = None
    rival: bool = False


def reigning(store: Store, contract: Contract, threads: int) -> Reign:
    """Load the champion for a comparison."""
    pointer = store.champion()
    if pointer is None:
        return Reign()
    alone = f"the champion (version {pointer.version}) cannot be compared, so the candidate faces the baseline alone: "
    try:
        champion = predictor.load(store.fetch(pointer.bundle), threads, pointer.version, pointer.manifest)
    except InputError as fault:
        return Reign(pointer.version, None, f"{alone}{fault}", rival=True)
    if difference := _difference(champion.contract, contract):
        same = (champion.contract.task, champion.contract.target.name) == (contract.task, contract.target.name)
        return Reign(pointer.version, None, f"{alone}its contract differs, {difference}", rival=same)
    return Reign(pointer.version, champion, None, rival=True)


def defend(reign: Reign, frame: pd.DataFrame, truth: np.ndarray, fair: np.ndarray) -> tuple[Reign, Entrant | None]:
    """Score the champion, if it can be compared, on the test rows it was not trained on (`fair` [n] booleans).

    Where too few are left, the champion is not compared, and the note says so.
    """
    if reign.served is None:
        return reign, None
    known, rows = int((~fair).sum()), len(fair)
    if rows - known < min(seen.ENOUGH, rows):
        note = (
            f"the champion (version {reign.version}) was trained on {known:,} of the {rows:,} test rows, so it cannot "
            "be compared and the candidate faces the baseline alone"
        )
        return dataclasses.replace(reign, served=None, note=note), None
    name = str(reign.served.card.get("model", "champion"))
    champion = score("champion", name, reign.served, frame[fair], truth[fair])
    if not known:
        return reign, champion
    note = (
        f"the champion (version {reign.version}) was trained on {known:,} of the {rows:,} test rows; "
        f"the two are compared on the other {rows - known:,}"
    )
    return dataclasses.replace(reign, note=note), dataclasses.replace(champion, fair=fair)


def latency(served: Predictor, columns: Mapping[str, Any]) -> Latency:
    """Measure the time of one row at a time through the predictor, with values as a server would hand them over."""
    import numpy as np

    count = min(ROWS, len(next(iter(columns.values()))))
    plain = {name: _plain(values[:count]) for name, values in columns.items()}
    taken = np.empty(count)
    for row in range(count):
        record = {name: values[row : row + 1] for name, values in plain.items()}
        start = time.perf_counter()
        served.predict(record)
        taken[row] = time.perf_counter() - start
    counted = taken[count // 10 :] * 1e3
    return Latency(*(float(value) for value in np.quantile(counted, [0.5, 0.99])))


def rows(frame: pd.DataFrame, contract: Contract) -> dict[str, np.ndarray]:
    """Return the inputs of conformed rows as the predictor takes them: name to values [n]."""
    return {column.name: frame[column.name].to_numpy() for column in contract.inputs}


def _plain(values: np.ndarray) -> list[Any]:
    """The values as JSON would hold them: numbers, text or None."""
    import numpy as np

    if values.dtype.kind == "M":
        return [None if np.isnat(value) else str(value) for value in values]
    return [None if value != value else value for value in values.tolist()]  # only NaN differs from itself


def _difference(one: Contract, other: Contract) -> str | None:
    """Return what makes two contracts incomparable, in words: the task, the target's labels, or the inputs."""
    if (one.task, one.target.name, one.labels) != (other.task, other.target.name, other.labels):
        return f"it predicts {one.target.name} ({one.task}: {', '.join(one.labels) or 'a number'})"
    mine, theirs = ({c.name: c.type for c in contract.inputs} for contract in (one, other))
    changed = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    return f"the input{'s' if len(changed) > 1 else ''} {', '.join(changed)} changed" if changed else None
