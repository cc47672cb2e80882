"""How columns may act on the prediction, as a contract says it: in one direction, or together with some others only.

tenure: {role: feature, type: integer, monotone: decreasing}      a longer tenure never raises the prediction
interactions: [[age, income], [region]]      in a group columns act together; all others are one more group
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError, nearest

if TYPE_CHECKING:
    from .schema import Column, Contract

DIRECTIONS = ("increasing", "decreasing")


def check(contract: Contract) -> None:
    """Raise InputError for a constraint that no model of this contract could keep."""
    bound = [column for column in contract.columns if column.monotone is not None]
    if (bound or contract.interactions) and not contract.vocabulary.constraints:
        what = f"column {bound[0].name!r} has monotone" if bound else "it has interactions"
        raise InputError(f"contract: {what}, which this use case does not know; take the entry out")
    for column in bound:
        _monotone(column, contract)
        if feature := next((feature for feature in contract.features if column.name in feature.columns), None):
            raise InputError(
                f"contract: column {column.name!r} has monotone {column.monotone!r}, and feature {feature.name!r} is "
                "derived from it, which no model can keep in that direction; take the entry or the feature out"
            )
    names = [*(column.name for column in contract.inputs), *(feature.name for feature in contract.features)]
    for group in contract.interactions:
        for name in group:
            if name not in names:
                raise InputError(
                    f"contract: interactions name {name!r}, which is no input{nearest(name, names)}; "
                    f"expected some of {', '.join(names)}"
                )


def _monotone(column: Column, contract: Contract) -> None:
    """Refuse a direction where a column or a task has no order."""
    fault = f"contract: column {column.name!r} has monotone {column.monotone!r}"
    if column.monotone not in DIRECTIONS:
        raise InputError(f"{fault}; expected one of {', '.join(DIRECTIONS)}{nearest(str(column.monotone), DIRECTIONS)}")
    if column not in contract.inputs:
        raise InputError(f"{fault}, and its role is {column.role}: it is for what the model sees; take the entry out")
    if not column.is_number:
        raise InputError(
            f"{fault}, and its type is {column.type}, which has no direction: it is for numbers and truth values; "
            "take the entry out"
        )
    if len(contract.labels) > 2:
        raise InputError(
            f"{fault}, and {contract.target.name!r} has {len(contract.labels)} classes, which have no order: it is for "
            "amounts and two classes; take the entry out"
        )


def groups(entries: object, where: str) -> tuple[tuple[str, ...], ...]:
    """The groups of columns from plain data; raises InputError where they are no list of lists."""
    listed = entries if isinstance(entries, list | tuple) else () if entries is None else None
    if listed is None or not all(isinstance(group, list | tuple) and group for group in listed):
        raise InputError(f"{where}: interactions is {entries!r}; expected lists of columns, such as [[age, income]]")
    return tuple(tuple(str(name) for name in group) for group in listed)
