"""The words of a text, and how much each of them counts: the same in Python and in JavaScript, for any text.

    tokens("Win £1,000 CASH now!")   → ["win", "1", "000", "cash", "now"]

A word is what stands between separators, in small letters. Both are defined here by ranges of characters that no later
edition of Unicode will change: two languages, or two versions of one, must not read a text differently. This file is
copied beside reader.py as it stands; reader.mjs says the same.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

#: Blanks, punctuation, symbols and emoji, as inside of a character class.
SEPARATORS = (
    r"\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
    r"\u1680\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u303f\ufe30-\ufe6f\ufeff\uff00-\uff0f"
    r"\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff"
)
#: Characters with capital and small letters: of Latin, Greek, Cyrillic and Armenian script.
CASED = r"\u0041-\u005a\u00c0-\u0587\u1e00-\u1fff"

_WORD = re.compile(f"[^{SEPARATORS}]+")
_CASED = re.compile(f"[{CASED}]")


def tokens(text: str) -> list[str]:
    """The words of a text, in order."""
    small = text.lower() if text.isascii() else _CASED.sub(lambda letter: letter[0].lower(), text)
    return _WORD.findall(small)


class Weights:
    """How much the words of a vocabulary count in a text: so often it has them, times `idf`, to a length of 1."""

    def __init__(self, vocabulary: Sequence[str], idf: Sequence[float]) -> None:
        self._place = {word: at for at, word in enumerate(vocabulary)}
        self._idf = tuple(idf)

    def of(self, text: str) -> list[tuple[int, float]]:
        """Position and weight of each word of the vocabulary that a text has."""
        place = self._place
        counts = Counter([place[word] for word in tokens(text) if word in place])
        found = [(at, counts[at] * self._idf[at]) for at in sorted(counts)]
        total = 0.0
        for _, weight in found:  # in this order: another one could end in another last bit
            total += weight * weight
        length = math.sqrt(total)
        return [(at, weight / length) for at, weight in found]

    def row(self, text: str | None) -> list[float]:
        """The weight of every word of the vocabulary; all 0 where there is no text."""
        features = [0.0] * len(self._idf)
        for at, weight in [] if text is None else self.of(text):
            features[at] = weight
        return features
