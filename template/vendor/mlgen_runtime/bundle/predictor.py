"""Bundle in, predictions out: the only thing that deployments know of a model.

    predictor = load(Path("bundles/7"))          # usecase.loading
    predictor.predict({"tenure": [3, 40], "Contract": ["Month-to-month", "Two year"]})
    → {"prediction": ["Yes", "No"], "probability_No": [0.31, 0.97], "probability_Yes": [0.69, 0.03]}

What computes them is the `Inference` of the use case that the bundle names. It says which columns it needs, which
options it takes beside them (`predict(columns, horizon=12)`), and gives an example of columns; the use case's `Answers`
put what comes out into words of JSON. This module and what a server imports for a bundle stay light: no pandas,
scikit-learn, MLflow or training library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..contract.schema import Contract
from ..core.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from .option import Option

Answer = dict[str, Any]
#: A prediction's own key, where it has one; the prediction; what came with it, by the predictor's names.
Decoded = tuple[str | None, Any, dict[str, Any]]


class Inference(Protocol):
    """A loaded model. `needed` are the columns that must be there, `options` what is taken beside them.

    `quick` says that a few rows cost less than handing them to another thread would; `engine` names what computes many
    rows, and why where it is not what the bundle names.
    """

    @property
    def needed(self) -> tuple[str, ...]: ...

    @property
    def quick(self) -> bool: ...

    @property
    def engine(self) -> str: ...

    @property
    def options(self) -> Mapping[str, Option]: ...

    def example(self) -> dict[str, list[Any]]:
        """A few rows of columns that are accepted."""

    def derived(self, columns: Mapping[str, Any], now: int | None = None) -> Mapping[str, np.ndarray]:
        """What is derived from raw columns [n] before the model sees them, by name; `now` in microseconds, None by the
        clock."""

    @property
    def predict(self) -> Callable[..., dict[str, np.ndarray]]:
        """Predict raw columns [n], with the options by name."""


class Answers(Protocol):
    """What was predicted as a reader of JSON gets it. `EACH_RECORD`: each prediction is of one record, so that the
    records of several requests can be predicted at once."""

    @property
    def EACH_RECORD(self) -> bool: ...

    def plain(self, contract: Contract, found: Mapping[str, np.ndarray], /) -> Answer:
        """The predictor's columns as lists; raises InputError for what JSON cannot hold."""

    def schema(self, contract: Contract, options: Mapping[str, Option], /) -> Answer:
        """The JSON Schema of each entry of an answer, by its name, to requests with these options."""

    def decode(self, found: Mapping[str, Any], /) -> Iterator[Decoded]:
        """The predictions of an answer, one by one."""


@dataclass(frozen=True)
class Predictor:
    """A loaded, verified bundle. Safe to share between threads: nothing in it changes after loading."""

    use_case: str
    folder: Path
    version: str
    contract: Contract
    answers: Answers
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

    def derived(self, columns: Mapping[str, Any], now: int | None = None) -> Mapping[str, np.ndarray]:
        """What the model derives from raw columns [n] before it sees them, by name: watched as they are."""
        return self.inference.derived(columns, now)

    def plain(self, found: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What `predict` found as a reader of JSON gets it, `predictions` first; raises InputError for what JSON cannot
        hold."""
        return self.answers.plain(self.contract, found)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of each entry of `plain`, by its name."""
        return self.answers.schema(self.contract, self.options)

    def asked(self, setting: str, **options: Any) -> Predictor:
        """The same model with some options fixed; raises InputError naming the `setting` where it does not take one."""
        for name in options:
            known = self.options.get(name)
            if known is None:
                raise InputError(f"{setting}: version {self.version}, a {self.use_case} model, has no option {name!r}")
            if known.refused is not None:
                raise InputError(f"{setting}: version {self.version}: {known.refused}")
        return replace(self, inference=_Asked(self.inference, options))


@dataclass(frozen=True)
class _Asked:
    """An Inference that is always asked with the same options."""

    inference: Inference
    fixed: Mapping[str, Any]

    @property
    def needed(self) -> tuple[str, ...]:
        return self.inference.needed

    def derived(self, columns: Mapping[str, Any], now: int | None = None) -> Mapping[str, np.ndarray]:
        return self.inference.derived(columns, now)

    @property
    def quick(self) -> bool:
        return self.inference.quick

    @property
    def engine(self) -> str:
        return self.inference.engine

    @property
    def options(self) -> Mapping[str, Option]:
        return {name: option for name, option in self.inference.options.items() if name not in self.fixed}

    def example(self) -> dict[str, list[Any]]:
        return self.inference.example()

    @property
    def predict(self) -> Callable[..., dict[str, np.ndarray]]:
        return partial(self.inference.predict, **self.fixed)
