"""A loaded bundle's explanations: made when they are first asked for, in the words of the predictor.

Explanation.of(folder, preprocessing, labels).columns(matrix, classes, decimals=6)
→ {"base_value": [-1.27], "explained_class": ["Yes"], "shap_tenure": [-0.41], "shap_Contract": [-0.93]}
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...bundle.option import Option
from ...core.errors import InputError
from ...rows.answers import BASE_VALUE, EXPLAINED_CLASS, SHAP
from ..preprocessing import Preprocessing
from .shapley import ROWS, Explainer

Array = npt.NDArray[Any]

FILE, REASON = "explanation.npz", "explanation.json"
#: Decimals beyond those of the prediction: so many that values and base still add up to the margin.
MORE = 6


@dataclass(frozen=True)
class Explanation:
    """What explains a model's margins, by input column; `refused` says why nothing does.

    `labels` [k] are the classes as they are answered, None for amounts. Of two classes it is the margin of the second.
    """

    content: bytes
    refused: str | None
    names: tuple[str, ...]
    labels: Array | None

    @classmethod
    def of(cls, folder: Path, preprocessing: Preprocessing, labels: Array | None) -> Explanation:
        """Read what the bundle keeps, without making anything of it yet."""
        names, refused, content = tuple(encoding.column for encoding in preprocessing.encodings), None, b""
        if (folder / FILE).is_file():
            content = (folder / FILE).read_bytes()
        elif (folder / REASON).is_file():
            refused = str(json.loads((folder / REASON).read_text("utf8"))["refused"])
        else:
            refused = "its bundle was made without what explains it (explanation.served); train again"
        return cls(content, refused, names, labels)

    @property
    def option(self) -> Option:
        """What a caller may say."""
        what = "the prediction" if self.labels is None else "the log-odds of a class"
        words = f"true adds what each input contributes to {what} (SHAP values); left out: false"
        refused = self.refused and f"this model cannot be explained: {self.refused}"
        return Option("boolean", 0, 1, words, slow=True, refused=refused)

    @cached_property
    def explainer(self) -> Explainer:
        """Made at the first request that asks for it."""
        return Explainer(self.content)

    def columns(self, matrix: Array, scores: Array, decimals: int, threads: int) -> dict[str, Array]:
        """The columns [n] of the explanations of encoded rows [n, features] with these scores [n, width].

        Raises InputError for a model that cannot be explained.
        """
        if self.refused is not None:
            raise InputError(f"explain: {self.option.refused}")
        classes = None
        if self.labels is not None:
            classes = scores.argmax(axis=1) if len(self.labels) > 2 else np.ones(len(matrix), dtype=np.int64)
        target = classes if self.labels is not None and len(self.labels) > 2 else None
        base, values = self._values(matrix, target, threads)
        scale = 10.0 ** (decimals + MORE)
        found = {BASE_VALUE: np.rint(base * scale) / scale + 0.0}
        if self.labels is not None and classes is not None:
            found[EXPLAINED_CLASS] = self.labels[classes]
        values = np.rint(values * scale) / scale + 0.0
        return found | {f"{SHAP}{name}": values[:, column] for column, name in enumerate(self.names)}

    def _values(self, matrix: Array, classes: Array | None, threads: int) -> tuple[Array, Array]:
        """The explainer's answer, by several threads where rows are many."""
        size = max(ROWS, -(-len(matrix) // threads))
        parts = [slice(start, start + size) for start in range(0, len(matrix), size)] or [slice(0, 0)]

        def explained(part: slice) -> tuple[Array, Array]:
            return self.explainer.values(matrix[part], None if classes is None else classes[part])

        if len(parts) == 1:
            return explained(parts[0])
        with ThreadPoolExecutor(len(parts)) as pool:
            base, values = zip(*pool.map(explained, parts), strict=True)
        return np.concatenate(base), np.concatenate(values)
