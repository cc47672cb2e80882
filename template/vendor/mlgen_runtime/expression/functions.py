"""The functions of the language: what each takes and gives, and what it says, as the project's documentation has it.

Kinds of arguments: number (true and false count as 1 and 0), boolean, text (a category or free text), label (a category
or a truth value), moment, any; the last one may be repeated where it ends in "…". `edges` is a list of numbers that
rise, `word` a text in quotes, `plain` a number as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """`form` is how it is written; `gives` is a type, or `first` and `same` for what follows from the arguments."""

    form: str
    takes: tuple[str, ...]
    gives: str
    says: str
    least: int | None = None

    @property
    def fewest(self) -> int:
        """How many arguments it needs at least."""
        return len(self.takes) if self.least is None else self.least

    @property
    def most(self) -> int | None:
        """How many it takes at most; None for any number."""
        return None if self.takes[-1].endswith("…") else len(self.takes)


FUNCTIONS: dict[str, Function] = {
    "where": Function(
        "where(condition, a, b)",
        ("boolean", "any", "any"),
        "same",
        "a where the condition holds, else b; missing where the condition is",
    ),
    "missing": Function("missing(x)", ("any",), "boolean", "whether there is no value; never missing itself"),
    "coalesce": Function("coalesce(a, b, …)", ("any", "any…"), "same", "the first of them that is there"),
    "abs": Function("abs(x)", ("number",), "number", "the size without its sign"),
    "sqrt": Function("sqrt(x)", ("number",), "number", "the square root; missing below 0"),
    "log": Function("log(x)", ("number",), "number", "the natural logarithm; missing at 0 and below"),
    "log1p": Function("log1p(x)", ("number",), "number", "log(1 + x), exact near 0; missing at -1 and below"),
    "exp": Function("exp(x)", ("number",), "number", "e to the power of x; missing where it overflows"),
    "floor": Function("floor(x)", ("number",), "number", "the whole number at or below"),
    "ceil": Function("ceil(x)", ("number",), "number", "the whole number at or above"),
    "round": Function("round(x), round(x, digits)", ("number", "plain"), "number", "rounded, half to even", 1),
    "min": Function("min(a, b, …)", ("number", "number…"), "number", "the least of them; missing where one is"),
    "max": Function("max(a, b, …)", ("number", "number…"), "number", "the greatest of them; missing where one is"),
    "clip": Function(
        "clip(x, low, high)", ("number", "number", "number"), "number", "x, but not below low or above high"
    ),
    "bucket": Function(
        "bucket(x, [10, 20, 50])",
        ("number", "edges"),
        "category",
        "which bucket: below 10, 10 to 20, 20 to 50, from 50; an edge is in the bucket above it",
    ),
    "cross": Function("cross(a, b, …)", ("label", "label…"), "category", "their combination, one category for each"),
    "lower": Function("lower(x)", ("text",), "first", "in small letters"),
    "length": Function("length(x)", ("text",), "number", "how many characters"),
    "words": Function("words(x)", ("text",), "number", "how many words, as blanks part them"),
    "contains": Function(
        "contains(x, 'word')", ("text", "word"), "boolean", "whether a text stands in it, letter for letter"
    ),
    "year": Function("year(x)", ("moment",), "number", "of the clock in the column's zone, as all parts of a date are"),
    "month": Function("month(x)", ("moment",), "number", "1 to 12"),
    "day": Function("day(x)", ("moment",), "number", "of the month, 1 to 31"),
    "weekday": Function("weekday(x)", ("moment",), "number", "0 (Monday) to 6"),
    "hour": Function("hour(x)", ("moment",), "number", "0 to 23"),
    "minute": Function("minute(x)", ("moment",), "number", "0 to 59"),
    "days": Function(
        "days(a, b)",
        ("moment", "moment"),
        "number",
        "days from a to b, with their fraction; negative where b is earlier",
    ),
    "hours": Function("hours(a, b)", ("moment", "moment"), "number", "hours from a to b"),
    "minutes": Function("minutes(a, b)", ("moment", "moment"), "number", "minutes from a to b"),
    "group_mean": Function(
        "group_mean(x, by)",
        ("number", "label"),
        "number",
        "mean of x over the training rows of the same group; over all of them for a group that training had not",
    ),
    "group_count": Function(
        "group_count(by)", ("label",), "number", "how many training rows the group had; 0 for one that training had not"
    ),
    "target_mean": Function(
        "target_mean(by)",
        ("label",),
        "number",
        "mean of the target (share of the last label) in the group, drawn to that of all rows as if by "
        "10 rows more; of a training row without its own fold of five",
    ),
}
#: Functions whose values are learnt from the training rows.
LEARNT = ("group_mean", "group_count", "target_mean")
