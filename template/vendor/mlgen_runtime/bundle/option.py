"""What a caller may say beside the columns, such as how far ahead to forecast: declared by the use case's inference.

    Option("integer", 1, 48, "how many steps to forecast")

Whoever takes requests checks and documents options by this alone, and passes them on by their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Numbers that one list may hold.
MOST = 100


@dataclass(frozen=True)
class Option:
    """A whole number, or a list of 1 to MOST numbers; `minimum` and `maximum` belong to what is allowed.

    The description says what the option is for, and what happens where it is left out.
    """

    kind: Literal["integer", "numbers"]
    minimum: float
    maximum: float
    description: str
