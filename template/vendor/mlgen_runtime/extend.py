"""What a project's own code imports: decorators that register it, and the types it meets. Nothing else is public.

    from mlgen_runtime.extend import Finding, check, feature, metric, model, sink

    @model                                      # model=random_forest, model.n_estimators=500
    def random_forest(n_estimators: int = 300, seed: int = 0):
        return RandomForestClassifier(n_estimators=n_estimators, random_state=seed)

    @metric(tasks=["binary"])                   # gate.metric=f2
    def f2(truth, scores, weight):
        return fbeta_score(truth, scores[:, 1] > 0.5, beta=2, sample_weight=weight)

    @check("Age is plausible")                  # graded as ours are: contract.severity.plausible_age=error
    def plausible_age(rows):
        '''{column} is below zero in {count} rows; mend the source'''
        if (below := int((rows["age"] < 0).sum())):
            yield Finding("age", count=below)

    @feature(type="number")                     # an input of every model, beside the columns and conf/features
    def distance(home_x, home_y, work_x, work_y):
        return np.hypot(work_x - home_x, work_y - home_y)

    @sink                                       # alert.sinks: [team_chat]
    def team_chat(notices):
        requests.post(os.environ["CHAT_URL"], json={"text": notices[0].event.title})

The modules stand in `project.extensions` of conf/config.yaml. A bundle and MLflow record the name and the hash of what
a run was made with, never the code. VERSION changes when something here would break a project's code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from .contract.catalogue import Finding
from .contract.features import OWN_TYPES
from .core.errors import InputError
from .core.extensions import Extension, register, registered

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from .alerting.sink.notice import Notice

__all__ = ["VERSION", "Finding", "InputError", "Notice", "check", "feature", "metric", "model", "registered", "sink"]

#: Of this module's promise: the first number changes when a project's code would have to.
VERSION = "1.1"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import Notice when it is asked for: a project that nobody watches has no alerts."""
        if name == "Notice":
            from .alerting.sink.notice import Notice

            return Notice
        raise AttributeError(name)


#: Parameters of a model's function that the run gives, whatever conf/ says.
GIVEN = ("seed", "threads")


Model = TypeVar("Model", bound=Callable[..., Any])
Score = TypeVar("Score", bound="Callable[[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64] | None], float]")
Rows = TypeVar("Rows", bound="Callable[[pd.DataFrame], Iterator[Finding] | None]")
Values = TypeVar("Values", bound="Callable[..., npt.NDArray[Any]]")
Send = TypeVar("Send", bound="Callable[[Sequence[Notice]], None]")


def model(function: Model) -> Model:
    """Register a model of tables: a function that returns an estimator that is not fitted yet.

    Its parameters are the settings `model.<parameter>`, with their types and defaults; conf/model/<name>.yaml may hold
    other defaults. `seed` and `threads`, where it has them, are those of the run. The estimator gets a float32 matrix
    [n, features] without gaps: numbers (gaps filled by the median), and 0 or 1 for each level of a category; LightGBM's
    and XGBoost's wrappers get the numbers, gaps and codes that our own models get. What is served is its ONNX graph,
    compared with the estimator on real rows first: one that differs by more than `bundle.onnx_tolerance` is refused.
    """
    settings: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise InputError(f"{function.__module__}: the model {_name(function)!r} has *{name}; name each parameter")
        if name == "name":
            raise InputError(f"{function.__module__}: the model {_name(function)!r} has a parameter name; rename it")
        if name not in GIVEN:
            settings[name] = "???" if parameter.default is parameter.empty else parameter.default
    register(Extension("model", _name(function), function, {"settings": settings}))
    return function


def metric(*, tasks: Sequence[str], greater_is_better: bool = True) -> Callable[[Score], Score]:
    """Register a metric of rows for some tasks (binary, multiclass, regression): `gate.metric=<name>`.

    The function gets the truth [n] (values, or codes into the contract's labels), the scores ([n] values, or [n, k]
    probabilities) and weights [n] or None, which say how often each row counts: the bootstrap draws rows by them.
    """

    def decorate(function: Score) -> Score:
        options = {"tasks": tuple(tasks), "greater_is_better": greater_is_better}
        register(Extension("metric", _name(function), function, options))
        return function

    return decorate


def check(title: str) -> Callable[[Rows], Rows]:
    """Register a check of rows: a generator over the typed rows that yields a Finding for each thing that is wrong.

    The docstring is the message, filled in from what it yields; `contract.severity.<name>` grades it.
    """

    def decorate(function: Rows) -> Rows:
        register(Extension("check", _name(function), function, {"title": title}))
        return function

    return decorate


def feature(
    *, type: Literal["number", "boolean", "category", "moment"], columns: Sequence[str] = ()
) -> Callable[[Values], Values]:
    """Register a derived feature of tables that no expression says: every model gets it as an input, on every path but
    an exported folder, which holds no code.

    The function gets an array [n] for each of its arguments, which are called as columns (or other features) are, or
    as `columns` lists them: float64 with NaN where missing (truth values too), texts as objects with None, moments as
    datetime64[us] in UTC. It returns an array [n] of its `type`. A row's value may depend on that row alone. Bundles
    record its name and the hash of its source, and are not loaded where that differs.
    """
    if type not in OWN_TYPES:
        raise InputError(f"@feature: type is {type!r}; expected one of {', '.join(OWN_TYPES)}")

    def decorate(function: Values) -> Values:
        names = tuple(columns) or tuple(inspect.signature(function).parameters)
        register(Extension("feature", _name(function), function, {"type": type, "columns": names}))
        return function

    return decorate


@overload
def sink(function: Send) -> Send: ...
@overload
def sink(function: None = None) -> Callable[[Send], Send]: ...
def sink(function: Send | None = None) -> Send | Callable[[Send], Send]:
    """Register a way to tell somebody of alerts: it gets the notices, and raises where they could not be told."""

    def decorate(send: Send) -> Send:
        register(Extension("sink", _name(send), send))
        return send

    return decorate if function is None else decorate(function)


def _name(function: Callable[..., Any]) -> str:
    name: str = function.__name__
    return name
