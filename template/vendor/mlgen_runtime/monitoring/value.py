"""What answers were worth, by the value table of conf/monitor, else by the one that the model was trained by.

value:
  table: {Yes: {Yes: 100, No: -20}, No: {Yes: -80}}    predicted label: {true label: worth of one}
  amount: monthly_charges                              taken times this column of the row
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError, nearest
from ..core.figures import figure
from ..usecase import registry
from .measure import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from .settings import MonitorSettings, ValueSettings

#: What YAML makes of a bare word, and the words that are meant by it.
_BARE = {"true": ("true", "yes", "on", "1", "y"), "false": ("false", "no", "off", "0", "n")}


def check(settings: ValueSettings, contract: Contract) -> None:
    """Raise InputError where the value table does not fit what is predicted."""
    if not settings.configured:
        return
    labels = contract.labels
    unfit = [name for name in ("over", "under") if getattr(settings, name) is not None] if labels else []
    if unfit:
        raise InputError(
            f"monitor.value.{unfit[0]} is for amounts, and {contract.target.name} has the classes {', '.join(labels)}; "
            "use monitor.value.table"
        )
    if not labels and settings.table:
        raise InputError(
            f"monitor.value.table is for classes, and {contract.target.name} is an amount; use monitor.value.over and "
            "monitor.value.under"
        )
    if settings.amount is not None:
        names = [column.name for column in contract.inputs if column.type in ("number", "integer")]
        if settings.amount not in names:
            raise InputError(
                f"monitor.value.amount: {settings.amount!r} is no input that is a number; expected one of "
                f"{', '.join(names) or 'none'}{nearest(settings.amount, names)}"
            )
        if not settings.table and settings.over is None and settings.under is None:
            need = "monitor.value.table" if labels else "monitor.value.over and monitor.value.under"
            raise InputError(f"monitor.value.amount says what worth is taken times; set {need}, too")
    if labels:
        worths(settings, contract)


def worths(settings: ValueSettings, contract: Contract) -> np.ndarray:
    """The worth [predicted, true] of each pair of labels; what the table leaves out is worth nothing."""
    import numpy as np

    found = np.zeros((len(contract.labels),) * 2)
    for predicted, row in settings.table.items():
        code = _code(predicted, contract, "monitor.value.table")
        for true, worth in row.items():
            found[code, _code(true, contract, f"monitor.value.table.{predicted}")] = worth
    return found


def measure(model: Predictor, answers: pd.DataFrame, settings: MonitorSettings) -> list[Measure]:
    """Return the business value of answers whose truth is known, in all and for each."""
    import numpy as np

    value, view = settings.value, registry.find(model.use_case).monitoring_view
    own = None if value.configured else view.worth(model)
    if (not value.configured and own is None) or not len(answers):
        return []
    known = view.evidence(model, answers)
    each = _each(model, answers, known.rows, value, own)
    each = each[np.isfinite(each)]
    rows = len(each)
    if not rows:
        return []
    total, mean = float(each.sum()), float(each.mean())
    error = float(each.std()) / rows**0.5
    enough = rows >= settings.min_outcomes
    message = f"{total:,.2f} in all, {figure(mean)} for each of {rows:,} predictions whose truth is known"
    if not enough:
        message = f"value: not enough data ({rows} known outcomes, {settings.min_outcomes} are needed)"
    spread = {"low": mean - 1.96 * error, "high": mean + 1.96 * error} if enough else {}
    return [
        Measure(
            metric="value", subject="", value=total if enough else None, rows=rows, proven=enough, message=message,
            low=spread["low"] * rows if enough else None, high=spread["high"] * rows if enough else None,
        ),
        Measure(
            metric="value_per_prediction", subject="", value=mean if enough else None, rows=rows, proven=enough,
            message=message, low=spread.get("low"), high=spread.get("high"),
        ),
    ]  # fmt: skip


def _each(
    model: Predictor, answers: pd.DataFrame, rows: np.ndarray, settings: ValueSettings, own: np.ndarray | None
) -> np.ndarray:
    """The worth of each answer at `rows`, by the model's `own` table [predicted, true] where the settings have none;
    NaN where its amount is not known."""
    import numpy as np

    from ..contract.columns import numbers
    from ..contract.typed import label_codes
    from ..core.cells import PLAIN

    chosen = answers.iloc[rows]
    times = np.ones(len(chosen))
    if settings.amount is not None:
        known = {column.name: column.writing for column in model.contract.columns}
        times = numbers(chosen[settings.amount], known.get(settings.amount, PLAIN)).values
    if model.contract.labels:
        predicted, true = (label_codes(chosen[name], model.contract) for name in ("prediction", "truth"))
        table = worths(settings, model.contract) if own is None else own
        return np.where(predicted >= 0, table[predicted, true], np.nan) * times
    error = numbers(chosen["prediction"]).values - numbers(chosen["truth"]).values
    cost = np.maximum(error, 0) * (settings.over or 0.0) + np.maximum(-error, 0) * (settings.under or 0.0)
    return -cost * times


def _code(word: str, contract: Contract, where: str) -> int:
    """The code of a label as YAML wrote it: a bare Yes or No has become true or false by then."""
    labels = list(contract.labels)
    if word in labels:
        return labels.index(word)
    folded = word.casefold()
    meant = [label for label in labels if label.casefold() in (folded, *_BARE.get(folded, ()))]
    if len(meant) == 1:
        return labels.index(meant[0])
    raise InputError(
        f"{where}: {word!r} is no label of {contract.target.name}; expected one of {', '.join(labels)}"
        f"{nearest(word, labels)} (write it in quotes)"
    )
