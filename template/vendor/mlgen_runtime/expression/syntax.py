"""The text of an expression as a tree of what is written: operators, functions, columns, values, each with its place.

    parse("income / (family_size + 1)")  → Written("divide", (Written("column", value="income"), Written("add", …)))

A column is written as it is called, or between backticks where its name is no word: `hours-per-week`. Texts stand in
single or double quotes, as two of them stand for one within it. Nothing is evaluated here, and nothing is Python's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")"""
    r"""|(?P<quoted>`[^`]+`)|(?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)|(?P<mark>\*\*|<=|>=|==|!=|[-+*/%<>(),\[\]])"""
)
#: Operators by how tightly they bind, loosest first; those of one line bind alike, from the left.
_COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "unequal"}
_SUMS = {"+": "add", "-": "subtract"}
_PRODUCTS = {"*": "multiply", "/": "divide", "%": "modulo"}
_VALUES: dict[str, object] = {"true": True, "false": False, "null": None}
#: How deeply brackets may be nested, and how many words and marks there may be: more than anybody reads.
DEEPEST, LONGEST = 40, 400


class Misspelt(ValueError):
    """What is wrong with a text, at a place (from 0) in it."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.at = at


@dataclass(frozen=True)
class Written:
    """One operator, function (`call` says so), column, value, list or now, with the place (from 0) where it stands."""

    op: str
    args: tuple[Written, ...] = ()
    value: Any = None
    at: int = 0
    call: bool = False


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Written:
    """Return the tree of a text. Raises Misspelt with the place of what does not belong there."""
    reader = _Reader(_tokens(text), len(text))
    found = reader.choice()
    reader.end()
    return found


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            one = {"=": "; compare with ==", "&": "; write and", "|": "; write or", "!": "; write not"}
            raise Misspelt(f"{text[at]!r} has no meaning{one.get(text[at], '')}", at)
        if match.lastgroup != "blank":
            found.append(_Token(str(match.lastgroup), match.group(), at))
        at = match.end()
        if len(found) > LONGEST:
            raise Misspelt(f"it has more than {LONGEST} words and marks; split it into several features", at)
    return found


class _Reader:
    """A reader that goes down from the loosest operator to a single value."""

    def __init__(self, tokens: list[_Token], length: int) -> None:
        self.tokens, self.place, self.depth, self.length = tokens, 0, 0, length

    def choice(self) -> Written:
        """An expression: conditions with `or` between them."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Misspelt(f"brackets are nested more than {DEEPEST} deep", self.at)
        found = self.both()
        while (token := self.taken("or")) is not None:
            found = Written("or", (found, self.both()), at=token.at)
        self.depth -= 1
        return found

    def both(self) -> Written:
        """Conditions with `and` between them."""
        found = self.negated()
        while (token := self.taken("and")) is not None:
            found = Written("and", (found, self.negated()), at=token.at)
        return found

    def negated(self) -> Written:
        """A condition, with `not` before it or none."""
        signs = []
        while (token := self.taken("not")) is not None:
            signs.append(token.at)
        found = self.comparison()
        for at in reversed(signs):
            found = Written("not", (found,), at=at)
        return found

    def comparison(self) -> Written:
        """A sum, or two compared, or one held against a list."""
        found = self.chain(_SUMS, self.product)
        if (token := self.taken(*_COMPARISONS)) is not None:
            found = Written(_COMPARISONS[token.text], (found, self.chain(_SUMS, self.product)), at=token.at)
            if (other := self.taken(*_COMPARISONS)) is not None:
                raise Misspelt("one comparison cannot follow another; join two of them by and", other.at)
        elif (token := self.taken("in")) is not None:
            found = Written("in", (found, self.list()), at=token.at)
        return found

    def product(self) -> Written:
        """Factors with *, / or % between them."""
        return self.chain(_PRODUCTS, self.signed)

    def chain(self, operators: dict[str, str], part: Any) -> Written:
        """Parts with one of some operators between them."""
        found: Written = part()
        while (token := self.taken(*operators)) is not None:
            found = Written(operators[token.text], (found, part()), at=token.at)
        return found

    def signed(self) -> Written:
        """A value with signs before it; a power binds tighter than its sign."""
        signs = []
        while (token := self.taken("-", "+")) is not None:
            signs.append(token)
        found = self.single()
        if (token := self.taken("**")) is not None:
            found = Written("power", (found, self.signed()), at=token.at)
        for token in reversed(signs):
            if token.text == "-":
                found = Written("negate", (found,), at=token.at)
        return found

    def single(self) -> Written:
        """A value, a column, a function with its arguments, or an expression in brackets."""
        token = self.next("a column, a number, a text or a function")
        if token.kind == "number":
            return Written("value", value=float(token.text), at=token.at)
        if token.kind == "text":
            mark = token.text[0]
            return Written("value", value=token.text[1:-1].replace(mark * 2, mark), at=token.at)
        if token.kind == "quoted":
            return Written("column", value=token.text[1:-1], at=token.at)
        if token.text == "(":
            found = self.choice()
            self.expect(")")
            return found
        if token.text == "[":
            self.place -= 1
            return self.list()
        if token.kind != "word" or token.text in ("and", "or", "not", "in"):
            raise Misspelt(f"{token.text!r} stands where a value belongs", token.at)
        if token.text in _VALUES:
            return Written("value", value=_VALUES[token.text], at=token.at)
        if self.taken("(") is None:
            return Written("now" if token.text == "now" else "column", value=token.text, at=token.at)
        args: list[Written] = []
        while self.taken(")") is None:
            if args:
                self.expect(",")
            args.append(self.choice())
        return Written(token.text, tuple(args), at=token.at, call=True)

    def list(self) -> Written:
        """Values between square brackets."""
        token = self.expect("[")
        values: list[Written] = []
        while self.taken("]") is None:
            if values:
                self.expect(",")
            values.append(self.signed())
        return Written("list", tuple(values), at=token.at)

    @property
    def at(self) -> int:
        """The place of the next token."""
        return self.tokens[self.place].at if self.place < len(self.tokens) else self.length

    def taken(self, *texts: str) -> _Token | None:
        """The next token, taken where it is one of some marks or words."""
        token = self.tokens[self.place] if self.place < len(self.tokens) else None
        if token is None or token.kind not in ("mark", "word") or token.text not in texts:
            return None
        self.place += 1
        return token

    def next(self, expected: str) -> _Token:
        """The next token, whichever it is."""
        if self.place == len(self.tokens):
            raise Misspelt(f"it ends where {expected} belongs", self.length)
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, mark: str) -> _Token:
        """The next token, which must be this mark."""
        token = self.taken(mark)
        if token is None:
            there = repr(self.tokens[self.place].text) if self.place < len(self.tokens) else "the end"
            raise Misspelt(f"{mark!r} is missing before {there}", self.at)
        return token

    def end(self) -> None:
        """Raise Misspelt where something is left."""
        if self.place < len(self.tokens):
            raise Misspelt(f"{self.tokens[self.place].text!r} does not belong there", self.at)
