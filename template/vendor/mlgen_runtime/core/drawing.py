"""Names in pictures as they are: whatever a column or a label is called, it is text, and drawing it is no trouble."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def plain_names() -> Iterator[None]:
    """Draw during the block: a dollar begins no formula, which might not even be one, and a sign that the font has not
    got is a box without a word on the terminal."""
    from matplotlib import rc_context

    with warnings.catch_warnings(), rc_context({"text.parse_math": False}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield
