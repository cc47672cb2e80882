"""One column of the contract as a field of the request: its type, its JSON Schema, and the words for a wrong value.

Type and schema stand side by side here, because the service promises in OpenAPI exactly what it accepts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from ..contract.schema import Column
from ..core import moments
from ..core.cells import BLANKS, MISSING_WORDS, Writing
from ..core.figures import figure

#: What a float32, which is what the model computes in, can hold.
FLOAT_LIMIT = 3.4e38
#: Whole numbers up to here are exact in a double, and so is the next one, so that it can be told apart (2^53 - 1).
INTEGER_LIMIT = 9_007_199_254_740_991
#: A number as the source writes it in text, with blanks around it; at most one digit of exponent, to fit a float32.
_NUMBER = r"[-+]?([0-9]{1,28}(\.[0-9]{0,28})?|\.[0-9]{1,28})([eE]-?[0-9])?"
_BLANKS = f"[{BLANKS}]"
#: A moment in ISO 8601, with the months' real lengths; time and offset are optional. Where a cell may be empty a year
#: may be too far to be one (see core.moments), which is read as no moment; else it must be from 1678 to 2261.
_DAY = r"((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?(Z|[-+](0[0-9]|1[0-3]):[0-5][0-9])?"
_YEAR = r"(167[89]|16[89][0-9]|1[789][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9]|226[01])"
_LEAP_YEAR = (
    r"(16(8[048]|9[26])|(1[789]|21)(0[48]|[2468][048]|[13579][26])|20([02468][048]|[13579][26])"
    r"|22(0[48]|[24][048]|[135][26]|60))"
)
_ANY_YEAR = r"[1-9][0-9]{3}"
_ANY_LEAP_YEAR = r"([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)"
MOMENT = rf"^({_LEAP_YEAR}-02-29|{_YEAR}-{_DAY})([T ]{_TIME})?$"
ANY_MOMENT = rf"^({_ANY_LEAP_YEAR}-02-29|{_ANY_YEAR}-{_DAY})([T ]{_TIME})?$"

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

    def fault(self, value: Any) -> str | None:
        """Say what is wrong with a plain value, or None; text may be a word for none where none may be."""
        return super().fault(value) or (f"expected {self.expects}, got {shorten(value)}" if self.empty(value) else None)

    def empty(self, value: Any) -> bool:
        """Whether a value that has the right type says that there is none, where there must be one."""
        return self.names_something and self.column.levels.read(value) is None

    @property
    def names_something(self) -> bool:
        """Whether it is a text that must not be missing."""
        return self.required and self.column.type in ("category", "text")


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
    schema = {"type": "number", "minimum": low, "maximum": high}
    return _or_text(column, strict, kind, schema, "a number" + _words(column, strict))


def _integer(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A whole number; 3.0 is one too, in JSON Schema and in a DataFrame with missing values."""
    low, high = _range(column, strict, INTEGER_LIMIT)
    kind = Annotated[float, msgspec.Meta(ge=low, le=high, multiple_of=1)]
    schema = {"type": "integer", "minimum": int(low), "maximum": int(high)}
    return _or_text(column, strict, kind, schema, "a whole number" + _words(column, strict))


