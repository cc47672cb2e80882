"""Rows in production: what of them is watched, and how logged answers meet the truth that arrived later.

Monitoring asks here, and so does whoever decides about training anew; the functions are the same in every use case.
Answers come as a table with the columns request_id, row, at, key, prediction, those of `needed`, and truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.features import columns
from ..core.figures import figure
from ..usecase.labelled import Figure, LabelledAnswers
from . import target

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from .settings import RowsConfig

#: Whether an input that a logged row does not have was not said at all, rather than missing.
SPARSE = False
#: Whether answers rest on values that age.
AGES = False


def required(contract: Contract) -> tuple[str, ...]:
    """The columns that a table must have to be looked at."""
    return tuple(column.name for column in contract.inputs)


def watched(contract: Contract) -> tuple[str, ...]:
    """The inputs whose distribution is compared with that of the training rows, and the features derived from them."""
    return tuple(column.name for column in (*contract.inputs, *columns(contract)))


def drifting(contract: Contract) -> tuple[str, ...]:
    """The predictor's column whose distribution is compared with that for the test rows: the sharpest there is."""
    return (f"probability_{contract.labels[-1]}",) if len(contract.labels) == 2 else ("prediction",)


def needed(model: Predictor) -> tuple[str, ...]:
    """The predictor's columns, beside `prediction`, that judging takes."""
    labels = model.contract.labels
    return tuple(f"probability_{label}" for label in labels) if labels else ("prediction_low", "prediction_high")


def dependence(model: Predictor) -> float:
    """How many rows tell as much as one independent row."""
    return 1.0


def chosen(model: Predictor, answers: pd.DataFrame) -> pd.DataFrame:
    """One answer for each truth: the newest, where a row was answered again and again under its key."""
    return answers.sort_values("at", kind="stable").drop_duplicates("subject", keep="last", ignore_index=True)


def evidence(model: Predictor, answers: pd.DataFrame) -> LabelledAnswers:
    """The answers whose truth can be read, as cases for the metrics; each row is one.

    The label of two is the one that was answered then, by whatever threshold.
    """
    import numpy as np

    from ..contract.typed import label_codes
    from .decision import decided, rule

    contract = model.contract
    truth, known = _truth(contract, answers["truth"])
    names = [f"probability_{label}" for label in contract.labels] or ["prediction"]
    scores = np.stack([_floats(answers[name]) for name in names], axis=1)
    rows = np.flatnonzero(known & np.isfinite(scores).all(axis=1))
    if not contract.labels:
        return LabelledAnswers(truth=truth[rows], scores=scores[rows, 0], rows=rows)
    found: decided.Scores = scores[rows]
    if (own := rule.load(model.folder, contract)) is not None:
        codes = label_codes(answers["prediction"], contract)[rows]
        codes = np.where(codes < 0, own.codes(scores[rows, 1]), codes).astype(np.int64)
        found = decided.Decided(scores[rows], codes, own)
    return LabelledAnswers(truth=truth[rows], scores=found, rows=rows)


def worth(model: Predictor) -> np.ndarray | None:
    """The table of values by which the model was trained [predicted, true label], where there was one."""
    import numpy as np

    from .decision import rule

    own = rule.load(model.folder, model.contract)
    return None if own is None or own.value is None else np.array(own.value.by_code).T


def figures(model: Predictor, answers: pd.DataFrame) -> list[Figure]:
    """Bias, and the coverage of intervals: what the metric of the gate does not tell."""
    found = evidence(model, answers)
    if not len(found.rows):
        return []
    if not model.contract.labels:
        return [_leaning(model, found), *_coverage(model, answers, found)]
    return [_calibration(model.contract, found)] if len(model.contract.labels) == 2 else []


def newest(logged: pd.DataFrame) -> dict[str, float]:
    """The moment of the newest value that logged answers rest on, by series: rows rest on nothing but themselves."""
    return {}


def reach(model: Predictor) -> float:
    """Hours for which an answer holds after the newest value that it rests on: rows do not age."""
    return float("inf")


