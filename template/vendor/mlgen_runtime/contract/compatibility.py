"""What a change of the contract means for those who ask a model today: would they get other answers, or none?

    broken(before, after)      → "it predicts churned (binary: no, yes), and this one predicts spend (regression)"

A champion is not replaced without a word where somebody who lives by its contract could not live by the next one: what
is predicted is another thing, or what is sent today would be refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from .schema import Column, Contract

#: Where the sample lies that every project brings along.
SAMPLE = "data/sample"
#: What a client may go on sending where a column's type has changed: (before, after).
_TAKEN = {("integer", "number"), ("category", "text"), ("text", "category")}


def of_the_sample(contract: Contract) -> bool:
    """Whether a contract is that of the sample: it, and a model of it, show the way and step aside for other data."""
    return contract.source is not None and contract.source.startswith(SAMPLE)


def broken(before: Contract, after: Contract) -> str | None:
    """Return in words, as a sentence about the model of `before`, the first thing that breaks; None where nothing
    does."""
    return next(_answers(before, after), None) or next(_inputs(before, after), None)


def subject(contract: Contract) -> str:
    """What a model predicts, in words: `saw_doctor (binary: No, Yes)`."""
    return f"{contract.target.name} ({contract.task}{': ' if contract.labels else ''}{', '.join(contract.labels)})"


def _answers(before: Contract, after: Contract) -> Iterator[str]:
    """Answers that mean something else: another target, task or labels, steps of another length or fewer of them."""
    if _meaning(before) != _meaning(after):
        yield f"it predicts {subject(before)}, and this one predicts {subject(after)}"
    one, other = before.forecast, after.forecast
    if one is not None and other is not None:
        if one.frequency != other.frequency:
            yield f"it forecasts steps of {one.frequency}, and this one steps of {other.frequency}"
        if one.horizon > other.horizon:
            yield f"it forecasts {one.horizon} steps ahead, and this one {other.horizon}"


def _meaning(contract: Contract) -> tuple[str, str, frozenset[str]]:
    return contract.task, contract.target.name, frozenset(contract.labels)


def _inputs(before: Contract, after: Contract) -> Iterator[str]:
    """Inputs that clients need not send today and must from then on, or that are read as another type."""
    known = {column.name: column for column in before.inputs}
    for column in after.inputs:
        sent = known.get(column.name)
        if (sent is None or sent.nullable) and not column.nullable:
            yield f"it does without {column.name!r}, and this one needs it in every row"
        elif sent is not None and not _readable(sent, column):
            yield f"it takes {column.name!r} as {sent.type}, and this one as {column.type}"


def _readable(before: Column, after: Column) -> bool:
    return before.type == after.type or (before.type, after.type) in _TAKEN
