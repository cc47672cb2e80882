"""The words of a contract over independent rows: what is predicted, and what a column is for."""

from __future__ import annotations

TASKS = ("binary", "multiclass", "regression")
#: Tasks whose target is an amount; the others have classes.
AMOUNTS = ("regression",)
ROLES = ("target", "id", "feature", "time", "group", "weight", "ignore")
#: Roles whose columns the model sees. A time column gives its date parts as features too.
INPUT_ROLES = ("feature", "time")
#: The role that a column has where nothing speaks for another.
PLAIN_ROLE = "feature"
