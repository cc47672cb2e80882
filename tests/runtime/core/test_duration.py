"""Durations and parts of rows, as settings write them."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from mlgen_runtime.core import duration as span
from mlgen_runtime.core.duration import Span
from mlgen_runtime.core.errors import InputError


@given(st.integers(1, 10_000), st.sampled_from(sorted(span.UNITS)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    """With a blank between the two or without."""
    found = [span.seconds(text, "key") for text in (f"{number}{unit}", f" {number} {unit}")]

    assert found == [number * span.UNITS[unit]] * 2


@pytest.mark.parametrize("text", ["", "d", "1", "1m", "1y", "-1d", "0d", "1d2h", "1,5h", "١d x"])
def test_what_is_no_duration_is_refused_with_the_key(text: str) -> None:
    """An example shows what is meant."""
    with pytest.raises(InputError, match=r"retrain\.cooldown: .* is no duration; expected such as 30min"):
        span.seconds(text, "retrain.cooldown")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        (0.2, Span(share=0.2)),
        ("0.2", Span(share=0.2)),
        (5000, Span(rows=5000)),
        ("5000", Span(rows=5000)),
        (1, Span(rows=1)),
        ("30d", Span(seconds=30 * 86400)),
        ("1.5h", Span(seconds=5400)),
    ],
)
def test_a_part_of_rows_is_a_share_a_number_or_a_stretch_of_time(value: object, found: Span | None) -> None:
    """As YAML reads it, or as text."""
    assert span.read(value, "key") == found  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, 1.5, "1.5", "0", "..", "all"])
def test_what_is_no_part_of_rows_is_refused(value: object) -> None:
    """Not a traceback."""
    with pytest.raises(InputError, match=r"retrain\.window: "):
        span.read(value, "retrain.window")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 minute"), (5400, "1.5 hours"), (86400 * 40, "40 days")]
)
def test_a_duration_is_told_in_the_largest_unit_that_it_fills(seconds: float, words: str) -> None:
    """For people."""
    assert span.words(seconds) == words
