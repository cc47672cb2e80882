"""What the settings of a decision say about a contract, refused before anything is fitted or written where it is
nonsense: a threshold beside a regression, a weight of a label that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.errors import InputError
from ..contract.positive import asked
from . import threshold

if TYPE_CHECKING:
    from ...contract.schema import Contract
    from ..settings import RowsConfig


def check(config: RowsConfig, contract: Contract) -> None:
    """Raise InputError naming the first setting that makes no sense for the contract's target."""
    settings, target = config.decision, contract.target.name
    given = {
        "decision.threshold": settings.threshold,
        "decision.maximise": settings.maximise,
        "decision.value": "given" if settings.value.given else None,
    }
    named = next(((name, value) for name, value in given.items() if value is not None), None)
    if named is not None and contract.positive is None:
        what = "is an amount, not one of two" if contract.is_amount else f"is one of {len(contract.labels)}"
        shown = named[1] if isinstance(named[1], str) else f"{named[1]:g}"
        raise InputError(
            f"{named[0]} is {shown}: a threshold decides between two classes, and {target!r} {what}; leave it out"
        )
    wanted = threshold.aim(settings) if settings.threshold == "auto" else settings.maximise
    if wanted == "value" and not settings.value.given:
        raise InputError(
            "decision.maximise is 'value', and nothing says what an outcome is worth; give decision.value, such as "
            "'decision.value={true_positive: 100, false_positive: -10}'"
        )
    if settings.maximise is not None and settings.threshold != "auto":
        fixed = "0.5" if settings.threshold is None else f"{settings.threshold:g}"
        raise InputError(
            f"decision.maximise is {settings.maximise!r}, and the threshold is {fixed} whatever it maximises; set "
            "decision.threshold=auto, or leave decision.maximise out"
        )
    if config.gate.metric == "value" and contract.positive is not None and not settings.value.given:
        raise InputError(
            "gate.metric is 'value', and nothing says what an outcome is worth; give decision.value, such as "
            "'decision.value={true_positive: 100, false_positive: -10}'"
        )
    _check_weights(config, contract)


def _check_weights(config: RowsConfig, contract: Contract) -> None:
    chosen = config.train.class_weight
    if chosen != "none" and contract.is_amount:
        raise InputError(
            f"train.class_weight weighs the rows of a class, and {contract.target.name!r} is an amount; leave it out, "
            "or give a column of the contract the role weight"
        )
    if isinstance(chosen, dict):
        class_weights(chosen, contract)


def class_weights(chosen: dict[str, float], contract: Contract) -> list[float]:
    """The weight of each label in encoded order, 1 where none is given. Raises InputError for what is no label."""
    known = {asked(contract.target, name, "train.class_weight"): weight for name, weight in chosen.items()}
    return [known.get(label, 1.0) for label in contract.labels]
