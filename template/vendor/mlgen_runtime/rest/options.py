"""What the model lets a caller say beside the records, checked and documented like a column.

{"records": [{"series": "A"}], "horizon": 12, "quantiles": [0.1, 0.9]}
{"records": [{"tenure": 3}], "explain": true}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from ..bundle.option import MOST, Option
from .fields import Schema, Value
from .refusal import Fault, Refused

#: Options as the predictor takes them.
Chosen = Mapping[str, Any]

NONE: Chosen = {}


class Options:
    """The options of one model; `values` are their fields of the request, by name."""

    def __init__(self, options: Mapping[str, Option]) -> None:
        self._options = options
        self.values = {name: _value(name, option) for name, option in options.items()}
        self.attributes: list[tuple[str, Any, Any]] = [
            (name, value.annotation | msgspec.UnsetType, msgspec.UNSET) for name, value in self.values.items()
        ]

    def decoded(self, body: object) -> Chosen:
        """The options of a body that the typed decoder has checked: those of its `attributes` that are set."""
        if not self.values:
            return NONE
        given = {}
        for name in self.values:
            value = getattr(body, name)
            if value is not msgspec.UNSET:
                given[name] = value
        if not given:
            return NONE
        if refused := self._refused(given, ("body",)):
            raise Refused(422, refused)
        return self._taken(given)

    def checked(self, values: Mapping[str, Any], where: tuple[str | int, ...]) -> Chosen:
        """Check options that are already plain data; raises Refused 422 with every fault."""
        unknown = [name for name in values if name not in self.values]
        allowed = f"expected {self.listed()}" if self.values else "this model takes none"
        faults = [Fault((*where, name), f"unknown option; {allowed}") for name in unknown]
        faults += self.faults(values, where)
        if faults:
            raise Refused(422, faults)
        return self._taken(values)

    def faults(self, values: Mapping[str, Any], where: tuple[str | int, ...]) -> list[Fault]:
        """What is wrong with the options among plain values."""
        found = ((name, value.fault(values[name])) for name, value in self.values.items() if name in values)
        faults = [Fault((*where, name), fault) for name, fault in found if fault]
        return faults or self._refused(values, where)

    def listed(self, *others: str) -> str:
        """The names for a message."""
        return _listed((*others, *self.values))

    def _refused(self, values: Mapping[str, Any], where: tuple[str | int, ...]) -> list[Fault]:
        """What this model cannot be asked for."""
        asked = [(name, self._options[name].refused) for name in self.values if values.get(name)]
        return [Fault((*where, name), reason) for name, reason in asked if reason]

    def _taken(self, values: Mapping[str, Any]) -> Chosen:
        """12.0 is a whole number in JSON, but not in Python."""
        return {name: int(v) if self._options[name].kind == "integer" else v for name, v in values.items()}


def _listed(names: Iterable[str]) -> str:
    """Names such as 'records', 'horizon' and 'quantiles'."""
    *first, last = map(repr, names)
    return f"{', '.join(first)} and {last}" if first else last


def _value(name: str, option: Option) -> Value:
    if option.kind == "boolean":
        allowed: Schema = {"const": False} if option.refused else {"type": "boolean"}
        words = option.refused or option.description
        return Value(name=name, annotation=bool, schema={**allowed, "description": words}, expects="true or false")
    whole = option.kind == "integer"
    least, most = option.minimum, option.maximum
    kind: Any = Annotated[float, msgspec.Meta(ge=least, le=most, multiple_of=1 if whole else None)]
    schema: Schema = {"type": "integer" if whole else "number", "minimum": least, "maximum": most}
    if not whole:
        kind = Annotated[list[kind], msgspec.Meta(min_length=1, max_length=MOST)]
        schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": MOST}
    words = "a whole number" if whole else f"a list of 1 to {MOST} numbers"
    return Value(
        name=name,
        annotation=kind,
        schema={**schema, "description": option.description},
        expects=f"{words} from {least:g} to {most:g}",
    )
