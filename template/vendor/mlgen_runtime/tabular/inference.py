"""From raw columns to answers: what a server, a batch job and `predict` compute, with numpy and onnxruntime alone.

    inference = load(Path("bundles/7"), contract, threads=2)
    inference.predict({"tenure": [3], "Contract": ["Two year"]})
    → {"prediction": ["No"], "probability_No": [0.982311], "probability_Yes": [0.017689]}

A request of few rows walks over its cells in plain Python, which for 30 columns is quicker than 30 numpy calls; many
rows are encoded column by column and scored in chunks on several threads. Both give the same bits for the same row,
wherever it stands: no step adds up over rows, and `export` keeps the graph free of what depends on their number.
Who scores tables asks for `bulk`: many rows then go to the library's own code where the bundle says that it is quicker.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..bundle.option import Option
from ..contract.schema import Contract
from ..core import cpu_quota as quota
from ..onnx.session import session
from ..rows.decision import rule
from ..rows.decision.rule import DecisionRule
from ..rows.example import plausible
from .encoding import LARGEST, Encoding, Levels, boolean, moment, number, parts
from .explanation.serving import Explanation
from .preprocessing import Columns, Matrix, Preprocessing, Read

Array = npt.NDArray[Any]
#: Encoded rows [n, features] to scores [n, width].
Score = Callable[[Matrix], Array]
#: One raw value to one feature, or for a moment to its parts, for a text to its words.
Cell = Callable[[Any], Any]

#: Up to this many rows the cells are read one by one.
FEW = 8
#: Rows scored by one call: enough to make its overhead vanish, few enough to stay in the cache.
CHUNK = 4096
#: Cells of one call of a library's, where there are as many for each thread: XGBoost is a tenth quicker than by CHUNK.
CELLS = 1_000_000
#: Rows that a new model predicts at once before anybody asks: more than FEW.
BATCH = 64


@dataclass(frozen=True)
class Engine:
    """What scores many rows, at `most` so many by one call: `name` is onnx or native.

    `note` says why it is not the one that the bundle names.
    """

    name: str
    score: Score
    most: int = CHUNK
    note: str | None = None


def load(folder: Path, contract: Contract, threads: int | None = None, bulk: bool = False) -> Inference:
    """Load the model of a bundle's folder; `threads` bounds those of one call with many rows (None: the CPU quota).

    `bulk` is for whoever scores tables: it may import the libraries that fitted the model.
    """
    entries = json.loads((folder / "inference.json").read_text("utf8"))
    preprocessing = Preprocessing.from_dict(json.loads((folder / "preprocessing.json").read_text("utf8")))
    rows = {column.name: [plausible(column)] * BATCH for column in contract.inputs}
    score = scorer(folder, entries)
    engine = Engine(entries["format"], score)
    if bulk and entries.get("bulk", {}).get("engine") == "native":
        engine = _native(folder, entries["bulk"], score, preprocessing.encode(rows))
    decided = rule.load(folder, contract)
    labels = np.array(contract.label_values, dtype=_label_type(contract)) if contract.labels else None
    explanation = Explanation.of(folder, preprocessing, labels)
    count = quota.threads(threads)
    found = Inference(contract, preprocessing, score, entries["decimals"], count, engine, explanation, decided)
    found.predict(rows)  # bulk, too, begins slowly
    return found


def scorer(folder: Path, entries: Mapping[str, Any]) -> Score:
    """The ONNX model, or the library's own where the bundle says that ONNX was not exact."""
    if entries["format"] != "onnx":
        from . import inference_native

        return inference_native.load(folder, entries)
    run = session(folder / "model.onnx").run

    def score(matrix: Matrix) -> Array:
        scores: Array = run(["scores"], {"features": matrix})[0]
        return scores

    return score


def _native(folder: Path, entries: Mapping[str, Any], score: Score, rows: Matrix) -> Engine:
    """The libraries' own code, as the bundle asks; ONNX where it is not installed here, or not what it was there."""
    from . import inference_native

    try:
        native = inference_native.bulk(folder, entries)
    except (ImportError, OSError) as reason:  # not installed, or without what it links to
        return Engine("onnx", score, note=f"{reason}; ONNX Runtime scores in its place, as well but slower")
    if not np.array_equal(native(rows), score(rows)):
        return Engine("onnx", score, note="the library here computes other scores than the one that fitted it")
    return Engine("native", native, long(rows.shape[1]))


