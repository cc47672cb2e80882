"""Bundle in, predictions out: the only thing that deployments know of a model.

    predictor = load(Path("bundles/7"))
    predictor.predict({"tenure": [3, 40], "Contract": ["Month-to-month", "Two year"]})
    → {"prediction": ["Yes", "No"], "probability_No": [0.31, 0.97], "probability_Yes": [0.69, 0.03]}

What computes them is the use case's `inference` module, chosen by nothing but being there. It says which columns it
needs, which options it takes beside them (`predict(columns, horizon=12)`), and gives an example of columns; the use
case's `answer` puts what comes out into words of JSON. This module and what it imports for the default bundle stay
light: no pandas, scikit-learn, MLflow or training library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import answer, bundle
from .contract.schema import Contract
from .errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from .inference import Inference
    from .option import Option


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
    needed: tuple[str, ...]

    @property
    def options(self) -> Mapping[str, Option]:
        """What `predict` takes beside the columns, by name."""
        return self.inference.options

    @property
    def quick(self) -> bool:
        """Whether an answer to a few rows costs less than handing them to another thread."""
        return self.inference.quick

    @property
    def engine(self) -> str:
        """What computes many rows, in a word, and why where it is not what the bundle names: for reports."""
        return self.inference.engine

    def example(self) -> dict[str, list[Any]]:
        """A few rows of columns that `predict` accepts, as JSON would hold them: the smallest request that makes
        sense."""
        return self.inference.example()

    def predict(self, columns: Mapping[str, Sequence[object] | np.ndarray], **options: Any) -> dict[str, np.ndarray]:
        """Predict what the use case predicts of raw columns [n], each with None or NaN where a value is missing.

        `columns` holds at least those that are `needed`; those that the contract does not call inputs are ignored.
        Returns columns [m], `prediction` among them, by the words of the use case: its `inference` has them. Raises
        InputError naming missing columns, or the value or option at fault.
        """
        if not all(map(columns.__contains__, self.needed)):
            missing = [name for name in self.needed if name not in columns]
            raise InputError(
                f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
                f"the model needs {', '.join(self.needed)}"
            )
        return self.inference.predict(columns, **options)

    def plain(self, found: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What `predict` found as a reader of JSON gets it, `predictions` first; raises InputError for what JSON cannot
        hold."""
        return answer.plain(self.contract, found)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of each entry of `plain`, by its name."""
        return answer.schema(self.contract)


def load(
    folder: Path,
    threads: int | None = None,
    version: str | None = None,
    manifest: str | None = None,
    bulk: bool = False,
) -> Predictor:
    """Verify a bundle against its manifest and load it.

    `threads` bounds the threads of one prediction of many rows (None: what the machine grants). `version` defaults to
    the folder's name, which is the version of a published bundle. `manifest` is the sha256 that a champion pointer
    promises. `bulk` is for who predicts many rows at a time: what the bundle says is quickest then computes them, with
    the same answers, at the price of importing it. Raises InputError naming every missing, corrupt or foreign file.
    """
    from . import inference

    bundle.verify(folder, manifest)
    contract = Contract.from_json(folder / "contract.json")
    found = inference.load(folder, contract, threads, bulk)
    return Predictor(
        folder=folder,
        version=version or folder.name,
        contract=contract,
        card=bundle.read_json(folder, "card.json"),
        metrics=bundle.read_json(folder, "metrics.json"),
        lineage=bundle.read_json(folder, "lineage.json"),
        inference=found,
        needed=found.needed,
    )
