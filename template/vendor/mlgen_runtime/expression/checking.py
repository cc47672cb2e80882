"""What is written becomes a checked tree of plain data with a type, or one line that says what is wrong and where.

    check("ratio", "income / (family_size + 1)", {"income": Kind("number"), "family_size": Kind("number")})
    → Checked({"op": "divide", "args": [{"op": "column", "name": "income"}, …]}, Kind("number"), ("family_size", …))

Types are number, boolean, category, text and moment. The tree says all that its evaluation needs to know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from ..core.errors import InputError, nearest
from .functions import FUNCTIONS, LEARNT
from .kinds import EXPECTED, FITS, SAID, Kind, held
from .syntax import Misspelt, Written, parse

Tree = dict[str, Any]

_LOGIC = ("and", "or", "not")
_ARITHMETIC = ("add", "subtract", "multiply", "divide", "modulo", "power", "negate")
_COMPARED = ("less", "less_equal", "greater", "greater_equal", "equal", "unequal")
#: How operators are written, for messages.
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "modulo": "%", "power": "**", "negate": "-"}
_SIGNS |= {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="}


@dataclass(frozen=True)
class Checked:
    """The tree, its type, the columns (and features) that it takes, the functions in it that learn, and whether it
    asks for now."""

    tree: Tree
    kind: Kind
    columns: tuple[str, ...]
    learns: tuple[str, ...]
    asks_now: bool


@dataclass(frozen=True)
class _Part:
    tree: Tree
    type: str
    zone: str | None
    at: int
    literal: bool = False


def check(name: str, text: str, columns: Mapping[str, Kind]) -> Checked:
    """Check the expression of a feature. Raises InputError naming feature, expression, fault, and place from 1."""

    def refuse(why: str, at: int) -> NoReturn:
        raise InputError(f"features.{name}: {text.strip()!r}: {why} (at character {at + 1})")

    lead = len(text) - len(text.lstrip())
    try:
        written = parse(text)
        found = _Checker(columns, lambda why, at: refuse(why, at - lead)).part(written)
    except Misspelt as fault:
        refuse(f"{fault}; see docs/features.md", fault.at - lead)
    taken = tuple(sorted(set(named(written))))
    if found.type == "null" or not taken:
        raise InputError(
            f"features.{name}: {text.strip()!r} takes no column, so it says nothing; name one, or leave it out"
        )
    if uses(found.tree, "now") and not any(columns[each].type == "moment" for each in taken):
        raise InputError(
            f"features.{name}: {text.strip()!r} asks for now, and takes no date; say since when: days(signup, now)"
        )
    learns = tuple(op for op in LEARNT if uses(found.tree, op))
    return Checked(found.tree, Kind(found.type, found.zone), taken, learns, uses(found.tree, "now"))


def named(written: Written) -> list[str]:
    """The columns and features that are named."""
    own = [str(written.value)] if written.op == "column" else []
    return own + [name for arg in written.args for name in named(arg)]


def uses(tree: Tree, op: str) -> bool:
    """Whether an operation stands anywhere in a tree."""
    return bool(tree["op"] == op) or any(uses(arg, op) for arg in tree.get("args", ()))


class _Checker:
    """Checks the parts of one expression."""

    def __init__(self, columns: Mapping[str, Kind], refuse: Callable[[str, int], NoReturn]) -> None:
        self.columns, self.refuse = columns, refuse

    def part(self, written: Written) -> _Part:
        """Check a part and what is in it."""
        op, at = written.op, written.at
        if written.call:
            return self.function(written)
        if op == "column":
            return self.column(str(written.value), at)
        if op == "now":
            return _Part({"op": "now"}, "moment", None, at)
        if op == "value":
            return self.value(written)
        if op == "list":
            self.refuse("a list stands only behind in, and in bucket", at)
        if op == "in":
            return self.among(written)
        parts = [self.part(arg) for arg in written.args]
        if op in _LOGIC:
            trees = [self.fitting(part, "boolean", op).tree for part in parts]
            return _Part({"op": op, "args": trees}, "boolean", None, at)
        if op in _ARITHMETIC:
            trees = [self.fitting(part, "number", _SIGNS[op]).tree for part in parts]
            return _Part({"op": op, "args": trees}, "number", None, at)
        return self.compared(op, parts, at)

    def column(self, name: str, at: int) -> _Part:
        """A column or another feature."""
        kind = self.columns.get(name)
        if kind is None:
            hint = nearest(name, self.columns)
            other = f"; {name} is a function: give it its arguments" if name in FUNCTIONS and not hint else ""
            self.refuse(f"there is no column {name!r}{hint}{other}", at)
        if kind.refused is not None:
            self.refuse(kind.refused, at)
        return _Part({"op": "column", "name": name}, kind.type, kind.zone, at)

    def value(self, written: Written) -> _Part:
        """A number, a text, a truth value, or null."""
        value = written.value
        if isinstance(value, float) and not math.isfinite(value):
            self.refuse("the number is too large", written.at)
        kinds = {bool: "boolean", float: "number", str: "category", type(None): "null"}
        plain = float(value) if isinstance(value, bool) else value
        return _Part(
            {"op": "value", "value": plain, "of": held(kinds[type(value)])}, kinds[type(value)], None, written.at, True
        )

    def fitting(self, part: _Part, kind: str, who: str) -> _Part:
        """A part that is of a kind; null is of any."""
        if part.type not in (*FITS[kind], "null"):
            what = part.tree.get("name") or ("it" if part.tree["op"] != "value" else repr(part.tree["value"]))
            hint = (
                "; put it into buckets first: bucket(x, [10, 20])" if (kind, part.type) == ("label", "number") else ""
            )
            self.refuse(f"{who} takes {EXPECTED[kind]}, and {what} is {SAID[part.type]}{hint}", part.at)
        if part.type == "null":
            kept = {"text": "text", "label": "text", "moment": "moment"}.get(kind, "number")
            return _Part({"op": "value", "value": None, "of": kept}, part.type, None, part.at, True)
        if kind == "label" and part.type == "boolean":
            return _Part({"op": "word", "args": [part.tree]}, "category", None, part.at)
        return part

    def alike(self, parts: Sequence[_Part], who: str) -> tuple[list[_Part], str, str | None]:
        """Parts of one type, which a date written in quotes and null take on; their type, and the zone of a moment."""
        known = [part for part in parts if part.type != "null"]
        if not known:
            return list(parts), "null", None
        moment = next((part for part in known if part.type == "moment"), None)
        if moment is not None:
            parts = [self.dated(part, moment.zone) for part in parts]
            known = [part for part in parts if part.type != "null"]
        ways = {held(part.type) for part in known}
        if len(ways) > 1:
            first = known[0]
            other = next(part for part in known if held(part.type) != held(first.type))
            self.refuse(
                f"{who} takes values of one type, and there are {SAID[first.type]} and {SAID[other.type]}", other.at
            )
        types = {part.type for part in known}
        kind = types.pop() if len(types) == 1 else "text" if "text" in types else "number"
        nulls = {"op": "value", "value": None, "of": ways.pop()}
        whole = [part if part.type != "null" else _Part(nulls, "null", None, part.at) for part in parts]
        return whole, kind, moment.zone if moment else None

    def dated(self, part: _Part, zone: str | None) -> _Part:
        """A text in quotes as the moment that it is; other parts as they are."""
        if not part.literal or part.type != "category":
            return part
        from ..core import moments  # numpy, which a refusal does without

        try:
            found = moments.read(str(part.tree["value"]), None, zone)
        except moments.Unread:
            self.refuse(f"{part.tree['value']!r} is no date; expected one like '2024-01-31'", part.at)
        return _Part(
            {"op": "value", "value": None if found is None else found // 1000, "of": "moment"},
            "moment",
            zone,
            part.at,
            True,
        )

    def compared(self, op: str, parts: Sequence[_Part], at: int) -> _Part:
        """Two values of one type, compared; texts can only be equal or not."""
        alike, kind, _ = self.alike(parts, _SIGNS[op])
        if held(kind) == "text" and op not in ("equal", "unequal"):
            self.refuse(f"{_SIGNS[op]} compares numbers and dates, and this is {SAID[kind]}", at)
        tree = {"op": op, "args": [part.tree for part in alike], "of": held(kind)}
        return _Part(tree, "boolean", None, at)

    def among(self, written: Written) -> _Part:
        """Whether a value is one of a list."""
        values = [self.part(arg) for arg in written.args[1].args]
        if not values or not all(value.literal and value.type != "null" for value in values):
            self.refuse("in takes a list of texts or numbers, such as ['a', 'b']", written.args[1].at)
        alike, kind, _ = self.alike([self.part(written.args[0]), *values], "in")
        listed = [part.tree["value"] for part in alike[1:]]
        tree = {"op": "among", "args": [alike[0].tree], "values": listed, "of": held(kind)}
        return _Part(tree, "boolean", None, written.at)

    def function(self, written: Written) -> _Part:
        """A function with as many arguments as it takes, each of its kind."""
        name, at = written.op, written.at
        known = FUNCTIONS.get(name)
        if known is None:
            self.refuse(f"there is no function {name!r}{nearest(name, FUNCTIONS)}", at)
        count = len(written.args)
        if count < known.fewest or (known.most is not None and count > known.most):
            self.refuse(f"{name} takes {_counted(known.fewest, known.most)}, and has {count}: {known.form}", at)
        kinds = [*known.takes, *[known.takes[-1]] * (count - len(known.takes))][:count]
        if name == "bucket":
            return self.bucket(written)
        if name in ("where", "coalesce"):
            return self.chosen(name, written)
        parts = []
        for kind, arg in zip(kinds, written.args, strict=True):
            plain = kind.rstrip("…")
            if plain in ("word", "plain"):
                parts.append(self.literal(name, arg, str if plain == "word" else float))
            else:
                part = self.dated(self.part(arg), None) if plain == "moment" else self.part(arg)
                parts.append(self.fitting(part, plain, name))
        first = parts[0]
        tree: Tree = {"op": name, "args": [part.tree for part in parts]}
        if kinds[0] == "moment" and len(kinds) == 1:
            tree["zone"] = None if first.zone == "UTC" else first.zone
        if name == "missing":
            tree["of"] = held(first.type)
        if name == "round" and count > 1 and not float(parts[1].tree["value"]).is_integer():
            self.refuse("round takes a whole number of digits", written.args[1].at)
        if kinds[-1] in ("word", "plain") and count == len(known.takes):
            tree["args"], tree["with"] = tree["args"][:-1], parts[-1].tree["value"]
        return _Part(tree, first.type if known.gives == "first" else known.gives, None, at)

    def chosen(self, name: str, written: Written) -> _Part:
        """One of several values of one type."""
        parts = [self.part(arg) for arg in written.args]
        conditions = [self.fitting(parts[0], "boolean", name)] if name == "where" else []
        alike, kind, zone = self.alike(parts[len(conditions) :], name)
        if kind == "null":
            self.refuse(f"{name} has nothing but null to give", written.at)
        trees = [part.tree for part in (*conditions, *alike)]
        return _Part({"op": name, "args": trees, "of": held(kind)}, kind, zone, written.at)

    def bucket(self, written: Written) -> _Part:
        """A number's bucket between edges that rise."""
        value, given = self.fitting(self.part(written.args[0]), "number", "bucket"), written.args[1]
        found = [self.literal("bucket", arg, float) for arg in given.args] if given.op == "list" else []
        edges = [part.tree["value"] for part in found]
        if not edges or any(low >= high for low, high in pairwise(edges)):
            self.refuse("bucket takes a list of numbers that rise, such as [10, 20, 50]", given.at)
        shown = [f"{edge:.12g}" for edge in edges]
        between = [f"{low} to {high}" for low, high in pairwise(shown)]
        labels = [f"below {shown[0]}", *between, f"from {shown[-1]}"]
        return _Part(
            {"op": "bucket", "args": [value.tree], "edges": edges, "labels": labels}, "category", None, written.at
        )

    def literal(self, who: str, written: Written, kind: type) -> _Part:
        """A number or a text that is written as it stands."""
        sign = 1.0
        while written.op == "negate":
            sign, written = -sign, written.args[0]
        part = self.value(written) if written.op == "value" else None
        value = part.tree["value"] if part is not None else None
        if part is None or not isinstance(value, kind) or part.type == "boolean":
            self.refuse(
                f"{who} takes {'a text in quotes' if kind is str else 'a number as it stands'} there", written.at
            )
        plain = sign * value if isinstance(value, float) else value
        return _Part({"op": "value", "value": plain, "of": held(part.type)}, part.type, None, written.at, True)


def _counted(fewest: int, most: int | None) -> str:
    """How many arguments, in words."""
    if most is None:
        return f"at least {fewest} arguments"
    return f"{fewest} argument{'s' if fewest != 1 else ''}" if fewest == most else f"{fewest} or {most} arguments"