def long(width: int) -> int:
    """Rows of this many features for one call of a library's."""
    return max(CHUNK, CELLS // max(1, width))


class Inference:
    """A loaded model. Safe to share between threads: nothing in it changes after loading.

    `needed` are the columns that must be there; the one option beside them is `explain`. `quick` says that a few rows
    cost less than handing them to another thread would. `engine` says what scores more than FEW rows, and why where it
    is not what the bundle names. `decided` is how two classes are told apart.
    """

    quick = True

    def __init__(
        self,
        contract: Contract,
        preprocessing: Preprocessing,
        score: Score,
        decimals: int,
        threads: int,
        engine: Engine,
        explanation: Explanation,
        decided: DecisionRule | None = None,
    ) -> None:
        self.contract = contract
        self.needed = tuple(column.name for column in contract.inputs)
        self.preprocessing = preprocessing
        self.threads = threads
        self._engine = engine
        self._decided = decided
        self._score = score
        self._width = len(preprocessing.features)
        self._decimals = decimals
        self._scale = 10.0**decimals
        self._explanation = explanation
        self._labels = explanation.labels
        self._names = tuple(f"probability_{label}" for label in contract.labels)
        self._derives = bool(preprocessing.derivation.steps)
        self._first = next(iter(preprocessing.raw), "")
        self._columns = tuple(encoding.column for encoding in preprocessing.encodings)
        self._cells = tuple((entry.column, *_taken(entry), _cell(entry)) for entry in preprocessing.encodings)

    @property
    def engine(self) -> str:
        """onnx or native, and the reason where the bundle names the other."""
        return self._engine.name + (f" ({self._engine.note})" if self._engine.note else "")

    @property
    def options(self) -> Mapping[str, Option]:
        """Whether to explain each prediction."""
        return {"explain": self._explanation.option}

    def example(self) -> dict[str, list[Any]]:
        """One plausible row."""
        return {column.name: [plausible(column)] for column in self.contract.inputs}

    def derived(self, columns: Columns, now: int | None = None) -> dict[str, Array]:
        """The features [n] that are derived from raw columns [n] before the model sees them, by name."""
        return self.preprocessing.derivation.columns(columns, now)

    def predict(self, columns: Columns, explain: bool = False, now: int | None = None) -> dict[str, Array]:
        """Predict one value per row of raw columns [n]; `now`, in microseconds since 1970, is the clock's where derived
        features ask for it and none is given.

        Returns `prediction` [n] and, for classes, `probability_<label>` [n] each, or `prediction_low` and
        `prediction_high` [n] in the target's unit; with `explain` also what `Explanation.columns` has. Raises
        InputError naming the column, the value and what was expected, or why there is no explanation.
        """
        matrix = self._few(columns, now)
        if matrix is not None:
            scores = self._score(matrix)
        else:
            read = self.preprocessing.read(columns, now)
            scores = self._many(read)
            matrix = read.matrix() if explain else None
        found = self._values(scores) if self._labels is None else self._classes(self._labels, scores)
        if matrix is None or not explain:
            return found
        return found | self._explanation.columns(matrix, scores, self._decimals, self.threads)

    def _few(self, columns: Columns, now: int | None) -> Matrix | None:
        """The matrix of few rows, read cell by cell; None where there are more, or something is wrong with them."""
        rows = len(columns[self._first]) if self._cells else 0
        if self._derives and 0 < rows <= FEW:
            found = self.preprocessing.derivation.columns(columns, now)
            columns = {**columns, **{name: v if v.dtype.kind == "M" else v.tolist() for name, v in found.items()}}
        elif not 0 < rows <= FEW:
            return None
        # No column can be shorter without an IndexError below, so an equal sum means equal lengths.
        equal = sum(map(len, map(columns.__getitem__, self._columns))) == rows * len(self._columns)
        if not equal:
            return None
        flat: list[float] = []
        try:
            for row in range(rows):
                for name, numeric, whole, several, read in self._cells:
                    value = columns[name][row]
                    # The common case needs no call; comparing fails for NaN, infinity and what overflows a float32.
                    if (
                        numeric
                        and ((type(value) is float and (not whole or value.is_integer())) or type(value) is int)
                        and -LARGEST <= value <= LARGEST
                    ):
                        flat.append(value)
                    elif several:
                        flat += read(value)
                    else:
                        flat.append(read(value))
        except (IndexError, OverflowError, ValueError):  # columns of different length, a date before the year 1
            return None
        return np.array(flat, dtype=np.float32).reshape(rows, self._width)

    def _many(self, read: Read) -> Array:
        """The scores of rows that were read. Each chunk is put together by the thread that scores it, in its cache."""
        score, threads = self._engine.score, self.threads
        size = max(CHUNK, min(self._engine.most, -(-read.rows // threads)))
        starts = range(0, read.rows, size) or (0,)

        def scored(start: int) -> Array:
            return score(read.matrix(start, start + size))

        if threads == 1 or len(starts) == 1:
            return np.concatenate([scored(start) for start in starts])
        with ThreadPoolExecutor(min(threads, len(starts))) as pool:
            return np.concatenate(list(pool.map(scored, starts)))

    def _rounded(self, values: Array) -> Array:
        """Round to the bundle's decimals, half to even; adding 0 turns -0 into 0."""
        rounded: Array = np.rint(values * self._scale) / self._scale + 0.0
        return rounded

    def _values(self, scores: Array) -> dict[str, Array]:
        rounded = self._rounded(scores)
        names = ("prediction", "prediction_low", "prediction_high")
        return {name: rounded[:, column] for column, name in zip(range(scores.shape[1]), names, strict=False)}

    def _classes(self, labels: Array, scores: Array) -> dict[str, Array]:
        rounded = self._rounded(scores)
        if self._decided is None:
            answer = {"prediction": labels[scores.argmax(axis=1)]}
        else:  # by the probability that is printed: it never contradicts the label beside it
            answer = {"prediction": labels[self._decided.codes(rounded[:, 1]).view(np.int8)]}
        for column, name in enumerate(self._names):
            answer[name] = rounded[:, column]
        return answer


def _taken(encoding: Encoding) -> tuple[bool, bool, bool]:
    """Whether a number may be taken as it is, only if it is whole; and whether a cell becomes several features."""
    number = encoding.kind == "number" and not encoding.writing.sentinels
    return number, encoding.whole, encoding.kind in ("datetime", "text")


def _cell(encoding: Encoding) -> Cell:
    """The reader of one cell of a column."""
    if encoding.kind == "category":
        return Levels(encoding).read
    if encoding.kind == "datetime":
        return lambda value: parts(moment(value, encoding), encoding.parts, encoding.zone)
    if encoding.kind == "text":
        return lambda value: encoding.weights.row(encoding.text(value))
    reader = boolean if encoding.kind == "boolean" else number
    return lambda value: reader(value, encoding)


def _label_type(contract: Contract) -> Any:
    """Labels as users write them: whole numbers, booleans, else text."""
    return {"integer": np.int64, "boolean": np.bool_}.get(contract.target.type, object)
