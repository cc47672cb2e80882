"""Parameters that a user hands on to a boosting library: held against the library's own list, and tried before a fit.

    extra: {path_smoth: 1.0}     → model.extra: LightGBM has no parameter 'path_smoth' (did you mean 'path_smooth'?)
    extra: {max_bin: fine}       → model.extra={max_bin: fine}: LightGBM refuses it: Parameter max_bin should be of …

The libraries take a misspelt name in silence, and a wrong value may end the process. So names are compared with what
the library says that it knows, and values are tried in a process of their own (`library_trial`), on a few of the rows.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError, nearest
from . import library_trial

Array = npt.NDArray[Any]

#: Rows that parameters are tried on, and seconds that it may take: a second or two, unless the machine is very busy.
TRIED, PATIENCE = 200, 300


@dataclass(frozen=True)
class Library:
    """A library: its name, the function that gives every name of a parameter with the one it stands for, and what is
    not for `extra`: a parameter with the setting that it has here, or None where it follows from the task and the run.
    """

    name: str
    names: Callable[[], Mapping[str, str]]
    ours: Mapping[str, str | None]

    def check(self, extra: Mapping[str, Any]) -> None:
        """Raise InputError for a name that the library has not got, one that is not the user's to set, and no value."""
        names = self.names() if extra else {}
        for name, value in extra.items():
            if name not in names:
                raise InputError(
                    f"model.extra: {self.name} has no parameter {name!r}{nearest(name, names)}; correct the name, or "
                    "take it out"
                )
            if names[name] in self.ours:
                setting = self.ours[names[name]]
                why = f"is {setting} here; set that" if setting else "follows from the task and the run; take it out"
                raise InputError(f"model.extra: {name!r} {why}")
            if value is None:
                raise InputError(f"model.extra: {name!r} has no value; give it one, or take it out")

    def tried(
        self,
        extra: Mapping[str, Any],
        params: Mapping[str, Any],
        rows: Array,
        target: Array,
        categorical: Collection[int],
    ) -> None:
        """Fit two trees to a few encoded rows [n, features] in a process of its own. Raises InputError with what the
        library says of the parameters, where `extra` has any."""
        if all(name in SURE and isinstance(value, int) and value > 1 for name, value in extra.items()):
            return  # a trial takes seconds, and these have nothing to be tried
        given = "{" + ", ".join(f"{name}: {value}" for name, value in extra.items()) + "}"
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "rows.npz"
            np.savez(table, rows=rows[:TRIED], target=target[:TRIED])
            asked = {"library": self.name, "params": dict(params), "categorical": list(categorical)}
            said = _answer([sys.executable, library_trial.__file__, str(table)], json.dumps(asked, default=str))
        if said is not None:
            raise InputError(f"model.extra={given}: {self.name} refuses it: {said}; correct the value, or take it out")

    @contextmanager
    def refusals(self, error: type[Exception]) -> Iterator[None]:
        """Turn what the library refuses in a fit, its own kind of `error`, into one line."""
        try:
            yield
        except error as refused:
            raise InputError(
                f"model: {self.name} cannot be fitted with these settings: {shortened(str(refused))}; change the "
                "setting of conf/model that this is about"
            ) from refused


def check(settings: object) -> None:
    """Look at the parameters that a model's settings, or those of its members, hand on. Raises InputError as
    `Library.check` does."""
    parts: tuple[Any, ...] = (settings, *vars(settings).values())
    for part in parts:
        if isinstance(library := getattr(part, "library", None), Library):
            library.check(part.extra)


def shortened(text: str) -> str:
    """What a library said, without the place in its source and the stack below it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason is given"]
    return re.sub(r"^\[[\d:]+\] \S+:\d+: | at /\S+, line \d+ ?\.?$", "", lines[0]).rstrip(" .:")[:300]


def _answer(command: Sequence[str], asked: str) -> str | None:
    """Why a trial failed, in words; None where it did not."""
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"{TRIED} rows took more than {PATIENCE} seconds"
    if done.returncode == 0:
        return None
    told = [line for line in done.stdout.splitlines() if line.startswith(library_trial.MARK)]
    if told:
        return shortened(json.loads(told[-1].removeprefix(library_trial.MARK)))
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    why = next((line for line in reversed(lines) if "what():" in line or "Fatal" in line), lines[-1] if lines else "")
    return f"its process ended with {done.returncode} ({shortened(why)})"


def lightgbm_names() -> Mapping[str, str]:
    """Every name of a parameter of LightGBM, as the installed release lists them."""
    from lightgbm.basic import _ConfigAliases

    known = _ConfigAliases._get_all_param_aliases()
    return {alias: name for name, aliases in known.items() for alias in (name, *aliases)}


#: Parameters of which every whole number above 1 is taken.
SURE = frozenset({"max_bin"})
#: Parameters of LightGBM that are not for `extra`, whatever is learnt.
LIGHTGBM: Mapping[str, str | None] = {
    **dict.fromkeys(("deterministic", "seed", "num_threads", "verbosity", "num_class", "metric", "task")),
    **dict.fromkeys(("data", "valid", "config", "input_model", "output_model", "num_machines", "machines")),
    "num_iterations": "model.n_estimators",
    "learning_rate": "model.learning_rate",
    "num_leaves": "model.num_leaves",
    "min_data_in_leaf": "model.min_child_samples",
    "bagging_fraction": "model.subsample",
    "feature_fraction": "model.colsample_bytree",
}
