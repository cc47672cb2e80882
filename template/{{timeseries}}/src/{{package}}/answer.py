"""Forecasts as a reader of JSON gets them, and the JSON Schema of that.

    {"predictions": [{"shop": "A", "day": "2024-03-01", "prediction": 41.0, "quantile_0.1": 33.5}],
     "data_until": "2024-02-29", "data_age_hours": 31.4}

Forecasts age: `data_until` is the newest value that they rest on (of the series that is worst off, where they differ).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .contract.schema import Contract

Answer = dict[str, Any]
UNTIL = "data_until"


def plain(contract: Contract, found: Mapping[str, npt.NDArray[Any]]) -> Answer:
    """The predictor's columns [m] as one object per series and step."""
    time = contract.with_role("time")[0].name
    columns = {name: values.tolist() for name, values in found.items() if name not in (time, UNTIL)}
    moments = written(found[time])
    names = [column.name for column in contract.with_role("series")]
    order = [*names, time, *(name for name in columns if name not in names)]
    lists = [moments if name == time else columns[name] for name in order]
    oldest = found[UNTIL].min()
    now = np.datetime64(datetime.datetime.now(datetime.UTC).replace(tzinfo=None), "s")
    return {
        "predictions": [dict(zip(order, row, strict=True)) for row in zip(*lists, strict=True)],
        UNTIL: written(np.array([oldest]))[0],
        "data_age_hours": round(float((now - oldest.astype("M8[s]")).astype(np.int64)) / 3600, 2),
    }


def schema(contract: Contract) -> Answer:
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


def written(moments: npt.NDArray[Any]) -> list[str]:
    """Moments [m] as ISO 8601, days alone where all of them are midnights."""
    days = moments.astype("M8[D]")
    shown = days if bool((days == moments).all()) else moments.astype("M8[s]")
    return [str(moment) for moment in shown]
