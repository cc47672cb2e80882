"""Fill the log of a generated project with windows of real rows, as if they had been served: run by its own Python.

    .venv/bin/python replay_rows.py '{"rows": "rest.csv", "database": "replay.db", …}'

Each row is a request of its own, drawn at random (with replacement) from rows that training never saw, answered by the
champion. Traffic and latency vary from window to window as they do on a shared machine; some requests are refused, few
fail; of half of the rows the truth arrives, hours later. In the windows of the shift something is different:

scaled   a column of numbers is multiplied             swapped   two values of a column change places
share    rows of one predicted label become frequent   nulls     a column is often empty
unseen   a column often holds a new category           slow      latency is twice as high
errors   one request in 25 fails                       worse     the truth is another one for four rows in ten
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlgen_runtime import contract
from mlgen_runtime.prediction_log.database import open_database
from mlgen_runtime.usecase import configuration, registry
from mlgen_runtime.usecase.loading import load_champion

START, HOUR = 1_767_225_600.0, 3600.0  # 2026-01-01; a window is an hour
MEDIAN_MS, SPREAD, MACHINE = 2.0, 0.35, 0.08  # of a request; of its logarithm, and of that of a whole window
REFUSED, FAILED, KNOWN, HOURS = 0.004, 0.0003, 0.5, 2.0  # shares of requests; mean hours until a truth is known


@dataclass(frozen=True)
class Plan:
    """What is replayed; `first` and `last` are the windows of the shift, `last` not included."""

    rows: str
    database: str
    target: str
    overrides: list[str]
    windows: int
    size: int
    seed: int
    kind: str = ""
    column: str = ""
    values: tuple[str, ...] = ()
    first: int = 0
    last: int = 0


@dataclass
class Drawn:
    """The requests of a window: rows with their truth, and what the service did."""

    rows: pd.DataFrame
    truth: np.ndarray
    ms: np.ndarray
    failed: np.ndarray


def main(plan: Plan) -> None:
    """Write all windows into the database."""
    config = configuration.load(plan.overrides, Path.cwd())
    model = load_champion(config, bulk=True)
    pool = pd.read_csv(plan.rows)
    random = np.random.default_rng(plan.seed)
    groups = _predicted(model, config, pool) if plan.kind == "share" else None
    with open_database(f"sqlite:///{plan.database}", Path.cwd()) as database:
        for number in range(plan.windows):
            drawn = _draw(plan, pool, groups, number, random)
            with database.transaction():
                _write(model, config, database, number, drawn, random)


def _draw(plan: Plan, pool: pd.DataFrame, groups: np.ndarray | None, number: int, random: Any) -> Drawn:
    shifted = plan.first <= number < plan.last
    weights = None
    if groups is not None and shifted:
        wanted, hit = float(plan.values[1]), groups == plan.values[0]
        weights = np.where(hit, wanted / hit.sum(), (1 - wanted) / (~hit).sum())
    size = int(random.poisson(plan.size))
    rows = pool.iloc[random.choice(len(pool), size=size, p=weights)].reset_index(drop=True)
    truth = rows.pop(plan.target).to_numpy()
    ms = MEDIAN_MS * np.exp(random.normal(0, SPREAD, size) + random.normal(0, MACHINE))
    ms = np.where(random.random(size) < 0.005, ms * 10, ms)
    failed = random.random(size) < FAILED
    if shifted:
        rows, truth = _shift(plan, rows, truth, random)
        ms = ms * 2 if plan.kind == "slow" else ms
        failed |= (random.random(size) < 0.04) if plan.kind == "errors" else False
    return Drawn(rows, truth, ms, failed)


def _shift(plan: Plan, rows: pd.DataFrame, truth: np.ndarray, random: Any) -> tuple[pd.DataFrame, np.ndarray]:
    column, chosen = plan.column, random.random(len(rows))
    if plan.kind == "scaled":
        rows[column] = rows[column] * float(plan.values[0])
    elif plan.kind == "swapped":
        one, other = (
            rows[column].dtype.type(value) if rows[column].dtype.kind in "iuf" else value for value in plan.values
        )
        rows[column] = rows[column].replace({one: other, other: one})
    elif plan.kind == "nulls":
        rows[column] = rows[column].where(chosen > 0.25)
    elif plan.kind == "unseen":
        rows[column] = rows[column].where(chosen > 0.15, plan.values[0])
    elif plan.kind == "worse":
        truth = np.where(chosen < 0.4, random.permutation(truth), truth)
    return rows, truth


def _write(model: Any, config: Any, database: Any, number: int, drawn: Drawn, random: Any) -> None:
    size = len(drawn.rows)
    ids = [f"{number:04}-{at:05}" for at in range(size)]
    at = START + (number + np.sort(random.random(size))) * HOUR
    empty = [column.name for column in model.contract.inputs if not column.nullable]
    missing = drawn.rows[empty].isna().to_numpy()
    refused = missing.any(axis=1) | (random.random(size) < REFUSED)
    served = np.flatnonzero(~refused & ~drawn.failed)
    outputs = _answers(model, config, drawn.rows.iloc[served])
    features = [json.dumps(record) for record in _records(drawn.rows.iloc[served])]
    names = [name for name in outputs if name != "prediction"]
    predicted = [json.dumps(value) for value in outputs["prediction"].tolist()]
    beside = [json.dumps(dict(zip(names, row, strict=True))) for row in zip(*(outputs[n].tolist() for n in names))]  # noqa: B905
    beside = beside or ["{}"] * len(served)
    entries = [(ids[i], 0, "rest", at[i], model.version, drawn.ms[i], None) for i in served.tolist()]
    database.many(
        "INSERT INTO prediction_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*entry, *told) for entry, *told in zip(entries, features, predicted, beside, strict=True)],
    )
    turned_away = np.flatnonzero(refused | drawn.failed).tolist()
    status = np.where(drawn.failed, 500, 422).tolist()
    faults = [
        json.dumps([{"loc": ["records", 0, empty[at]], "msg": "expected a value"} for at in np.flatnonzero(missing[i])])
        for i in turned_away
    ]
    database.many(
        "INSERT INTO refusal_log VALUES (?, ?, '/predict', ?, ?, ?, ?)",
        [
            (ids[i], at[i], status[i], drawn.ms[i], model.version, said)
            for i, said in zip(turned_away, faults, strict=True)
        ],
    )
    known = served[random.random(len(served)) < KNOWN]
    later = at[known] + random.exponential(HOURS * HOUR, len(known))
    plain = [value.item() if hasattr(value, "item") else value for value in drawn.truth[known]]
    database.many(
        "INSERT INTO outcome_log VALUES (?, ?, ?, 'rest')",
        [(f"{ids[i]}/0", when, json.dumps(truth)) for i, when, truth in zip(known, later, plain, strict=True)],
    )


def _answers(model: Any, config: Any, rows: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """What the champion says to rows as a client sends them."""
    inputs = dataclasses.replace(model.contract, columns=tuple(model.contract.inputs))
    typed = contract.conform(rows[[column.name for column in inputs.columns]], inputs, lenient=True)
    return registry.find(model.use_case).monitoring_view.answer(model, typed, config)[0]


def _predicted(model: Any, config: Any, pool: pd.DataFrame) -> np.ndarray:
    """The label that each row of the pool gets."""
    return _answers(model, config, pool)["prediction"].astype(str)


def _records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as a client writes them in JSON: null for what is missing."""
    columns = {str(name): rows[name].astype(object).where(rows[name].notna(), None).tolist() for name in rows.columns}
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(columns, cells, strict=True))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    main(Plan(**given | {"values": tuple(given.get("values", ()))}))
