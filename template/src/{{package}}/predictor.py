"""Bundle in, predictions out: the only thing that deployments know of a model.

    predictor = load(Path("bundles/7"))
    predictor.predict({"tenure": [3, 40], "Contract": ["Month-to-month", "Two year"]})
    → {"prediction": ["Yes", "No"], "probability_No": [0.31, 0.97], "probability_Yes": [0.69, 0.03]}

What computes them is the use case's `inference` module, chosen by nothing but being there. This module and what it
imports for the default bundle stay light: no pandas, scikit-learn, MLflow or training library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle
from .contract.schema import Contract
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from .inference import Inference


@dataclass(frozen=True)
class Predictor:
    """A loaded, verified bundle. Safe to share between threads: nothing in it changes after loading."""

    folder: Path
    version: str
    contract: Contract
    card: dict[str, Any]
    metrics: dict[str, Any]
    lineage: dict[str, Any]
    inference: Inference
    _names: tuple[str, ...]

    def predict(self, columns: Mapping[str, Sequence[object] | np.ndarray]) -> dict[str, np.ndarray]:
        """Predict one value per row.

        `columns` holds every input of the contract, each [n] raw values (None or NaN where missing); others are
        ignored. Returns `prediction` [n] and, for classes, `probability_<label>` [n] each, or `prediction_low` and
        `prediction_high` [n] in the target's unit. Raises InputError naming missing columns or the value at fault.
        """
        missing = [name for name in self._names if name not in columns]
        if missing:
            raise InputError(
                f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
                f"the model needs {', '.join(self._names)}"
            )
        return self.inference.predict(columns)


def load(
    folder: Path, threads: int | None = None, version: str | None = None, manifest: str | None = None
) -> Predictor:
    """Verify a bundle against its manifest and load it.

    `threads` bounds the threads of bulk predictions (None: what the machine grants). `version` defaults to the
    folder's name, which is the version of a published bundle. `manifest` is the sha256 that a champion pointer
    promises. Raises InputError naming every missing, corrupt or foreign file.
    """
    from . import inference

    bundle.verify(folder, manifest)
    contract = Contract.from_json(folder / "contract.json")
    return Predictor(
        folder=folder,
        version=version or folder.name,
        contract=contract,
        card=bundle.read_json(folder, "card.json"),
        metrics=bundle.read_json(folder, "metrics.json"),
        lineage=bundle.read_json(folder, "lineage.json"),
        inference=inference.load(folder, contract, threads),
        _names=tuple(column.name for column in contract.inputs),
    )
