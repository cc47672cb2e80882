"""The words of a contract over time series: what is predicted, and what a column is for."""

from __future__ import annotations

TASKS = ("forecasting",)
#: Tasks whose target is an amount: all of them.
AMOUNTS = TASKS
ROLES = ("target", "time", "series", "past", "known_future", "static", "ignore")
#: Roles whose columns the model sees; the target is one, because its past is.
INPUT_ROLES = ("series", "time", "target", "past", "known_future", "static")
#: The role that a column has where nothing speaks for another.
PLAIN_ROLE = "ignore"
