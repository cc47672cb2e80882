"""Parameters handed on to LightGBM and XGBoost: what they have not got, or do not take, is one line and no fit."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import toy
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.tabular import model
from mlgen_runtime.tabular.model import boosting
from mlgen_runtime.tabular.model.lightgbm import LIBRARY as LIGHTGBM
from mlgen_runtime.tabular.model.xgboost import LIBRARY as XGBOOST
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase import library_parameters
from mlgen_runtime.usecase.configuration import load
from sample_projects import Configure, environment, rendered

CASES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "lightgbm": [
        ({"path_smoth": 1.0}, "LightGBM has no parameter 'path_smoth' (did you mean 'path_smooth'?)"),
        ({"path_smooth": "much"}, "model.extra={path_smooth: much}: LightGBM refuses it: Unknown token much"),
        ({"max_bin": -5}, "LightGBM refuses it: Check failed: (max_bin) > (1); correct the value"),
        ({"max_bin": [1, 2]}, "Parameter max_bin should be of type int"),
        ({"max_bin": {"a": 1}}, "Unknown type of parameter:max_bin"),
        ({"max_bin": None}, "'max_bin' has no value"),
        ({"feature_contri": [1.0]}, "Check failed: (static_cast<size_t>(train_data_->num_total_features())"),
        ({"monotone_constraints": [1]}, "is `monotone` of a column in the contract here; set that"),
        ({"objective": "poisson"}, "'objective' is target.objective here; set that"),
        ({"random_state": 3}, "'random_state' follows from the task and the run"),
        ({"shrinkage_rate": 0.5}, "'shrinkage_rate' is model.learning_rate here; set that"),
        ({"num_leaf": 7}, "'num_leaf' is model.num_leaves here"),
        ({"metric": "auc"}, "'metric' follows from the task"),
    ],
    "xgboost": [
        ({"gama": 1.0}, "XGBoost has no parameter 'gama' (did you mean 'gamma'?)"),
        ({"gamma": "abc"}, "Invalid Parameter format for min_split_loss expect float but value='abc'"),
        ({"gamma": -1}, "value -1 for Parameter min_split_loss should be greater equal to 0"),
        ({"max_bin": "many"}, "model.extra={max_bin: many}: XGBoost refuses it"),
        ({"booster": "forest"}, "Unknown gbm type forest"),
        ({"grow_policy": "x"}, "valid values are: {'depthwise', 'lossguide'}"),
        ({"rate_drop": 0.1}, '"rate_drop" has no effect with the other parameters'),
        ({"eta": 0.1}, "'eta' is model.learning_rate here"),
        ({"n_jobs": 1}, "'n_jobs' follows from the task and the run"),
        ({"quantile_alpha": 0.3}, "'quantile_alpha' is target.quantile here; set that"),
        ({"interaction_constraints": [[0, 1]]}, "is `interactions` in the contract here; set that"),
    ],
}


@pytest.mark.parametrize(("name", "extra", "words"), [(name, *case) for name, cases in CASES.items() for case in cases])
def test_what_a_library_does_not_take_is_refused(name: str, extra: dict[str, Any], words: str) -> None:
    """With its own words, in one line that names the parameter."""
    with pytest.raises(InputError) as refused:
        model.fit(toy.training("binary"), dataclasses.replace(toy.QUICK[name], extra=extra))

    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_library_that_ends_its_process_is_one_line() -> None:
    """LightGBM aborts where a category is to be monotone: it does so in a process of its own."""
    training = toy.training("binary")
    prepared = boosting.prepare(training, "logistic")
    [category, *_] = prepared.task.categorical
    signs = [int(at == category) for at in range(len(prepared.preprocessing.features))]
    extra = {"monotone_constraints": signs}

    with pytest.raises(InputError, match="its process ended with -6") as refused:
        LIGHTGBM.tried(extra, {"objective": "binary", **extra}, prepared.rows.matrix, training.target, [category])

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        (
            "lightgbm",
            {"num_leaves": 1},
            "LightGBM cannot be fitted with these settings: Check failed: (num_leaves) > (1)",
        ),
        ("xgboost", {"subsample": 7.0}, "value 7 for Parameter subsample exceed bound [0,1]"),
    ],
)
def test_a_setting_of_ours_beyond_the_library_s_limits_is_refused(
    name: str, changed: dict[str, Any], words: str
) -> None:
    """A value of the right type that the library does not take is the user's to mend, not a bug."""
    with pytest.raises(InputError) as refused:
        model.fit(toy.training("binary"), dataclasses.replace(toy.QUICK[name], **changed))

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("library", "known"),
    [
        (LIGHTGBM, {"path_smooth": "path_smooth", "colsample_bytree": "feature_fraction", "max_bins": "max_bin"}),
        (XGBOOST, {"max_cat_threshold": "max_cat_threshold", "eta": "learning_rate", "rate_drop": "rate_drop"}),
    ],
    ids=["LightGBM", "XGBoost"],
)
def test_the_installed_release_says_what_it_has(library: Any, known: dict[str, str]) -> None:
    """Parameters and their other names, as the library itself lists them; all of ours are among them."""
    names = library.names()

    assert {name: names[name] for name in known} == known
    assert set(library.ours) <= set(names.values())


def test_a_name_is_looked_at_before_a_row_is_read(configure: Configure) -> None:
    """In the settings of a blend's members, too."""
    config = configure("model=blend", "+model.xgboost.extra.gama=1.0", "data.path=nowhere.csv")

    with pytest.raises(InputError, match="XGBoost has no parameter 'gama'"):
        pipeline.train(config, Steps(pipeline.STEPS))


def test_the_members_of_a_race_are_looked_at() -> None:
    """Theirs are settings as any others."""
    conf = rendered("timeseries")
    config = load(["model=race", "+model.lightgbm.extra.path_smoth=1.0"], conf)

    with pytest.raises(InputError, match="did you mean 'path_smooth'"):
        library_parameters.check(config.model)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_the_documented_command_works_in_a_shell(trained: Path, name: str) -> None:
    """The comment in conf/model says what to type, quotes included; the parameter is in the run's record."""
    (line,) = [
        line for line in (trained / "conf/model" / f"{name}.yaml").read_text("utf8").splitlines() if "extra" in line
    ]
    typed = line[line.index("'model.extra=") :]
    verb = f"{sys.executable} -m mlgen_runtime.cli train +experiment=quick model={name} {typed}"

    done = subprocess.run(
        ["bash", "-c", verb], cwd=trained, env=environment(), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    given = typed.partition("{")[2].partition(":")[0]
    with closing(sqlite3.connect(trained / "mlflow.db")) as database:
        recorded = database.execute("SELECT value FROM params WHERE key = ?", (f"fitted.{given}",)).fetchall()
    assert recorded == [("1.0",)]
