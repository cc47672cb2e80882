"""What a model of rows looks at, how its answers move with the main inputs, and where it is weak: for its card.

    explain(config, training, prepared, chosen, metric)    → Explained(pictures=…, figures=…)

importance    how much worse the deciding metric gets when an input is shuffled, with its spread; and mean |SHAP|
dependence    the mean answer by the value of an input, all others as they are
slices        levels and ranges of inputs in which the metric is worst
learning      the metric by number of training rows
plots         all of it, drawn

All is measured on a bounded sample of the judged rows, drawn by the seed. Each row is answered by the fit that did not
see it, so an input that was merely memorised is not important.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...usecase.explained import Explained

if TYPE_CHECKING:
    from ...usecase.evaluated import EvaluatedModel
    from ..metrics import Metric
    from ..preparation import Prepared
    from ..settings import RowsConfig
    from ..training import Training

__all__ = ["explain"]


def explain(
    config: RowsConfig, training: Training, prepared: Prepared, chosen: EvaluatedModel, metric: Metric
) -> Explained:
    """Everything that conf/explanation asks for; of a model whose answers are all alike, only where it is weak."""
    from . import dependence, importance, learning, plots, slices
    from .sample import draw

    settings, contract = config.explanation, prepared.contract
    sample = draw(config, prepared, chosen)
    weighed = importance.measure(config, sample, contract, chosen.folder, metric)
    curves = dependence.measure(settings, sample, contract, [each.input for each in weighed])
    weak = slices.measure(settings, prepared, chosen, metric, config.seed)
    learnt = learning.measure(config, training, prepared, metric, sample.rule) if settings.learning_curve else ()
    figures: dict[str, Any] = {
        "metric": metric.name,
        "rows": len(sample.truth),
        "importance": [each.figures() for each in weighed],
        "dependence": [each.figures() for each in curves],
        "slices": [each.figures() for each in weak],
        "learning_curve": [each.figures() for each in learnt],
    }
    whole = (
        chosen.metrics[metric.name] if metric.name in chosen.metrics else metric.value(prepared.truth, chosen.scores)
    )
    drawn = plots.draw(metric, weighed, curves, weak, learnt, whole, contract)
    message = f"{len(weighed)} inputs on {len(sample.truth):,} rows, {len(weak)} slices"
    return Explained(message=message, pictures=drawn, captions=plots.CAPTIONS, figures=figures)
