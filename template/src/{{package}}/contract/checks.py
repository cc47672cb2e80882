"""All checks of rows against their contract: every problem in one list, errors first.

How grave a check is stands in conf/contract under `severity`: error, warning or off.
"""

from __future__ import annotations

import pandas as pd

from ..config import ContractSettings
from ..errors import InputError, nearest
from . import cells, patterns
from .catalogue import CHECKS, Problem, counted
from .schema import Contract
from .view import Halves, View

__all__ = ["CHECKS", "Problem", "cells", "check", "patterns", "refuse"]


def check(
    frame: pd.DataFrame,
    contract: Contract,
    settings: ContractSettings,
    split: Halves | None = None,
    *,
    labelled: bool = True,
) -> list[Problem]:
    """Return all problems of raw or typed rows, errors first, in the order of the checks.

    `labelled=False` is for rows whose target is not known yet. Raises InputError for an unknown id in `severity`.
    """
    for name in settings.severity:
        if name not in CHECKS:
            raise InputError(
                f"contract.severity: no check {name!r}{nearest(name, CHECKS)}; the checks are {', '.join(CHECKS)}"
            )
    view = View(frame, contract, settings, split, labelled)
    problems = []
    for entry in CHECKS.values():
        severity = settings.severity.get(entry.id, "warning")
        if severity == "off":
            continue
        for finding in entry.find(view):
            message = entry.message.format(column=finding.column, **finding.words)
            grade = severity if finding.grave else "warning"
            problems.append(
                Problem(
                    check=entry.id,
                    title=entry.title,
                    severity=grade,
                    column=finding.column,
                    message=message,
                    figure=finding.figure,
                )
            )
    return sorted(problems, key=lambda problem: problem.severity != "error")


def refuse(problems: list[Problem]) -> None:
    """Raise InputError where a problem is an error: one line with the first of them and how many there are."""
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        others = f" (and {counted(len(errors) - 1, 'more error')}: see the verb contract)" if len(errors) > 1 else ""
        raise InputError(f"the rows break their contract: {errors[0].message}{others}")