def answer(model: Predictor, frame: pd.DataFrame, config: RowsConfig) -> tuple[dict[str, np.ndarray], pd.DataFrame]:
    """Predict conformed rows; return the predictor's columns, and the answers with their truth where the rows have it
    (the table is empty where they do not)."""
    import pandas as pd

    from . import evaluation as evaluate

    contract = model.contract
    outputs = model.predict(evaluate.rows(frame, contract))
    if contract.target.name not in frame.columns:
        return outputs, pd.DataFrame()
    wanted = [name for name in ("prediction", *needed(model)) if name in outputs]
    answers = pd.DataFrame({name: outputs[name] for name in wanted})
    answers["truth"] = frame[contract.target.name].to_numpy()
    answers["row"] = range(len(answers))
    return outputs, answers


def _truth(contract: Contract, cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Codes or values [n], and which of them can be read."""
    import numpy as np

    from ..contract.columns import numbers
    from ..contract.typed import label_codes

    if contract.labels:
        codes = label_codes(cells, contract)
        return codes, codes >= 0
    values = numbers(cells).values
    return values, np.isfinite(values)


def _floats(cells: pd.Series) -> np.ndarray:
    import numpy as np

    return np.asarray(cells.to_numpy(dtype=np.float64, na_value=np.nan))


def _leaning(model: Predictor, found: LabelledAnswers) -> Figure:
    """How far amounts lean to one side, in units of the truth's spread; quantiles and the like do so by design."""
    import numpy as np

    errors, rows = found.scores - found.truth, len(found.rows)
    spread = float(np.std(found.truth)) or 1.0
    value = float(errors.mean()) / spread
    side = "above" if value > 0 else "below"
    expected, doubt = (part / spread for part in _lean(model))
    said = f"; on the test rows it was {abs(expected):.1%} {'above' if expected > 0 else 'below'}" if expected else ""
    return Figure(
        metric="bias",
        subject="",
        value=value,
        rows=rows,
        expected=expected,
        error=float(np.hypot(errors.std() / spread / rows**0.5, doubt)),
        message=(
            f"predictions lie {figure(abs(errors.mean()))} {side} the truth on average ({abs(value):.1%} of its spread"
            f"{said})"
        ),
    )


def _lean(model: Predictor) -> tuple[float, float]:
    """The mean error of the test rows and its standard error, where it is not luck; otherwise none."""
    return target.lean(model.metrics.get("test", {}), model.metrics.get("rows", 0))


def _calibration(contract: Contract, found: LabelledAnswers) -> Figure:
    """How far the mean probability lies from the share of cases that came true."""
    sure, rows = found.scores.probabilities[:, 1], len(found.rows)
    said, came = float(sure.mean()), float((found.truth == 1).mean())
    return Figure(
        metric="bias",
        subject="",
        value=said - came,
        rows=rows,
        expected=0.0,
        error=max(float((sure * (1 - sure)).mean()), 1e-12) ** 0.5 / rows**0.5,
        message=f"{contract.labels[1]} was predicted for {said:.1%} of the rows and came true for {came:.1%}",
    )


def _coverage(model: Predictor, answers: pd.DataFrame, found: LabelledAnswers) -> list[Figure]:
    """The share of truths inside the predicted interval, where there is one."""
    nominal: Any = model.metrics.get("test", {}).get("coverage")
    if nominal is None or "prediction_low" not in answers.columns:
        return []
    low, high = (_floats(answers[f"prediction_{end}"])[found.rows] for end in ("low", "high"))
    rows = len(found.rows)
    share = float(((low <= found.truth) & (found.truth <= high)).mean())
    return [
        Figure(
            metric="coverage",
            subject="",
            value=share,
            rows=rows,
            expected=float(nominal),
            error=(nominal * (1 - nominal) / rows) ** 0.5,
            message=f"{share:.1%} of the truths lie inside the predicted interval; of the test rows {nominal:.1%} did",
        )
    ]
