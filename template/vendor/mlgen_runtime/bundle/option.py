"""What a caller may say beside the columns, such as how far ahead to forecast: declared by the use case's inference.

    Option("integer", 1, 48, "how many steps to forecast")
    Option("boolean", 0, 1, "whether to explain each prediction", slow=True)

Whoever takes requests checks and documents options by this alone, and passes them on by their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Numbers that one list may hold.
MOST = 100


@dataclass(frozen=True)
class Option:
    """A whole number, a list of 1 to MOST numbers, or true or false; `minimum` and `maximum` belong to what may be.

    The description says what the option is for, and what happens where it is left out. With a `slow` one an answer
    costs so much more that few rows are not quick. `refused` says why this model cannot take it: then it may be false
    only.
    """

    kind: Literal["integer", "numbers", "boolean"]
    minimum: float
    maximum: float
    description: str
    slow: bool = False
    refused: str | None = None
