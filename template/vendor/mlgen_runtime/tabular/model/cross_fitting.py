"""Fits that judge and teach, and the fit that serves: each part's model answers the rows it did not see.

What is learnt from these answers (the number of trees, the weights of a blend, an interval) is, for the answers of one
part, learnt from the other parts, so no figure flatters; the served model, fitted again on all rows, learns it from all
of them. Preprocessing is fitted within each part, too; the power of a transform of the target is one for all of them.

    parted = cross_fitting.parted(training)                          rows made ready, once for all members
    crossed = cross_fitting.boosted(parted, fitter, most=3000)       margins of held-out rows, and the served trees
    cross_fitting.finished("lightgbm", parted, crossed, record)      → Fitted
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ...rows.training import Training
from .. import link as links
from . import boosting, interval, validation
from .boosting import Ensemble, Fit, Prepared, Rows, Task, Trees
from .candidate import Fitted, Scorer, decimals

Array = npt.NDArray[Any]
Made = TypeVar("Made")

#: Where there is one part, the rows that it holds out are dealt into so many shares, for what is learnt from them.
SHARES = 5


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One part made ready: the rows that it learns from, and those it holds out, encoded as its model encodes."""

    training: Training
    learn: Prepared
    held: Rows


@dataclass(frozen=True, kw_only=True)
class Parted:
    """All parts made ready, and all rows.

    `index` [m] are the positions of the rows held out, part after part, and `share` [m] which of them belong together:
    what is learnt for one share is learnt from the others. `nested` says that the rows held out may not stop a fit.
    """

    training: Training
    whole: Prepared
    folds: tuple[Fold, ...]
    index: Array
    share: Array
    nested: bool

    @property
    def truth(self) -> Array:
        """The target of the rows held out [m], on the scale that is learnt or as codes."""
        target = self.training.target[self.index]
        return target if self.training.classes else links.margins(target, self.whole.task.link)

    def residuals(self, margins: Array, link: str) -> Array:
        """How far the amounts held out [m] lie from margins [m, 1], in the unit of an interval."""
        return links.residuals(self.training.target[self.index], margins[:, 0], link)

    @property
    def weight(self) -> Array:
        """The weight of the rows held out [m]."""
        return self.training.weights()[self.index]

    def others(self) -> Iterable[tuple[Array, Array]]:
        """For each share, masks [m]: its rows, and those of all the others."""
        return ((self.share == number, self.share != number) for number in range(int(self.share.max()) + 1))


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """What one kind of model came to: margins [m, 1 or k] of the rows held out, and what computes them in service.

    `judges` make, for each part, what answered the rows that it holds out.
    """

    margins: Array
    scorer: Scorer
    record: dict[str, object]
    judges: tuple[Callable[[], Scorer], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know: which columns a line does without, to keep the contract."""
        left = self.record.get("left_out")
        if not isinstance(left, list):
            return ()
        names = ", ".join(map(str, left))
        return (f"its linear model does without {names}, whose weight would go against `monotone` in the contract",)


def parted(training: Training) -> Parted:
    """Make the rows of every part ready, once for baselines and candidate."""
    kept = training.kept.get("parted")
    if kept is None:
        kept = training.kept["parted"] = _parted(training)
    assert isinstance(kept, Parted)
    return kept


def _parted(training: Training) -> Parted:
    link, parts = boosting.link(training), validation.parts(training)
    whole = boosting.prepare(training, link)
    ready = []
    for part in parts:
        learning = training.take(part.learn)
        if training.parts:
            learn = boosting.prepare(learning, link)
            held = boosting.encoded(training.take(part.held), learn.preprocessing, link)
        else:  # rows that only teach need not be strangers to the encoding
            learn, held = replace(whole, rows=whole.rows.take(part.learn)), whole.rows.take(part.held)
        ready.append(Fold(training=learning, learn=learn, held=held))
    single = len(parts) == 1
    index = np.concatenate([part.held for part in parts])
    return Parted(
        training=training,
        whole=whole,
        folds=tuple(ready),
        index=index,
        share=np.arange(len(index)) % min(SHARES, max(2, len(index)))
        if single
        else np.repeat(np.arange(len(parts)), [len(part.held) for part in parts]),
        nested=bool(training.parts) and (single or training.time is not None),
    )


def learnt(parted: Parted, learn: Callable[[Training, Prepared], tuple[Scorer, dict[str, object]]]) -> Crossed:
    """Fit whatever `learn` fits to the rows of each part, and to all rows."""
    made = _each(parted, lambda fold: learn(fold.training, fold.learn))
    margins = [scorer.margins(fold.held.matrix) for (scorer, _), fold in zip(made, parted.folds, strict=True)]
    scorer, record = learn(parted.training, parted.whole)
    judges = tuple(partial(_itself, found) for found, _ in made)
    return Crossed(margins=np.concatenate(margins), scorer=scorer, record=record, judges=judges)


def _itself(scorer: Scorer) -> Scorer:
    return scorer


def alike(crossed: Crossed, parted: Parted) -> Crossed:
    """A constant with the served answer for every row held out, too.

    The constants of the parts differ in the last digits, against the shares of the rows that they answer: as scores
    they would rank whole parts, the wrong way round, and make any other model look better than chance.
    """
    served = crossed.scorer.margins(parted.whole.rows.matrix[:1])
    return replace(crossed, margins=np.repeat(served, len(crossed.margins), axis=0))


def boosted(parted: Parted, library: Callable[[Task], Fit], most: int) -> Crossed:
    """Fit one booster of a library to the rows of each part and to all rows, with at most `most` trees (per class).

    The number of trees is where the mean loss of the held-out rows is least: for a part, of the other parts' rows.
    """
    tried = _each(parted, lambda fold: _tried(parted, fold, library, most))
    alone = parted.nested or len(tried) == 1
    margins, judges = [], []
    for number, (fold, trees) in enumerate(zip(parted.folds, tried, strict=True)):
        rounds = trees.rounds if alone else best_rounds([*tried[:number], *tried[number + 1 :]])
        margins.append(trees.margins(fold.held.matrix, rounds))
        judges.append(partial(_cut, trees, rounds))
    rounds = best_rounds(tried)
    if parted.training.settings.refit:
        final = library(parted.whole.task)(parted.whole.rows, rounds, None)
    else:
        final = tried[0].cut(rounds)
    return Crossed(
        margins=np.concatenate(margins),
        scorer=Ensemble(((1.0, final),)),
        record={"trees": final.rounds},
        judges=tuple(judges),
    )


def _cut(trees: Trees, rounds: int) -> Ensemble:
    return Ensemble(((1.0, trees.cut(rounds)),))


def _tried(parted: Parted, fold: Fold, library: Callable[[Task], Fit], most: int) -> Trees:
    """A booster of one part, stopped by the rows that it holds out, or by some of its own where those may not."""
    task = fold.learn.task
    fitter = library(replace(task, threads=max(1, task.threads // min(len(parted.folds), parted.training.threads))))
    if not parted.nested:
        return fitter(fold.learn.rows, most, fold.held)
    learn, held = validation.holdout(fold.training, fold.training.settings.validation_size)
    return fitter(fold.learn.rows.take(learn), most, fold.learn.rows.take(held))


def _each(parted: Parted, fit: Callable[[Fold], Made]) -> list[Made]:
    """Fit every part, as many at a time as there are threads: the libraries let go of the interpreter."""
    with ThreadPoolExecutor(max(1, min(parted.training.threads, len(parted.folds)))) as pool:
        return list(pool.map(fit, parted.folds))


def best_rounds(tried: Sequence[Trees]) -> int:
    """The number of trees at which the mean loss of the held-out rows is least, as far as all of them went."""
    length = min(len(booster.history) for booster in tried)
    return int(np.mean([booster.history[:length] for booster in tried], axis=0).argmin()) + 1


def finished(
    name: str,
    parted: Parted,
    crossed: Crossed,
    record: dict[str, object],
    *,
    link: str | None = None,
    notes: tuple[str, ...] = (),
) -> Fitted:
    """The finished candidate: the interval that the rows held out teach, and their answers where they judge it."""
    training, link = parted.training, link or parted.whole.task.link
    offsets, objective = None, parted.whole.task.objective
    if not training.classes:
        said = {} if objective.figure is None else {"objective_figure": objective.figure}
        record = {**record, "objective": objective.name, **said}
        offsets = interval.offsets(parted.residuals(crossed.margins, link), training.coverage, parted.weight)
    return Fitted(
        name=name,
        preprocessing=parted.whole.preprocessing,
        scorer=crossed.scorer,
        link=link,
        classes=training.classes,
        interval=offsets,
        decimals=decimals(training),
        record=record | crossed.record,
        notes=(*notes, *crossed.notes),
        held_out=_answers(parted, crossed.margins, link) if training.parts else None,
        judging=tuple(
            (fold.learn.preprocessing, judge) for fold, judge in zip(parted.folds, crossed.judges, strict=True)
        )
        if training.parts
        else (),
    )


def _answers(parted: Parted, margins: Array, link: str) -> Array:
    """The answers [m, width] of the rows held out; the interval of each share is learnt from the others."""
    if parted.training.classes:
        return links.scores(margins, link)
    residuals, weight = parted.residuals(margins, link), parted.weight
    found = np.empty((len(margins), 3))
    for mine, rest in parted.others():
        ends = interval.offsets(residuals[rest], parted.training.coverage, weight[rest])
        found[mine] = links.outputs(margins[mine], link, ends)
    return found
