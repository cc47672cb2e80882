"""One column of the contract as a field of the request: its type, its JSON Schema, and the words for a wrong value.

Type and schema stand side by side here, because the service promises in OpenAPI exactly what it accepts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from ..contract.schema import MISSING_WORDS, Column
from ..core.figures import figure

#: What a float32, which is what the model computes in, can hold.
FLOAT_LIMIT = 3.4e38
#: Whole numbers up to here are exact in a double, and so is the next one, so that it can be told apart (2^53 - 1).
INTEGER_LIMIT = 9_007_199_254_740_991
#: A number as the source writes it in text, with blanks around it; at most one digit of exponent, to fit a float32.
_NUMBER = r"[-+]?([0-9]{1,28}(\.[0-9]{0,28})?|\.[0-9]{1,28})([eE]-?[0-9])?"
#: A moment in ISO 8601, with the months' real lengths, from the year 1000 to 2999; time and zone are optional.
_LEAP_YEAR = r"([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)"
_DAY = r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[-+](0[0-9]|1[0-3]):[0-5][0-9])?"
MOMENT = rf"^({_LEAP_YEAR}-02-29|[12][0-9][0-9][0-9]-{_DAY})([T ]{_TIME})?$"

Schema = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of a request: its type for the decoder, its JSON Schema, and what is expected in words."""

    name: str
    annotation: Any
    schema: Schema
    expects: str

    def fault(self, value: Any) -> str | None:
        """Say what is wrong with a plain value, or None; the type is the one that the fast decoder uses."""
        try:
            msgspec.convert(value, self.annotation)
        except (msgspec.ValidationError, OverflowError):
            return f"expected {self.expects}, got {shorten(value)}"
        return None


@dataclass(frozen=True, kw_only=True)
class Field(Value):
    """One field of a record."""

    column: Column
    required: bool


def input_field(column: Column, strict: bool) -> Field:
    """The field of a column that the model sees; `strict` holds it to the contract's range and categories."""
    annotation, schema, expects = _KINDS[column.type](column, strict)
    if column.nullable:
        annotation, schema, expects = annotation | None, {"anyOf": [schema, {"type": "null"}]}, f"{expects} or null"
    return Field(
        name=column.name,
        column=column,
        annotation=annotation,
        schema={**schema, **_described(column)},
        expects=expects,
        required=not column.nullable,
    )


def other_field(column: Column) -> Field:
    """The field of a column that the contract knows but the model does not see: accepted, and not used."""
    schema = {"type": ["string", "number", "boolean", "null"], "description": f"{column.role}: not used by the model"}
    return Field(
        name=column.name,
        column=column,
        annotation=str | int | float | bool | None,
        schema=schema,
        expects="text, a number, a boolean or null",
        required=False,
    )


def shorten(value: Any) -> str:
    """A value for a message: its JSON, cut to a length that a log line bears."""
    try:
        text = msgspec.json.encode(value).decode("utf8", "replace")
    except (msgspec.MsgspecError, RecursionError, OverflowError):
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}…"


def _number(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A finite number, and its text where the source writes it so."""
    low, high = _range(column, strict, FLOAT_LIMIT)
    kind = Annotated[float, msgspec.Meta(ge=low, le=high)]
    return _or_text(
        column, kind, {"type": "number", "minimum": low, "maximum": high}, "a number" + _words(column, strict)
    )


def _integer(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A whole number; 3.0 is one too, in JSON Schema and in a DataFrame with missing values."""
    low, high = _range(column, strict, INTEGER_LIMIT)
    kind = Annotated[float, msgspec.Meta(ge=low, le=high, multiple_of=1)]
    schema = {"type": "integer", "minimum": int(low), "maximum": int(high)}
    return _or_text(column, kind, schema, "a whole number" + _words(column, strict))


def _boolean(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A boolean, or the 0 and 1 that tables hold for it."""
    kind = bool | Annotated[float, msgspec.Meta(ge=0, le=1, multiple_of=1)]
    return kind, {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 0, "maximum": 1}]}, "true or false"


def _category(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """Text; numbers too where the categories are numbers. Levels unseen in training are the model's to handle."""
    if strict and column.categories:
        expects = f"one of {', '.join(map(repr, column.categories))}"
        return Literal[column.categories], {"type": "string", "enum": list(column.categories)}, expects
    if _numeric(column):
        kind = str | Annotated[float, msgspec.Meta(ge=-INTEGER_LIMIT, le=INTEGER_LIMIT)]
        number = {"type": "number", "minimum": -INTEGER_LIMIT, "maximum": INTEGER_LIMIT}
        return kind, {"anyOf": [{"type": "string"}, number]}, "text or a number"
    return str, {"type": "string"}, "text"


def _text(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    return str, {"type": "string"}, "text"


def _datetime(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A date or a moment as text: ISO 8601, or the way in which the training data writes it."""
    if column.format:
        return str, {"type": "string"}, f"a date written as {column.format}"
    kind = Annotated[str, msgspec.Meta(pattern=MOMENT)]
    return kind, {"type": "string", "pattern": MOMENT}, "a date such as '2026-01-31' or '2026-01-31T12:00:00Z'"


_KINDS: dict[str, Callable[[Column, bool], tuple[Any, Schema, str]]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _category,
    "datetime": _datetime,
    "text": _text,
}


def _or_text(column: Column, kind: Any, schema: Schema, expects: str) -> tuple[Any, Schema, str]:
    """Add the text form where the contract says that the source writes numbers as text; a blank then means missing."""
    if not column.written_as_text:
        return kind, schema, expects
    pattern = rf"^ *({_NUMBER}{'|' + _missing() if column.nullable else ''}) *$"
    text = Annotated[str, msgspec.Meta(pattern=pattern)]
    return kind | text, {"anyOf": [schema, {"type": "string", "pattern": pattern}]}, f"{expects}, or its text"


def _missing() -> str:
    """A pattern for the words that say, in a column of numbers, that there is none; case does not matter."""
    words = sorted(MISSING_WORDS - {""})
    return "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else f"[{c}]" for c in word) for word in words) + "|"


def _range(column: Column, strict: bool, limit: float) -> tuple[float, float]:
    """The bounds that are enforced: the contract's when strict, else what the model can represent."""
    low = column.minimum if strict and column.minimum is not None else -limit
    high = column.maximum if strict and column.maximum is not None else limit
    return low, high


def _words(column: Column, strict: bool) -> str:
    """The enforced range in words."""
    if not strict or (column.minimum is None and column.maximum is None):
        return ""
    low, high = ("…" if end is None else figure(end, 6) for end in (column.minimum, column.maximum))
    return f" from {low} to {high}"


def _numeric(column: Column) -> bool:
    """Whether all categories are numbers (season 1 to 4), so that a client may well send numbers."""
    numbers = (text.lstrip("-").replace(".", "", 1) for text in column.categories)
    return bool(column.categories) and all(text.isdecimal() for text in numbers)


def _described(column: Column) -> Schema:
    """Unit, range and levels of the training data, for the reader of the OpenAPI document."""
    parts = [f"in {column.unit}"] if column.unit else []
    if column.format:
        parts.append(f"written as {column.format}")
    if column.minimum is not None and column.maximum is not None:
        parts.append(f"{figure(column.minimum, 6)} to {figure(column.maximum, 6)} in training")
    if column.categories:
        shown = ", ".join(column.categories[:20])
        parts.append(f"in training: {shown}{', …' if len(column.categories) > 20 else ''}")
    return {"description": "; ".join(parts)} if parts else {}