def _boolean(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A boolean, or the 0 and 1 that tables hold for it."""
    words = "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[01](\\.0+)?"
    pattern = rf"^{_BLANKS}*({words}{'|' + _missing(column) if column.nullable else ''}){_BLANKS}*$"
    kind = bool | Annotated[float, msgspec.Meta(ge=0, le=1, multiple_of=1)] | _text_like(pattern)
    number = {"type": "integer", "minimum": 0, "maximum": 1}
    return kind, {"anyOf": [{"type": "boolean"}, number, {"type": "string", "pattern": pattern}]}, "true or false"


def _category(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """Text; numbers too where the categories are numbers. Levels unseen in training are the model's to handle."""
    if strict and column.categories:
        expects = f"one of {', '.join(map(repr, column.categories))}"
        return Literal[column.categories], {"type": "string", "enum": list(column.categories)}, expects
    return _any_text(column)


def _text(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    return _any_text(column)


def _any_text(column: Column) -> tuple[Any, Schema, str]:
    """Text, or a number or a truth value, which is taken for its text as in a file; not blank where none may be."""
    text: Schema = {"type": "string"}
    if not column.nullable:
        words = sorted(column.levels.missing)
        text |= {"pattern": f"[^{BLANKS}]"} | ({"not": {"enum": words}} if words else {})
    number = {"type": "number", "minimum": -INTEGER_LIMIT, "maximum": INTEGER_LIMIT}
    limits = msgspec.Meta(ge=-INTEGER_LIMIT, le=INTEGER_LIMIT)
    kind = str | bool | Annotated[int, limits] | Annotated[float, limits]  # 1 and 1.0 are two texts
    return kind, {"anyOf": [text, number, {"type": "boolean"}]}, "text or a number"


def _datetime(column: Column, strict: bool) -> tuple[Any, Schema, str]:
    """A date or a moment as text: ISO 8601, or the way in which the training data writes it."""
    where = f", local time of {column.zone} where it has no offset" if column.zone else ""
    pattern = ANY_MOMENT if column.nullable else MOMENT
    expects = f"a date such as '2026-01-31' or '2026-01-31T12:00:00Z'{where}"
    if column.format:
        iso = pattern[1:-1] if None in moments.spellings(column.format) else None
        pattern = "|".join(f"^{one}$" for one in (_written(column.format, column.nullable), iso) if one)
        expects = f"a date written as {column.format}{where}"
    kind = Annotated[str, msgspec.Meta(pattern=pattern)]
    return kind, {"type": "string", "pattern": pattern}, expects


def _written(format: str, nullable: bool) -> str:
    """A format as a pattern that JSON Schema knows too: without names of groups, whatever the case of its letters."""
    plain = (
        re.sub(r"\?P<\w>", "", moments.pattern(format)).replace("\\ ", " ").replace(r"\-", "-").replace(r"\s+", " +")
    )
    plain = plain.replace("([0-9]{4})", f"({_ANY_YEAR})" if nullable else _YEAR)
    return re.sub(r"(?<![\\\w])([a-z]{2,})", lambda found: _any_case(found[1]), plain)


def _any_case(word: str) -> str:
    return "".join(f"[{c}{c.upper()}]" for c in word)


_KINDS: dict[str, Callable[[Column, bool], tuple[Any, Schema, str]]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _category,
    "datetime": _datetime,
    "text": _text,
}


def _or_text(column: Column, strict: bool, kind: Any, schema: Schema, expects: str) -> tuple[Any, Schema, str]:
    """Add the text form, as the contract says that the source writes numbers; a word for missing means missing.

    A pattern holds nobody to a range, so who is strict takes text only from a source that writes numbers so.
    """
    if strict and not column.written_as_text:
        return kind, schema, expects
    expects = f"{expects}, or its text" if column.written_as_text else expects
    words = f"|{_missing(column)}" if column.nullable else ""
    pattern = rf"^{_BLANKS}*({_number_pattern(column.writing)}{words}){_BLANKS}*$"
    return (
        kind | _text_like(pattern),
        {"anyOf": [schema, {"type": "string", "pattern": pattern}]},
        expects,
    )


def _text_like(pattern: str) -> Any:
    """Text that a pattern describes."""
    return Annotated[str, msgspec.Meta(pattern=pattern)]


def _number_pattern(writing: Writing) -> str:
    """What a number looks like as text: at most one digit of exponent, to fit a float32."""
    if writing.plain:
        return r"[-+]?[0-9]{1,16}(\.0{0,28})?" if writing.whole else _NUMBER
    mark, unit = re.escape(writing.decimal), re.escape(writing.unit)
    between = {"": "", " ": _BLANKS, "'": "['\u2019]"}.get(writing.thousands, re.escape(writing.thousands))
    grouped = f"[0-9]{'{1,3}'}({between}[0-9]{'{3}'}){'{1,9}'}|" if between else ""
    sign = rf"([-+\u2212]{_BLANKS}*)?"
    units = (rf"({unit}{_BLANKS}*)?", rf"({_BLANKS}*{unit})?") if unit else ("", "")
    before = rf"{sign}{units[0]}{sign if unit else ''}"
    some, many, most = "{0,28}", "{1,28}", "{1,16}"
    if writing.whole:
        return f"{before}({grouped}[0-9]{most})({mark}0{some})?{units[1]}"
    digits = f"({grouped}[0-9]{many})({mark}[0-9]{some})?|{mark}[0-9]{many}"
    return f"{before}({digits})([eE]-?[0-9])?{units[1]}"


def _missing(column: Column) -> str:
    """A pattern for what says that there is no number; case does not matter for the words that everybody has."""
    known = sorted(MISSING_WORDS - {""})
    anyhow = ["".join(f"[{c}{c.upper()}]" if c.isalpha() else re.escape(c) for c in word) for word in known]
    infinite = [] if column.type == "boolean" else ["[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"]
    return "|".join([*anyhow, *infinite, *map(re.escape, column.missing or ()), ""])


def _range(column: Column, strict: bool, limit: float) -> tuple[float, float]:
    """The bounds that are enforced: the contract's when strict, else what the model can represent."""
    low = column.minimum if strict and column.minimum is not None else -limit
    high = column.maximum if strict and column.maximum is not None else limit
    return low, high


def _words(column: Column, strict: bool) -> str:
    """The enforced range in words."""
    low, high = column.minimum, column.maximum
    if not strict or (low is None and high is None):
        return ""
    if low is None or high is None:
        return f" of at least {figure(low, 6)}" if low is not None else f" of at most {figure(high or 0.0, 6)}"
    return f" from {figure(low, 6)} to {figure(high, 6)}"


def _described(column: Column) -> Schema:
    """Unit, range and levels of the training data, for the reader of the OpenAPI document."""
    parts = [f"in {column.unit}"] if column.unit else []
    if column.format:
        parts.append(f"written as {column.format}")
    if column.zone:
        parts.append(f"local time of {column.zone} where it has no offset")
    if column.minimum is not None and column.maximum is not None:
        parts.append(f"{figure(column.minimum, 6)} to {figure(column.maximum, 6)} in training")
    if column.categories:
        shown = ", ".join(column.categories[:20])
        more = len(column.categories) - 20
        parts.append(f"in training: {shown}{f' and {more} more' if more > 0 else ''}")
    return {"description": "; ".join(parts)} if parts else {}
