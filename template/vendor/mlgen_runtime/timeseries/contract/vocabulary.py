"""The words of a contract over time series: what is predicted, and what a column is for."""

from __future__ import annotations

from ...contract.vocabulary import Vocabulary

TASKS = ("forecasting",)
#: The history of the target is an input, too.
VOCABULARY = Vocabulary(
    tasks=TASKS,
    amounts=TASKS,
    roles=("target", "time", "series", "past", "known_future", "static", "ignore"),
    input_roles=("series", "time", "target", "past", "known_future", "static"),
    plain_role="ignore",
)
