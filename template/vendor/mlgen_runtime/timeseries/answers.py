"""Forecasts as a reader of JSON gets them, and the JSON Schema of that.

    {"predictions": [{"shop": "A", "day": "2024-03-01", "prediction": 41.0, "quantile_0.1": 33.5}],
     "data_until": "2024-02-29", "data_age_hours": 31.4}

Forecasts age: `data_until` is the newest value that they rest on (of the series that is worst off, where they differ).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..contract.schema import Contract

if TYPE_CHECKING:
    from ..bundle.option import Option
    from ..bundle.predictor import Answer, Decoded
from ..core import keys, moments
from .frequency import Frequency

#: Whether each prediction is of one record, so that the records of several requests can be predicted at once.
EACH_RECORD = False
UNTIL = "data_until"


def plain(contract: Contract, found: Mapping[str, npt.NDArray[Any]]) -> Answer:
    """The predictor's columns [m] as one object per series and step."""
    time = contract.with_role("time")[0].name
    columns = {name: values.tolist() for name, values in found.items() if name not in (time, UNTIL)}
    stamps = written(contract, found[time])
    names = [column.name for column in contract.with_role("series")]
    order = [*names, time, *(name for name in columns if name not in names)]
    lists = [stamps if name == time else columns[name] for name in order]
    oldest = found[UNTIL].min()
    now = np.datetime64(datetime.datetime.now(datetime.UTC).replace(tzinfo=None), "s")
    return {
        "predictions": [dict(zip(order, row, strict=True)) for row in zip(*lists, strict=True)],
        UNTIL: written(contract, np.array([oldest]))[0],
        "data_age_hours": round(float((now - oldest.astype("M8[s]")).astype(np.int64)) / 3600, 2),
    }


def schema(contract: Contract, options: Mapping[str, Option]) -> Answer:
    """The JSON Schema of each entry of an answer, by its name."""
    time = contract.with_role("time")[0].name
    text, number = {"type": "string"}, {"type": "number"}
    names = [column.name for column in contract.with_role("series")]
    each = {
        "type": "object",
        "properties": {**dict.fromkeys(names, text), time: text, "prediction": number},
        "patternProperties": {"^quantile_": number},
        "required": [*names, time, "prediction"],
        "additionalProperties": False,
    }
    return {
        "predictions": {"type": "array", "items": each},
        UNTIL: {**text, "description": "the newest value that the forecasts rest on"},
        "data_age_hours": {**number, "description": "hours since then"},
    }


def decode(found: Mapping[str, Any]) -> Iterator[Decoded]:
    """The predictions of an answer, one by one: each step has a key of its own, the series and the moment."""
    until = keys.moment(found[UNTIL])
    for step in found["predictions"]:
        names = list(step)
        own = names[: names.index("prediction")]  # `plain` writes the key first
        *cells, moment = (step[name] for name in own)
        output = {name: value for name, value in step.items() if name not in own and name != "prediction"}
        yield keys.written([*cells, keys.moment(moment)]), step["prediction"], {**output, UNTIL: until}


def written(contract: Contract, times: npt.NDArray[Any]) -> list[str]:
    """Moments [m] (UTC) as ISO 8601, by the clocks of the contract's zone; days alone where steps are whole days."""
    frequency = Frequency.of(contract)
    return moments.written(times, frequency.zone, frequency.whole_days)
