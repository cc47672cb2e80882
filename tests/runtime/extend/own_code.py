"""What a user may write in a project's own modules: the examples of the README, and what should be refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from mlgen_runtime.extend import Finding, check, metric, model, sink

told: list[Any] = []


@model
def random_forest(n_estimators: int = 40, max_depth: int | None = None, seed: int = 0) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=n_estimators, max_depth=max_depth, random_state=seed)


@model
def forest_of_numbers(seed: int = 0) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(n_estimators=20, random_state=seed)


@model
def booster_of_numbers(seed: int = 0) -> Any:
    from xgboost import XGBRegressor

    return XGBRegressor(n_estimators=20, max_depth=3, random_state=seed)


@model
def scaled_logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


@model
def nearest_neighbours() -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier()


@model
def stopped_early(seed: int = 0) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(early_stopping_rounds=5, random_state=seed)


@model
def lightgbm_wrapper(n_estimators: int = 30, seed: int = 0) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=n_estimators, random_state=seed, verbose=-1)


@model
def xgboost_wrapper(n_estimators: int = 30, seed: int = 0) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=n_estimators, random_state=seed)


@model
def support_vectors(seed: int = 0) -> Any:
    from sklearn.svm import SVC

    return SVC(probability=True, random_state=seed)


@model
def histograms(seed: int = 0) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=10, random_state=seed)


@model
def other_objective(seed: int = 0) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=10, objective="poisson", random_state=seed, verbose=-1)


@model
def no_estimator() -> Any:
    return 3


@model
def without_a_default(depth: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=depth)


@metric(tasks=["binary"])
def f2(truth: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> float:
    from sklearn.metrics import fbeta_score

    return float(fbeta_score(truth, scores[:, 1] > 0.5, beta=2, sample_weight=weight))


@metric(tasks=["binary"], greater_is_better=False)
def misses(truth: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.average((scores[:, 1] > 0.5) != truth, weights=weight))


@check("Nobody is too old")
def plausible_age(rows: pd.DataFrame) -> Iterator[Finding]:
    """{column} is above 0.6 in {count} rows; look at the source"""
    if old := int((rows["age"] > 0.6).sum()):
        yield Finding("age", count=old)


@sink
def own_chat(notices: Sequence[Any]) -> None:
    told.extend(notices)
