"""A text has the same words in Python and in JavaScript, and they count alike."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.core.words import Weights, tokens
from mlgen_runtime.tabular import portable
from sklearn.feature_extraction.text import TfidfVectorizer

SCRIPT = """
import { tokens, weights } from %s;
const [texts, words, idf] = JSON.parse(await (await import("node:fs/promises")).readFile("/dev/stdin", "utf8"));
const vocabulary = new Map(words.map((word, at) => [word, at]));
console.log(JSON.stringify(texts.map((text) => [tokens(text), weights(text, vocabulary, idf)])));
"""
NODE = shutil.which("node")


def scripted(texts: list[str], words: list[str], idf: list[float]) -> Any:
    """What words.mjs makes of texts: the words of each, and their weights."""
    module = (Path(portable.__file__).parent / "words.mjs").as_uri()
    command = [NODE or "node", "--input-type=module", "-e", SCRIPT % json.dumps(module)]
    done = subprocess.run(command, input=json.dumps([texts, words, idf]), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Win £1,000 CASH now!", ["win", "1", "000", "cash", "now"]),
        ("Mr. Owen-Harris (née Smith)", ["mr", "owen", "harris", "née", "smith"]),
        ("ΣΊΣΥΦΟΣ ЁЛКА ÀÉ", ["σίσυφοσ", "ёлка", "àé"]),  # a letter by itself: no final sigma
        ("東京、大阪。½ x²", ["東京", "大阪", "½", "x²"]),
        ("call\u00a0me\u2028now 😀😀ok", ["call", "me", "now", "ok"]),
        (" \t-- ", []),
    ],
)
def test_words_stand_between_separators(text: str, words: list[str]) -> None:
    """Blanks, punctuation and emoji of any script separate; letters are small."""
    assert tokens(text) == words


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_every_character_is_read_alike() -> None:
    """By Python and by node, whatever edition of Unicode either knows."""
    texts = [f"a{chr(code)}b {chr(code)}" for code in range(0x20000) if not 0xD800 <= code < 0xE000]

    found = scripted(texts, [], [])

    assert [words for words, _ in found] == list(map(tokens, texts))


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=30, max_size=60), st.data())
def test_weights_are_equal_to_the_last_bit(texts: list[str], data: st.DataObject) -> None:
    """For any texts, and any vocabulary of their words."""
    words = sorted({word for text in texts for word in tokens(text)})[::2]
    idf = data.draw(st.lists(st.floats(1, 12), min_size=len(words), max_size=len(words)))
    weights = Weights(words, idf)

    assert [row for _, row in scripted(texts, words, idf)] == [weights.row(text) for text in texts]


def test_weights_are_tf_idf() -> None:
    """As scikit-learn has it: counts times a smoothed idf, to a length of 1."""
    texts = ["free call now free", "call me", "Now or never", "nothing of it", ""]
    vectors = TfidfVectorizer(tokenizer=tokens, token_pattern=None, lowercase=False).fit(texts)
    words = list(vectors.get_feature_names_out())

    weights = Weights(words, vectors.idf_.tolist())

    assert [weights.row(text) for text in texts] == pytest.approx(vectors.transform(texts).toarray(), abs=1e-15)
    assert math.hypot(*weights.row("call now")) == pytest.approx(1)
    assert weights.row(None) == weights.row("unheard") == [0.0] * len(words)
