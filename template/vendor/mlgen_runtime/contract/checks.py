"""All checks of rows against their contract: every problem in one list, errors first.

How grave a check is stands in conf/contract under `severity`: error, warning or off.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..config.settings import CheckSettings
from ..core.errors import InputError, nearest
from .catalogue import Check, Problem, counted
from .schema import Contract
from .view import Halves, View

__all__ = ["Problem", "check", "examine", "refuse", "view"]


def check(
    frame: pd.DataFrame,
    contract: Contract,
    settings: CheckSettings,
    checks: Mapping[str, Check],
    split: Halves | None = None,
    *,
    labelled: bool = True,
) -> list[Problem]:
    """Return all problems of raw or typed rows, errors first, in the order of the use case's `checks`.

    `labelled=False` is for rows whose target is not known yet. Raises InputError for an unknown id in `severity`.
    """
    return examine(view(frame, contract, settings, checks, split, labelled=labelled), checks)


def view(
    frame: pd.DataFrame,
    contract: Contract,
    settings: CheckSettings,
    checks: Mapping[str, Check],
    split: Halves | None = None,
    *,
    labelled: bool = True,
) -> View:
    """Return rows as checks see them; raises InputError for an unknown id in `severity`."""
    for name in settings.severity:
        if name not in checks:
            raise InputError(
                f"contract.severity: no check {name!r}{nearest(name, checks)}; the checks are {', '.join(checks)}"
            )
    return View(frame, contract, settings, split, labelled)


def examine(view: View, checks: Mapping[str, Check]) -> list[Problem]:
    """Return what some checks find in rows that are seen through their contract already, errors first."""
    problems = []
    for entry in checks.values():
        severity = view.settings.severity.get(entry.id, "warning")
        if severity == "off":
            continue
        for finding in entry.find(view):
            message = entry.message.format(column=finding.column, **finding.words)
            problems.append(
                Problem(
                    check=entry.id,
                    title=entry.title,
                    severity=severity if finding.grave else "warning",
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
