"""The words of a contract over independent rows: what is predicted, and what a column is for."""

from __future__ import annotations

from ...contract.vocabulary import Vocabulary

TASKS = ("binary", "multiclass", "regression")
#: A time column gives its date parts as features too.
VOCABULARY = Vocabulary(
    tasks=TASKS,
    amounts=("regression",),
    roles=("target", "id", "feature", "time", "group", "weight", "ignore"),
    input_roles=("feature", "time"),
    plain_role="feature",
    constraints=True,
    derives=True,
)
