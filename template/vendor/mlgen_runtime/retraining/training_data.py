"""What the candidate is trained on and compared on: rows of data.path, of the log, or of both, and their newest part.

Where that is not the source as it stands, the rows are written to `data/retrain/<fingerprint>.parquet`: the lineage of
a version that was made from them names the file, and `train data.path=…` makes it again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import extensions
from ..core.atomic import replacing
from ..core.errors import InputError
from ..usecase.resolve import CHOSEN
from . import optional
from .context import RetrainingContext

if TYPE_CHECKING:
    import pandas as pd

    from ..config.run import RunConfig

#: What decides how a training ends, beside the rows.
DECIDING = ("task", "seed", "contract", "features", "split", "baseline", "model", "train", "gate")


@dataclass(frozen=True)
class TrainingData:
    """The rows, and the configuration with which the pipeline takes them.

    `frame` is what is to be written to data.path of `config`, None where that is the source itself. `new` of the `rows`
    came since the champion was trained. `key` stands for rows and settings together.
    """

    config: RunConfig
    frame: pd.DataFrame | None
    rows: int
    new: int
    fingerprint: str
    key: str
    message: str

    def write(self) -> None:
        """Write the rows where the configuration says they are, in one step; rows that lie there already stay."""
        place = self.config.root / self.config.data.path
        if self.frame is None or place.exists():
            return
        with replacing(place) as temporary:
            self.frame.to_parquet(temporary, index=False)


def gather(context: RetrainingContext) -> TrainingData:
    """Collect the rows. Raises InputError where there are none, or a setting does not go with them."""
    from ..config import run as configuration
    from ..data import tables

    settings, own = context.settings, context.config
    contract = context.rows.contract
    frame, message = _rows(context)
    frame = context.newest_rows.window(frame, contract, settings.history, "retrain.window")
    as_it_is = settings.data == "source" and len(frame) == len(context.rows.frame)
    fingerprint = context.rows.fingerprint if as_it_is else tables.fingerprint(frame)
    new = _new(context, frame)
    split = context.newest_rows.held_out(frame, contract, settings.newest, new, "retrain.holdout")
    raw = {
        **own.raw,
        "data": {**own.raw["data"], "test_path": None, **({} if as_it_is else _moved(own, frame, fingerprint))},
        "contract": {
            **own.raw["contract"],
            "severity": {**own.raw["contract"]["severity"], **settings.severity},
        },
        "split": {**own.raw["split"], **split},
    }
    config = configuration.from_raw(own.schema, raw, own.root, own.where)
    if settings.history is not None and not as_it_is:
        message = f"the newest {len(frame):,} of {message}"
    return TrainingData(
        config, None if as_it_is else frame, len(frame), new, fingerprint, _key(config, fingerprint), message
    )


def _rows(context: RetrainingContext) -> tuple[pd.DataFrame, str]:
    """The rows that retrain.data means, and a phrase for them."""
    kind, rows = context.settings.data, context.rows
    if kind == "source":
        return rows.frame, f"{len(rows.frame):,} rows of {rows.source}"
    logged = optional.logged(context.config)
    assert logged is not None  # settings.read has refused it
    log = logged.rows(context.config, rows.contract)
    if not len(log):
        raise InputError(
            "retrain.data: the log has no predictions whose truth is known yet; bring the truth in "
            "(`outcome data.path=…`), or take retrain.data=source"
        )
    if kind == "log":
        return log, f"{len(log):,} rows of the log"
    both = context.newest_rows.combined(rows.frame, log, rows.contract)
    added = len(both) - len(rows.frame)
    return both, f"{len(both):,} rows, {added:,} of them of the log and the others of {rows.source}"


def _new(context: RetrainingContext, frame: pd.DataFrame) -> int:
    if context.champion is None:
        return len(frame)
    if context.settings.data == "source" and not context.fresh:
        return 0
    return context.newest_rows.fresh(context.store, context.champion.bundle, frame, context.rows.contract)


def _moved(config: RunConfig, frame: pd.DataFrame, fingerprint: str) -> dict[str, Any]:
    """The settings of conf/data that read the written rows, in which columns of data.drop are no more."""
    settings = config.raw["data"]
    columns = set(frame.columns)
    found: dict[str, Any] = {"path": f"{CHOSEN}{fingerprint[:16]}.parquet", "drop": []}
    if "key" in settings:
        found["key"] = [name for name in settings["key"] if name in columns]
    if "version" in settings:
        found["version"] = None
    return found


def _key(config: RunConfig, fingerprint: str) -> str:
    """A digest of the rows and of all settings and the project's own code that decide how a training ends."""
    own = extensions.used(config.model.name, config.gate.metric)
    deciding = {name: config.record.get(name) for name in DECIDING}
    if own:
        deciding["extensions"] = {f"{each.kind} {each.name}": each.sha256 for each in own}
    settings = json.dumps(deciding, sort_keys=True)
    return hashlib.sha256(f"{fingerprint} {settings}".encode()).hexdigest()[:16]
