"""A text column as the weights of its words (TF-IDF): the vocabulary is learnt from training rows, and is plain data.

    {"column": "message", "kind": "text", "vocabulary": ["call", "free", …], "idf": [2.41, 3.02, …], …}

Which words become features is decided by how much their presence says about the target (chi-squared for classes, a
standardised difference of means for amounts), among words that enough rows have.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.words import tokens
from .encoding import Encoding

if TYPE_CHECKING:
    import pandas as pd

    from ..rows.training import Training
    from .column_reading import Values
    from .preprocessing import Preprocessing

Array = npt.NDArray[Any]

#: A word needs this many training rows, and there is at most one word for so many rows.
LEAST, ROWS_PER_WORD = 5, 10
#: Texts that the vocabulary is learnt from, drawn by the seed where there are more; the words that are looked at.
TEXTS, CANDIDATES = 20_000, 10_000


def learn(preprocessing: Preprocessing, frame: pd.DataFrame, training: Training) -> Preprocessing:
    """Give each text column of the training rows, derived ones among them, its vocabulary."""
    if not any(encoding.kind == "text" for encoding in preprocessing.encodings):
        return preprocessing
    most, rows = training.settings.words, np.arange(len(training.target))
    if len(rows) > TEXTS:
        rows = np.sort(np.random.default_rng(training.seed).choice(rows, TEXTS, replace=False))
    target = np.asarray(training.target)[rows]
    learnt = [
        _learnt(encoding, frame[encoding.column].to_numpy()[rows], target, training.classes, most)
        if encoding.kind == "text"
        else encoding
        for encoding in preprocessing.encodings
    ]
    return dataclasses.replace(preprocessing, encodings=tuple(learnt))


def read(values: Values, encoding: Encoding) -> npt.NDArray[np.float32]:
    """The weights [n, words] of texts [n]."""
    found = np.zeros((len(values), len(encoding.vocabulary)), dtype=np.float32)
    weights, level = encoding.weights, encoding.text
    for row, value in enumerate(values):
        text = level(value)
        for at, weight in [] if text is None else weights.of(text):
            found[row, at] = weight
    return found


def _learnt(encoding: Encoding, texts: Array, target: Array, classes: int, most: int) -> Encoding:
    """The encoding with the words that say most about the target, in alphabetical order."""
    sets = [set(tokens(text)) if (text := encoding.text(value)) is not None else set() for value in texts]
    counts = Counter(word for words in sets for word in words)
    enough = [word for word, count in counts.items() if LEAST <= count < len(sets)]
    candidates = sorted(enough, key=lambda word: (-counts[word], word))[:CANDIDATES]
    scores = dict(zip(candidates, _scores(sets, candidates, target, classes), strict=True))
    kept = min(most, len(sets) // ROWS_PER_WORD)
    best = sorted(candidates, key=lambda word: (-scores[word], -counts[word], word))[:kept]
    vocabulary = tuple(sorted(best))
    idf = tuple(math.log((1 + len(sets)) / (1 + counts[word])) + 1 for word in vocabulary)
    return dataclasses.replace(encoding, vocabulary=vocabulary, idf=idf)


def _scores(sets: list[set[str]], words: list[str], target: Array, classes: int) -> list[float]:
    """How much the presence of each word says about the target."""
    if not classes:
        scaled = (target - target.mean()) / max(float(target.std()), 1e-300)
        sums, rows = dict.fromkeys(words, 0.0), dict.fromkeys(words, 0)
        for found, value in zip(sets, scaled.tolist(), strict=True):
            for word in found & sums.keys():
                sums[word] += value
                rows[word] += 1
        return [abs(sums[word]) / math.sqrt(rows[word]) for word in words]
    place = {word: at for at, word in enumerate(words)}
    present = np.zeros((len(words), classes))
    for found, code in zip(sets, target.tolist(), strict=True):
        present[[place[word] for word in found if word in place], int(code)] += 1
    total = np.bincount(target.astype(np.int64), minlength=classes).astype(np.float64)
    share = present.sum(axis=1, keepdims=True) / len(sets)
    expected = np.maximum(share * total, 1e-12), np.maximum((1 - share) * total, 1e-12)
    chi = (present - expected[0]) ** 2 / expected[0] + (total - present - expected[1]) ** 2 / expected[1]
    scores: list[float] = chi.sum(axis=1).tolist()
    return scores
