"""The positive class of a binary target: the one that is asked for, else one that a word says, else the rarer one.

It stands last among the target's categories, and the note of the target says why:

    churn: {role: target, categories: ['No', 'Yes'], note: "positive class 'Yes' (the last category): the word says so"}
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from ...contract.catalogue import percent
from ...contract.schema import Column, Contract
from ...core.cells import Unreadable
from ...core.errors import InputError, nearest

#: What says that something happened, or is there. One such label is enough, unless both are.
YES = re.compile(
    "yes|y|true|t|positive|pos|present|churn(ed)?|fraud(ulent)?|spam|malignant|defaulted|fail(ure|ed)|fault(y)?|"
    "abnormal|anomaly|sick|ill|diseased|died|dead|converted"
)
#: What says that it did not, such as "not churned", "no event", "non-smoker".
NO = re.compile(
    "no|n|false|f|negative|neg|absent|none|never|normal|ham|benign|healthy|legit(imate)?|genuine|retained|stayed|ok|"
    "(not?|non|never)[ _-].+"
)
#: 1 is a word for it beside these; among 1 and 2 it is a number like another.
NOUGHTS = frozenset({"0", "-1"})


def ordered(target: Column, counts: Mapping[str, int], named: str | bool | None) -> Column:
    """The target of a binary task with the positive class last, and why it is that in its note.

    `counts` is label to rows, `named` what `data.positive` says. Raises InputError where that is no label.
    """
    if named is not None:
        positive, why = asked(target, named), "named by data.positive"
    else:
        positive, why = _found(target.categories, counts)
    others = tuple(label for label in target.categories if label != positive)
    note = f"positive class {positive!r} (the last category): {why}"
    return dataclasses.replace(target, categories=(*others, positive), note=note)


def agree(contract: Contract, named: str | bool | None, path: str) -> None:
    """Raise InputError where `data.positive` says something else than the reviewed contract at `path`."""
    if named is None:
        return
    target = contract.target
    if contract.positive is None:
        raise refusal(target.name, contract.task)
    if asked(target, named) != contract.positive:
        raise InputError(
            f"data.positive is {named!r}, {path} has {contract.positive!r} as the positive class (the last category of "
            f"{target.name}); leave it out, change their order there, or infer a new contract with contract.write=true"
        )


def refusal(target: str, task: str) -> InputError:
    """`data.positive` beside a target that has no positive class."""
    what = "an amount" if task == "regression" else "one of several classes"
    return InputError(f"data.positive names one of two classes, and the target {target!r} is {what}; leave it out")


def asked(target: Column, named: str | bool, setting: str = "data.positive") -> str:
    """The label that a setting means, however YAML has read it. Raises InputError where there is none."""
    labels = target.categories
    # YAML's Yes and on are true; a label of that spelling is what was meant
    words = {"True": ("true", "yes", "on", "y"), "False": ("false", "no", "off", "n")}.get(str(named), ())
    found = [label for label in labels if label == str(named)]
    found = found or [label for label in labels if label.casefold() in words]
    if not found:
        try:
            level = target.levels.read(named)
        except Unreadable:
            level = None
        found = [label for label in labels if label == level]
    if not found:
        raise InputError(
            f"{setting}: {named!r} is no label of {target.name!r}; expected one of {', '.join(labels)}"
            f"{nearest(str(named), labels)}"
        )
    return found[0]


def _found(labels: tuple[str, ...], counts: Mapping[str, int]) -> tuple[str, str]:
    """The positive one of two labels, and why."""
    words = [label.strip().casefold() for label in labels]
    yes = [bool(YES.fullmatch(word)) or (word in ("1", "1.0") and bool(NOUGHTS & set(words))) for word in words]
    no = [bool(NO.fullmatch(word)) for word in words]
    for told in (yes, [not found for found in no] if any(no) else yes):
        if sum(told) == 1:
            return labels[told.index(True)], "the word says so (data.positive names the other)"
    rows = [counts.get(label, 0) for label in labels]
    if rows[0] == rows[1]:
        return labels[1], "both are as frequent, so the last one (data.positive names the other)"
    rarer = labels[rows.index(min(rows))]
    share = percent(min(rows) / max(1, sum(rows)))
    return rarer, f"the rarer one, {share} of the rows (data.positive names the other)"
