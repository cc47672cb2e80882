"""The checks that compare whole columns and rows: constants, repeats, thin classes, and features that know too much."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ...contract import leakage
from ...contract.catalogue import Check, Finding, counted, entered, percent
from ...contract.view import View
from ..imbalance import THRESHOLD, WEIGHTS
from ..settings import ContractSettings
from .compared import keys, leaking, seen, truth
from .proposal import FEW_ROWS, ID_NAME

CHECKS: dict[str, Check] = {}
#: One of several classes is rare below so much of an even share, whatever is set: one of twenty has few rows by nature.
RARE = 0.25
#: What to do about an imbalanced target of two classes, and of more.
REMEDIES = {
    True: f"{THRESHOLD} (the label follows the threshold that does best) or train.class_weight=balanced (its rows "
    "weigh more, so probabilities shift), and judge a ranking by gate.metric=average_precision",
    False: WEIGHTS,
}
#: Labels that a sentence shows at most.
SHOWN = 3


@entered(CHECKS, "Features with one value")
def constant_columns(view: View) -> Iterator[Finding]:
    """{column} holds the same value in every row and tells nothing; check the source, or give it the role ignore"""
    for column in view.inputs:
        cells = view.typed[column.name]
        if view.rows > 1 and not view.bad[column.name].any() and bool((cells == cells.iloc[0]).all()):
            yield Finding(column.name)


@entered(CHECKS, "Rows that repeat another row")
def duplicate_rows(view: View) -> Iterator[Finding]:
    """{count} ({share}) {repeat} another one in all features and the target; if it is the same case told twice,
    keep one of them"""
    repeated = int(pd.Series(view.once(keys)).duplicated().sum())
    share = repeated / max(1, view.rows)
    if share > _settings(view).duplicate_share:
        repeat = "repeats" if repeated == 1 else "repeat"
        yield Finding(None, share, count=counted(repeated, "row"), share=percent(share), repeat=repeat)


@entered(CHECKS, "Classes with too few rows")
def few_class_rows(view: View) -> Iterator[Finding]:
    """class {label!r} of {column} has {count}, fewer than {least}; collect more, or merge it with another class"""
    if view.labels is None:
        return
    counts = np.bincount(view.labels[view.labels >= 0], minlength=len(view.contract.labels))
    for label, count in zip(view.contract.labels, counts.tolist(), strict=True):
        if count < _settings(view).min_class_rows:
            least = _settings(view).min_class_rows
            yield Finding(view.contract.target.name, count, label=label, count=counted(count, "row"), least=least)


@entered(CHECKS, "Classes that are rare")
def rare_classes(view: View) -> Iterator[Finding]:
    """{column} is imbalanced, {labels} (rare: under {limit}): a model that is right most of the time may never predict
    {it}, and accuracy would not show it; look at the recall of each class after training, and if it is low try
    {remedy}"""
    if view.labels is None:
        return
    known = view.labels[view.labels >= 0]
    counts = np.bincount(known, minlength=len(view.contract.labels))
    share = _settings(view).rare_class_share
    limit = share if len(counts) == 2 else min(share, RARE / len(counts))
    few = limit * len(known)
    rare = [
        code
        for code in np.argsort(counts, kind="stable").tolist()
        if _settings(view).min_class_rows <= counts[code] < few
    ]
    if rare:
        shares = [(view.contract.labels[code], counts[code] / len(known)) for code in rare]
        listed = ", ".join(f"{label!r} in {percent(share)} of the rows" for label, share in shares[:SHOWN])
        more = f" (and {len(rare) - SHOWN} more labels are as rare)" if len(rare) > SHOWN else ""
        it = "it" if len(rare) == 1 else "them"
        remedy = REMEDIES[len(counts) == 2]
        told = percent(limit)
        yield Finding(view.contract.target.name, shares[0][1], labels=listed + more, limit=told, it=it, remedy=remedy)


@entered(CHECKS, "Features that look like ids")
def id_like_features(view: View) -> Iterator[Finding]:
    """{column} has a different value in {share} of the rows and looks like an id, which cannot help with new rows;
    give it the role id in the contract"""
    for column in view.inputs:
        if view.rows <= FEW_ROWS or column.type not in ("integer", "category", "text"):
            continue
        share = view.typed[column.name].nunique() / view.rows
        named = bool(ID_NAME.search(column.name))
        if (share == 1 and column.type != "integer") or (share > 0.9 and named):
            yield Finding(column.name, share, share=percent(share))


@entered(CHECKS, "Features that give the target away exactly")
def exact_leaks(view: View) -> Iterator[Finding]:
    """{column} {reason}; give it the role ignore in the contract, unless you will truly know it when you predict"""
    for name, reason in view.once(leaking).items():
        yield Finding(name, reason=reason)


@entered(CHECKS, "Features that alone tell the target")
def suspicious_features(view: View) -> Iterator[Finding]:
    """{column} alone tells the target with {measure} {value:.4f}; make sure that it is known before the outcome is,
    otherwise give it the role ignore"""
    if view.target is None:
        return
    rows = leakage.sample_rows(view.rows)
    whole = truth(view, rows)
    known = whole.numbers is not None and ~np.isnan(whole.numbers) if view.labels is None else whole.levels() >= 0
    rows = rows[known]
    if len(rows) < leakage.MIN_ROWS:
        return
    target = truth(view, rows)
    regression = view.contract.is_amount
    limit = _settings(view).leakage_r2 if regression else _settings(view).leakage_auc
    for column in view.inputs:
        if column.name in view.once(leaking):
            continue
        figure = leakage.strength(target, seen(view, column, rows), view.contract.task)
        if figure > limit:
            measure = "R2" if regression else "an area under the ROC curve of"
            yield Finding(column.name, figure, measure=measure, value=figure)


@entered(CHECKS, "Test rows that also train")
def duplicates_across_split(view: View) -> Iterator[Finding]:
    """{count} ({share} of them) {repeat} a training row in all features and the target, so the score flatters;
    remove repeats, or use split=group"""
    if view.split is None or not any(len(part.held) for part in view.split.parts):
        return
    marks = view.once(keys)
    shared = pd.concat([pd.Series(marks[part.held]).isin(marks[part.learn]) for part in view.split.parts])
    if shared.any():
        share, count = float(shared.mean()), int(shared.sum())
        repeat = "repeats" if count == 1 else "repeat"
        yield Finding(None, share, count=counted(count, "test row"), share=percent(share), repeat=repeat)


def _settings(view: View) -> ContractSettings:
    """conf/contract with the entries that rows add to it."""
    assert isinstance(view.settings, ContractSettings)
    return view.settings
