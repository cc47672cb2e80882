"""The words of a refusal."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given
from mlgen_runtime.core.errors import nearest, one_line


@given(st.text())
def test_a_message_is_one_line(text: str) -> None:
    """Whatever stands in it; a message without control characters is left as it is."""
    shown = one_line(text)

    assert len(shown.splitlines()) <= 1 and "\x1b" not in shown
    assert shown == text or len(text.splitlines()) > 1 or not text.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"), [("a\nb", r"a\nb"), ("a\tb", r"a\tb"), ("\x1b[31m", r"\x1b[31m"), ("é 名", "é 名")]
)
def test_what_ends_a_line_is_shown(text: str, shown: str) -> None:
    """As Python writes it."""
    assert one_line(text) == shown


def test_the_nearest_name_is_named_where_there_is_one() -> None:
    """Case does not matter; what is like none is like none."""
    assert nearest("path_smoth", ("path_smooth", "max_bin")) == " (did you mean 'path_smooth'?)"
    assert nearest("xyz", ("path_smooth", "max_bin")) == ""
