"""The rows that explain a model: a bounded sample of those that judge it, each with the fit that did not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..decision import decided

if TYPE_CHECKING:
    import pandas as pd

    from ...usecase.evaluated import EvaluatedModel
    from ..decision.decided import Scores
    from ..decision.rule import DecisionRule
    from ..preparation import Prepared
    from ..settings import RowsConfig
    from ..training import Array, Candidate


@dataclass(frozen=True, eq=False)
class Sample:
    """Judged rows [n], their truth, and which of the `judges` answers each.

    `served` is the model that is served, `rule` how it tells two classes apart.
    """

    frame: pd.DataFrame
    truth: Array
    judge: npt.NDArray[np.int64]
    judges: Sequence[Candidate]
    served: Candidate
    rule: DecisionRule | None = None

    @cached_property
    def parts(self) -> tuple[npt.NDArray[np.int64], ...]:
        """The positions that each judge answers."""
        return tuple(np.flatnonzero(self.judge == number) for number in range(len(self.judges)))

    def scores(self, column: str | None = None, orders: Sequence[npt.NDArray[np.int64]] = ()) -> list[Scores]:
        """The judges' scores [n, …] of the rows; for each of the `orders` [n] with the cells of a column taken from
        other rows of the same judge."""
        import pandas as pd

        from ..decision import threshold

        copies = max(1, len(orders))
        found: list[list[Array]] = [[] for _ in range(copies)]
        for positions, judge in zip(self.parts, self.judges, strict=True):
            if not len(positions):
                continue
            rows = self.frame.iloc[positions]
            if column is not None:
                many = pd.concat([rows] * copies, ignore_index=True)
                moved = [self.frame[column].iloc[order[positions]] for order in orders]
                many[column] = pd.concat(moved, ignore_index=True)
                rows = many
            for copy, scores in zip(found, np.split(judge.scores(rows), copies), strict=True):
                copy.append(scores)
        order = np.argsort(np.concatenate([each for each in self.parts if len(each)]), kind="stable")
        return [threshold.answers(self.rule, np.concatenate(copy)[order]) for copy in found]


def draw(config: RowsConfig, prepared: Prepared, chosen: EvaluatedModel) -> Sample:
    """The sample, by the seed."""
    model = chosen.model
    assert model is not None, "a model that becomes a version was fitted in this run"
    served: Candidate = model  # type: ignore[assignment]
    judges = served.judges()
    count = len(prepared.parts.test)
    kept = np.arange(count)
    if count > config.explanation.rows:
        kept = np.sort(np.random.default_rng(config.seed).choice(count, config.explanation.rows, replace=False))
    fold = (
        prepared.parts.fold[kept] if len(judges) == len(prepared.parts.parts) else np.zeros(len(kept), dtype=np.int64)
    )
    return Sample(
        frame=prepared.frame.iloc[prepared.parts.test[kept]].reset_index(drop=True),
        truth=prepared.truth[kept],
        judge=np.asarray(fold, dtype=np.int64),
        judges=judges,
        served=served,
        rule=decided.served(chosen.scores),
    )
