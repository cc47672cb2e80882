"""What a contract says of how columns may act, by the positions of their features: a column may be several of them.

of(contract, preprocessing)      → Constraints(monotone=(0, 1, 0, -1), groups=((0, 1), (2, 3)))
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ...contract.schema import Contract
from ..preprocessing import Preprocessing

SIGNS = {"increasing": 1, "decreasing": -1}


@dataclass(frozen=True)
class Constraints:
    """`monotone` has 1, -1 or 0 for each feature, nothing where none is bound; only features of one of the `groups` may
    follow each other in a tree, any where there are none."""

    monotone: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()

    @property
    def lightgbm(self) -> dict[str, Any]:
        """LightGBM's parameters."""
        given: dict[str, Any] = {"monotone_constraints": list(self.monotone)} if self.monotone else {}
        return given | ({"interaction_constraints": [list(group) for group in self.groups]} if self.groups else {})

    @property
    def xgboost(self) -> dict[str, Any]:
        """XGBoost's parameters, which it takes as text."""
        return {name: json.dumps(value) for name, value in self.lightgbm.items()} | (
            {"monotone_constraints": str(self.monotone)} if self.monotone else {}
        )


def of(contract: Contract, preprocessing: Preprocessing) -> Constraints:
    """The constraints of the features. Columns that no group names are one more group."""
    features: dict[str, list[int]] = {}
    owners = [encoding.column for encoding in preprocessing.encodings for _ in encoding.features]
    for position, column in enumerate(owners):
        features.setdefault(column, []).append(position)
    signs = {column.name: SIGNS[column.monotone] for column in contract.inputs if column.monotone}
    monotone = tuple(signs.get(column, 0) for column in owners)
    groups = [tuple(at for name in group for at in features.get(name, ())) for group in contract.interactions]
    named = {name for group in contract.interactions for name in group}
    rest = tuple(at for at, column in enumerate(owners) if column not in named)
    parted = tuple(group for group in (*groups, rest) if group) if groups else ()
    return Constraints(monotone if any(monotone) else (), parted)
