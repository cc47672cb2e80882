"""The types of the language: what fits an argument, how values are held, what messages call them."""

from __future__ import annotations

from dataclasses import dataclass

#: What messages call a value of a type, and what they call an argument of a kind.
SAID = {
    "number": "a number",
    "boolean": "true or false",
    "category": "a category",
    "text": "a text",
    "moment": "a date",
}
EXPECTED = SAID | {"text": "a category or a text", "label": "a category or a truth value", "any": "a value"}
#: The types that stand for a kind of argument.
FITS = {
    "number": ("number", "boolean"),
    "boolean": ("boolean",),
    "text": ("category", "text"),
    "label": ("category", "boolean"),
    "moment": ("moment",),
    "any": ("number", "boolean", "category", "text", "moment"),
}


@dataclass(frozen=True)
class Kind:
    """A type; `zone` is the one by whose clocks a moment's parts are told. `refused` says why none may take it."""

    type: str
    zone: str | None = None
    refused: str | None = None


def held(kind: str) -> str:
    """How values of a type are held: as numbers, texts or moments."""
    return {"category": "text", "text": "text", "moment": "moment"}.get(kind, "number")
