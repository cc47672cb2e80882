"""Predict with the model of this folder, by numpy and onnxruntime alone (requirements.txt).

    python reader.py rows.csv > answers.csv               (--explain adds what each input contributes)

    from reader import Model
    Model().predict([{"tenure": 3, "Contract": "Two year"}])
    → [{"prediction": "No", "probability_No": 0.982311, "probability_Yes": 0.017689}]

Cells are as CSV or JSON hold them; None, NaN and blank text are missing. What cannot be read raises Refused.
"""

from __future__ import annotations

import json
import math
import re
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
if __package__:
    from ...core import cells
    from ...core import words as texts
    from .moments import parts as parts_of
else:  # copied: what lies beside this file
    sys.path.insert(0, str(HERE))
    cells, texts = import_module("cells"), import_module("words")
    parts_of = import_module("moments").parts

Row = dict[str, Any]
#: One cell to the features that it becomes.
Read = Callable[[Any], list[float]]

CHUNK = 4096  # rows scored at once
SHAPLEY = "..explanation.shapley" if __package__ else "shapley"  # imported where explanations are asked for
MORE = 6  # decimals of an explanation beyond those of the prediction


class Refused(ValueError):
    """A row that cannot be read; the message says which cell, and what was expected."""


class Model:
    """The model of a folder. Safe to share between threads."""

    def __init__(self, folder: str | Path = HERE) -> None:
        self.folder = where = Path(folder)
        self._explainer: Any = None
        tables, facts, contract = (
            json.loads((where / f"{name}.json").read_text("utf8"))
            for name in ("preprocessing", "inference", "contract")
        )
        derived = {step["name"] for step in tables.get("derived", ())}
        taken = [entry["column"] for key in ("columns", "sources") for entry in tables.get(key, ())]
        self.columns = [name for name in dict.fromkeys(taken) if name not in derived]
        self._cells = [(entry["column"], *_reader(entry)) for entry in tables["columns"]]
        #: What names a row, and of what type it is: what the answers to a file begin with, where it is there.
        self.keys = {name: entry["type"] for name, entry in contract["columns"].items() if entry["role"] == "id"}
        self._optional = {name for name, entry in contract["columns"].items() if entry.get("nullable")}
        target = next(entry for entry in contract["columns"].values() if entry["role"] == "target")
        texts = () if contract["task"] == "regression" else target["categories"]
        self._labels = [_label(label, target["type"]) for label in texts]
        self._names = [f"probability_{label}" for label in texts] or ["prediction", "prediction_low", "prediction_high"]
        self._scale, self._decimals = 10.0 ** facts["decimals"], facts["decimals"]
        #: From which probability on, as it is printed, the second of two classes is predicted.
        self._threshold = facts["threshold"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a row is done before a thread wakes up
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(where / "model.onnx", options, providers=["CPUExecutionProvider"])
        # One row has a place of its own, bound to the graph once: no array is made to ask for it.
        self._row = np.zeros((1, self._session.get_inputs()[0].shape[1]), np.float32)
        self._scores = np.zeros((1, self._session.get_outputs()[0].shape[1]), np.float64)
        self._bound = self._session.io_binding()
        self._bound.bind_input("features", "cpu", 0, np.float32, self._row.shape, self._row.ctypes.data)
        self._bound.bind_output("scores", "cpu", 0, np.float64, self._scores.shape, self._scores.ctypes.data)
        self._lock = threading.Lock()
        self._pack: Callable[..., None] = struct.Struct(f"{self._row.size}f").pack_into
        plain = len(self.columns) > 1 and all(_is_plain(entry) for entry in tables["columns"])
        self._numbers = itemgetter(*self.columns) if plain and not derived else None
        self._derivation: Any = None
        if derived:
            self._derivation = _derivation().Derivation(tables, self._optional, _refusal)

    def predict(self, rows: Sequence[Row], start: int = 1, explain: bool = False, now: int | None = None) -> list[Row]:
        """Answer each row: `prediction`, with `probability_<label>` of classes or the ends of an interval.

        `explain` adds what each input contributes to the margin (the log-odds of `explained_class`, or the amount), as
        `shap_<input>`, from a `base_value` on. `start` is the number that messages give the first row; `now`, in
        microseconds since 1970, is the clock's where derived features ask for it and none is given. Raises Refused.
        """
        if self._derivation is not None:
            rows = self._derivation.added(rows, start, now)
        if len(rows) == 1 and not explain:
            with self._lock:
                if not self._quick(rows[0]):
                    self._pack(self._row, 0, *self._read(rows[0], start))
                self._session.run_with_iobinding(self._bound)
                return [self._answer(self._scores.tolist()[0])]
        answers: list[Row] = []
        for first in range(0, len(rows), CHUNK):
            read = [self._read(row, start + first + at) for at, row in enumerate(rows[first : first + CHUNK])]
            features = np.array(read, np.float32).reshape(len(read), self._row.size)
            scores = self._session.run(["scores"], {"features": features})[0]
            found: list[Row] = [self._answer(each) for each in scores.tolist()]
            answers += self._explained(found, features, scores) if explain else found
        return answers

    def _explained(self, answers: list[Row], features: Any, scores: Any) -> list[Row]:
        if self._explainer is None:
            kept, why = self.folder / "explanation.npz", self.folder / "explanation.json"
            if not kept.is_file():
                reason = json.loads(why.read_text("utf8"))["refused"] if why.is_file() else "it was made without"
                raise Refused(f"explain: this model cannot be explained: {reason}")
            self._explainer = import_module(SHAPLEY, __package__ or None).Explainer(kept.read_bytes())
        names = [name for name, *_ in self._cells]
        many, scale = len(self._labels) > 2, 10.0 ** (self._decimals + MORE)
        classes = scores.argmax(axis=1) if many else np.ones(len(scores), dtype=np.int64)
        base, values = self._explainer.values(features, classes if many else None)
        rounded = np.rint(np.column_stack([base, values]) * scale) / scale + 0.0
        for answer, code, (start, *shares) in zip(answers, classes.tolist(), rounded.tolist(), strict=True):
            answer["base_value"] = start
            if self._labels:
                answer["explained_class"] = self._labels[code]
            answer.update({f"shap_{name}": value for name, value in zip(names, shares, strict=True)})
        return answers

    def _quick(self, row: Row) -> bool:
        """Put a row of plain numbers into its place; False where a cell needs a closer look."""
        try:
            if self._numbers is None or not -cells.LARGEST < sum(values := self._numbers(row)) < cells.LARGEST:
                return False
            if bool in map(type, values):
                return False
            self._pack(self._row, 0, *values)
        except (LookupError, TypeError, ValueError, OverflowError, struct.error):
            return False
        return True

    def _read(self, row: Row, number: int) -> list[float]:
        features: list[float] = []
        if dict in map(type, row.values()) and not any(type(row.get(name)) is dict for name in self.columns):
            row = cells.spread(row)
        for name, read, expected in self._cells:
            try:
                features += read(row.get(name) if name in self._optional else row[name])
            except KeyError as error:
                if error.args == (name,) and name not in row:
                    lacking = [key for key in self.columns if key not in row and key not in self._optional]
                    raise Refused(f"row {number} lacks {', '.join(lacking)}") from None
                raise _refusal(number, name, row[name], expected) from None
            except (TypeError, ValueError, AttributeError, OverflowError):  # Unreadable is a ValueError
                raise _refusal(number, name, row[name], expected) from None
        return features

    def _answer(self, scores: list[float]) -> Row:
        if not all(map(math.isfinite, scores)):
            raise Refused("the model has no finite answer for values this large")
        rounded = [round(score * self._scale) / self._scale + 0.0 for score in scores]  # half to even; -0 becomes 0
        answer = dict(zip(self._names, rounded, strict=False))
        if not self._labels:
            return answer
        code = scores.index(max(scores)) if self._threshold is None else rounded[1] >= self._threshold
        return {"prediction": self._labels[code], **answer}


def _is_plain(entry: dict[str, Any]) -> bool:
    """Whether a column's numbers may be taken as they are, whatever they are."""
    sentinels = cells.Writing(missing=frozenset(entry["words"])).sentinels
    return entry["kind"] == "number" and not entry["whole"] and not sentinels


def _label(text: str, kind: str) -> Any:
    """A label as users write it: a whole number, a truth value, else text."""
    return int(text) if kind == "integer" else text.casefold() in ("true", "1") if kind == "boolean" else text


def _derivation() -> Any:
    """What derives features, which lies beside this file where the model takes some."""
    return import_module(f"{__package__}.derived" if __package__ else "derived")


def _refusal(number: int, name: str | list[str], cell: Any = None, expected: str = "") -> Refused:
    if isinstance(name, list):
        return Refused(f"row {number} lacks {', '.join(name)}")
    return Refused(f"row {number}: column {name!r} holds {cells.shown(cell)}, expected {expected}")


def _reader(entry: dict[str, Any]) -> tuple[Read, str]:
    """What reads a cell of one column of preprocessing.json, and what it expects, in words."""
    empty = [math.nan if entry["fill"] is None else entry["fill"]]
    levels = {level: [float(code)] for code, level in enumerate(entry["levels"])}
    other, missing = ([math.nan if entry[key] is None else float(entry[key])] for key in ("other", "missing"))
    missing = other if entry["missing"] is None else missing
    format, zone, parts = entry["format"], entry["zone"], entry["parts"]
    words = frozenset(entry["words"])
    written = {key: entry[key] for key in ("decimal", "thousands", "unit", "whole")}
    writing, known = cells.Writing(missing=words, **written), cells.Levels(levels, words)
    weights = texts.Weights(entry["vocabulary"], entry["idf"])

    def number(cell: Any) -> list[float]:
        value = cells.number(cell, writing)
        return empty if math.isnan(value) else [value]

    def boolean(cell: Any) -> list[float]:
        value = cells.boolean(cell, words)
        return empty if math.isnan(value) else [value]

    def category(cell: Any) -> list[float]:
        level = known.read(cell)
        return missing if level is None else levels.get(level, other)

    def text(cell: Any) -> list[float]:
        return weights.row(known.read(cell))

    def moment(cell: Any) -> list[float]:
        if cells.is_missing(cell) or (isinstance(cell, str) and cells.says_none(cell, words)):
            return [math.nan] * len(parts)
        found = parts_of(cell, format, zone)
        return [math.nan if found is None else found[part] for part in parts]

    return {
        "number": (number, f"a {'whole ' if entry['whole'] else ''}number that fits a 32-bit float"),
        "boolean": (boolean, "true or false"),
        "category": (category, "a text or a number"),
        "text": (text, "a text"),
        "datetime": (moment, f"a date like {format or '2024-01-31T12:00:00'}"),
    }[entry["kind"]]


def main(path: str, explain: bool = False) -> None:
    """Print the answers to the rows of a CSV file as CSV."""
    import csv

    model, out = Model(), csv.writer(sys.stdout, lineterminator="\n")
    with open(path, "rb") as raw:  # noqa: PTH123
        wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")  # as Excel writes its Unicode text
    with open(path, encoding="utf-16" if wide else "utf-8-sig", newline="") as file:  # noqa: PTH123
        lines = None
        try:
            lines = _rows(path, file)
            _print(model, path, lines, out, explain)
        except csv.Error as error:
            at = 1 if lines is None else lines.line_num
            raise Refused(f"{path}, line {at}: {error}; mend its quotation marks") from None
        except UnicodeDecodeError as error:
            raise Refused(f"{path}: byte 0x{error.object[error.start]:02x} is not UTF-8; save it as that") from None


def _rows(path: str, file: Any) -> Any:
    """The lines of a CSV file from its header on: blank ones before it, and Excel's `sep=;`, are passed over."""
    import csv

    first = next((line for line in file if line.strip()), "")
    named = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    if named:
        first = next((line for line in file if line.strip()), "")
    separator = named[1] if named else "\t" if ".tsv" in path.lower() else ","
    return csv.reader(chain([first], file), delimiter=separator, strict=True)


def _print(model: Model, path: str, lines: Iterator[list[str]], out: Any, explain: bool) -> None:
    names, done = [name.strip() for name in next(lines, [])], 0
    if lacking := [name for name in model.columns if name not in names]:
        raise Refused(f"{path} lacks the columns {', '.join(lacking)}; its header has {', '.join(names) or 'none'}")
    keys = [(names.index(name), cells.Keys(kind)) for name, kind in model.keys.items() if name in names]
    while some := list(islice((line for line in lines if line), CHUNK)):
        for number, line in enumerate(some, done + 1):
            if len(line) != len(names):
                raise Refused(f"row {number} has {len(line)} cells, the header {len(names)}; mend the row")
        answers = model.predict([dict(zip(names, line, strict=True)) for line in some], done + 1, explain)
        if not done:
            out.writerow([*([names[at] for at, _ in keys] or ["row"]), *answers[0]])
        for number, (line, answer) in enumerate(zip(some, answers, strict=True), done + 1):
            out.writerow([*([key.read(line[at]) for at, key in keys] or [str(number)]), *answer.values()])
        done += len(some)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--explain"]
    if len(words) != 1 or words[0].startswith("-"):
        print("usage: python reader.py [--explain] rows.csv > answers.csv", file=sys.stderr)
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    try:
        main(words[0], explain="--explain" in sys.argv)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
