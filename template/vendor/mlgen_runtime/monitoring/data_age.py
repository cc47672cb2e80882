"""How old the newest value is that answers rest on, where a use case's answers rest on values that get old."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..usecase import registry
from .labelled_answers import newest
from .measure import Measure
from .window import DEPLOYMENTS

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..prediction_log.database import Database
    from .time_range import TimeRange
    from .window import Window


def measure(
    database: Database,
    model: Predictor,
    time_range: TimeRange,
    before: Sequence[Window],
    deployments: Sequence[str] = DEPLOYMENTS,
) -> list[Measure]:
    """Hours from the newest value that the newest answers rest on to the end of the window, of the worst series."""
    found = newest(database, time_range, model, deployments)
    ages = {name: (time_range.end - at) / 3600 for name, at in found.items()}
    if not ages:
        return []
    worst = max(ages, key=lambda name: ages[name])
    which = f" ({worst})" if worst and len(ages) > 1 else ""
    message = f"answers rest on values up to {ages[worst]:.1f} hours ago{which}"
    reach = registry.find(model.use_case).monitoring_view.reach(model)
    share = ages[worst] / reach
    against = f"{message}; forecasts reach {reach:.1f} hours ahead"
    # who only ever asks about the past, as with a sample, is not told in each window that it is past
    earlier = [figure.value for kept in before for figure in kept.of("data_age_reach")]
    fresh = any(value is not None and value <= 1 for value in earlier)
    return [
        Measure(metric="data_age_hours", subject="", value=ages[worst], rows=len(ages), proven=True, message=message),
        Measure(metric="data_age_reach", subject="", value=share, rows=len(ages), proven=fresh, message=against),
    ]
