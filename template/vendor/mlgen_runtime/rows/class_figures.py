"""The figures of single classes, and of the decision between two, for the card and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.figures import figure
from .decision import decided, threshold

if TYPE_CHECKING:
    import numpy as np

    from ..contract.schema import Contract
    from ..usecase.evaluated import EvaluatedModel

NAMES = ("precision", "recall", "f1")
#: Metrics of labels that the card names beside the threshold.
BESIDE = ("f1", "precision", "recall", "balanced_accuracy", "accuracy", "value")


def facts(chosen: EvaluatedModel, contract: Contract) -> dict[str, str]:
    """The threshold in large, and the figure that it was chosen for."""
    found = decided.served(chosen.scores)
    if found is None:
        return {}
    why = f", chosen for {found.maximise}" if found.maximise else ""
    named = {f"threshold of {contract.positive}{why}": f"{found.threshold:g}"}
    told = found.maximise or ("value" if found.value else "f1")
    names = {"value": "value of a row, on average"}
    return named | ({names.get(told, told): figure(chosen.metrics[told])} if told in chosen.metrics else {})


def tables(chosen: EvaluatedModel, contract: Contract) -> dict[str, list[dict[str, str]]]:
    """Precision, recall and F1 of each class, heading to rows."""
    rows = [
        {"class": label, **{name: f"{value:.3f}" for name, value in figures.items()}}
        for label, figures in _classes(chosen, contract).items()
    ]
    return {"Each class": rows} if rows else {}


def details(chosen: EvaluatedModel, contract: Contract, truth: np.ndarray) -> dict[str, Any]:
    """Figures of each class, and how two of them are told apart."""
    found: dict[str, Any] = {"classes": _classes(chosen, contract)}
    rule = decided.served(chosen.scores)
    if rule is not None:
        found["decision"] = {
            "positive": contract.positive,
            **rule.to_dict(),
            "outcomes": threshold.outcomes(truth, chosen.scores),
            **{name: chosen.metrics[name] for name in BESIDE if name in chosen.metrics},
        }
    return found


def _classes(chosen: EvaluatedModel, contract: Contract) -> dict[str, dict[str, float]]:
    return {
        label: {name: chosen.metrics[f"{name}_{label}"] for name in NAMES}
        for label in contract.labels
        if f"f1_{label}" in chosen.metrics
    }
