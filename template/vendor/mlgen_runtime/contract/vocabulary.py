"""The words of a contract: what can be predicted, and what a column can be for. Each use case has its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The tasks, those of them whose target is an amount (the others have classes), and the roles of columns.

    The model sees the columns with one of `input_roles`; a column has `plain_role` where nothing speaks for another.
    `constraints` tells whether columns may be bound in how they act on the prediction, `derives` whether features can
    be derived from columns.
    """

    tasks: tuple[str, ...]
    amounts: tuple[str, ...]
    roles: tuple[str, ...]
    input_roles: tuple[str, ...]
    plain_role: str
    constraints: bool = False
    derives: bool = False
