"""What monitoring adds to `retrain`: reasons to train anew out of the log's database, rows of it, a record in it."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.alerting.judge import judge
from mlgen_runtime.alerting.settings import AlertSettings
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.core import keys
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.monitoring import window as windows
from mlgen_runtime.monitoring.measure import Measure
from mlgen_runtime.monitoring.window import Window
from mlgen_runtime.prediction_log.database import Database, open_database
from mlgen_runtime.retraining import history, job, triggers
from mlgen_runtime.retraining import settings as reading
from mlgen_runtime.retraining import training_data as supply
from mlgen_runtime.retraining.context import RetrainingContext
from mlgen_runtime.retraining.monitored import logged
from mlgen_runtime.retraining.triggers import Finding
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.resolve import resolve

pytest_plugins = ["postgres"]
#: This module runs in each use case.
EACH_USE_CASE = True
#: What is in a window's figures is the same for both.
once = pytest.mark.only_in("tabular")

#: For tests of statements that the two databases might read differently.
both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(trained: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """The log's database of the trained project, empty: SQLite, or a PostgreSQL server's where a test asks for it."""
    url = "sqlite:///logs/predictions.db"
    if getattr(request, "param", "sqlite") == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
        page = trained / "conf/log/default.yaml"
        page.write_text(re.sub(r"^database:.*", f"database: {url}", page.read_text("utf8"), flags=re.M), "utf8")
    with open_database(url, trained) as opened:
        yield opened


def scene(root: Path, *changed: str, past: tuple[history.Row, ...] = ()) -> RetrainingContext:
    """What triggers look at in a project now."""
    config, store = load(list(changed), root), Store(root / "bundles")
    own = reading.read(config).retrain
    now = datetime.datetime.now(datetime.UTC)
    return RetrainingContext(config=config, settings=own, store=store, champion=store.champion(), history=past, now=now)


def look(root: Path, trigger: str, *changed: str, past: tuple[history.Row, ...] = ()) -> Finding:
    """What a trigger finds in a project."""
    found = scene(root, f"retrain.when={trigger}", *changed, past=past)
    settings = reading.read(found.config).triggers[trigger]
    finding: Finding = triggers.triggers(found.config.raw)[trigger].look(found, settings)
    return finding


def later(root: Path, seconds: float) -> float:
    """A moment so many seconds after the champion took over."""
    champion = Store(root / "bundles").champion()
    assert champion is not None and champion.at is not None
    return datetime.datetime.fromisoformat(champion.at).timestamp() + seconds


def measured(end: float, *measures: Measure, version: str = "1", **changed: Any) -> Window:
    """A window with these figures."""
    name = datetime.datetime.fromtimestamp(end, datetime.UTC).isoformat()
    given = {"stream": "log", "id": name, "start": end - 60, "end": end, "rows": 500, "requests": 500}
    return Window(**{**given, "model_version": version, "measures": measures, **changed})


def measure(metric: str, value: float | None, subject: str = "", proven: bool = True) -> Measure:
    """A figure that says itself."""
    return Measure(metric=metric, subject=subject, value=value, rows=500, proven=proven, message=f"{metric} {value}")


def alert(root: Path, database: Database, end: float, metric: str = "input_drift", value: float = 0.5) -> None:
    """Judge a window in which a figure is bad, as `monitor` does."""
    seen = measured(end, measure(metric, value, "age"))
    windows.keep(database, seen)
    judge(load([], root).layer("alert", AlertSettings), database, seen)


# drift


@once
def test_an_active_alert_asks_for_a_training(trained: Path, database: Database) -> None:
    """The reason names the rule and the column."""
    assert not look(trained, "drift").asks

    alert(trained, database, later(trained, 60))

    found = look(trained, "drift")
    assert found.asks and found.message.startswith("input_drift age active since ")


@once
def test_an_alert_that_resolved_asks_for_nothing(trained: Path, database: Database) -> None:
    """It was a passing cloud."""
    for after, value in ((60, 0.5), (120, 0.0), (180, 0.0)):
        alert(trained, database, later(trained, after), value=value)

    found = look(trained, "drift")

    assert not found.asks and found.message.startswith("no active alert on input_drift")


@once
@both_databases
def test_an_alert_over_windows_of_the_former_champion_asks_for_nothing(trained: Path, database: Database) -> None:
    """A model that has just been trained on the drifted rows is not trained again; `monitor` looks at it first."""
    alert(trained, database, later(trained, -60))

    before = look(trained, "drift")
    alert(trained, database, later(trained, 60))
    after = look(trained, "drift")

    assert not before.asks and "before version 1 took over: run monitor" in before.message
    assert after.asks


@once
@pytest.mark.parametrize(
    ("alerts", "asks"),
    [("[error_rate]", True), ("[missing,error_rate]", True), ("[input_drift]", False), ("[]", False), ("null", False)],
)
def test_only_alerts_that_are_named_ask(trained: Path, database: Database, alerts: str, asks: bool) -> None:
    """By the metric, or by the rule; none where the setting is empty."""
    alert(trained, database, later(trained, 60), metric="error_rate")

    assert look(trained, "drift", f"retrain.alerts={alerts}").asks == asks


@once
def test_an_alert_that_is_none_is_refused_by_name(trained: Path) -> None:
    """A slip would never ask for anything."""
    with pytest.raises(InputError, match=r"retrain\.alerts: 'input_drfit' .*did you mean 'input_drift'"):
        look(trained, "drift", "retrain.alerts=[input_drfit]")


# quality


@once
@pytest.mark.parametrize(
    ("value", "proven", "asks", "words"),
    [(0.2, True, True, "quality_loss 0.2"), (0.2, False, False, "may be chance"), (0.05, True, False, "quality_loss")],
)
def test_a_proven_loss_beyond_the_limit_asks(
    trained: Path, database: Database, value: float, proven: bool, asks: bool, words: str
) -> None:
    """What chance may explain does not, nor what is small."""
    windows.keep(database, measured(later(trained, 60), measure("quality_loss", value, proven=proven)))

    found = look(trained, "quality")

    assert found.asks == asks and words in found.message


@once
def test_the_newest_window_with_outcomes_decides(trained: Path, database: Database) -> None:
    """Truth arrives late: newer windows have none yet, older ones are history, another version's are not its own."""
    found = [(60, 0.5, "1"), (120, 0.01, "1"), (180, None, "1"), (240, 0.9, "7"), (-60, 0.9, "1")]
    for after, value, version in found:
        windows.keep(database, measured(later(trained, after), measure("quality_loss", value), version=version))

    assert look(trained, "quality").message.startswith("quality_loss 0.01")


@once
def test_a_loss_in_a_slice_is_not_the_whole(trained: Path, database: Database) -> None:
    """A slice has an alert; the model is trained anew for the whole."""
    windows.keep(database, measured(later(trained, 60), measure("quality_loss", 0.9, "plan=basic")))

    assert not look(trained, "quality").asks


@once
@pytest.mark.parametrize(("value", "asks"), [(-1.0, True), (0.5, True), (2.0, False)])
def test_worth_below_the_limit_asks(trained: Path, database: Database, value: float, asks: bool) -> None:
    """Where somebody said what a prediction must be worth."""
    windows.keep(database, measured(later(trained, 60), measure("value_per_prediction", value)))

    assert look(trained, "quality", "retrain.min_value=1").asks == asks
    assert not look(trained, "quality", "retrain.min_value=null").asks


# outcomes and rows


def requests(root: Path, count: int) -> tuple[Any, list[tuple[dict[str, Any], str | None, Any]]]:
    """The newest rows of the sample: conformed, and as features, key and truth of the log."""
    rows = scene(root).rows
    frame = rows.frame.tail(count).reset_index(drop=True)
    names = [column.name for column in rows.contract.with_role("series", "time") if column.name in frame]
    told = []
    for _, row in frame.iterrows():
        cells = {name: plain(value) for name, value in row.items() if name != rows.contract.target.name}
        key = keys.written([row[name] for name in names]) if rows.contract.forecast else None
        told.append((cells, key, plain(row[rows.contract.target.name])))
    return frame, told


def plain(value: Any) -> Any:
    """A cell as JSON has it."""
    if value is None or value != value:
        return None
    return str(value) if hasattr(value, "isoformat") or isinstance(value, str) else float(value)


def tell(
    database: Database, told: list[tuple[dict[str, Any], str | None, Any]], at: float, *, known: int | None = None
) -> None:
    """Log a request for each, and the truth of the first `known` of them: by key where there is one."""
    for number, (features, key, truth) in enumerate(told):
        entry = (f"r{at:.0f}-{number}", 0, "rest", at + number, "1", 1.0, key, json.dumps(features), "0", "{}")
        database.run("INSERT INTO prediction_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
        if known is None or number < known:
            subject = f"key:{key}" if key else f"r{at:.0f}-{number}/0"
            database.run(
                "INSERT INTO outcome_log VALUES (?, ?, ?, 'test') ON CONFLICT (subject) DO NOTHING",
                (subject, at, json.dumps(truth)),
            )


@both_databases
def test_outcomes_ask_from_the_number_on_that_is_set(trained: Path, database: Database) -> None:
    """Of predictions since the champion took over, or since the last training; where rows of the log are learnt."""
    _, told = requests(trained, 12)
    tell(database, told[:6], later(trained, -100))
    tell(database, told[6:], later(trained, 0.001), known=5)
    words = ("retrain.data=both", "retrain.new_outcomes=5")

    enough = look(trained, "outcomes", *words)
    too_few = look(trained, "outcomes", "retrain.data=both", "retrain.new_outcomes=6")
    trained_since = history.Row(
        at=history.stamp(datetime.datetime.fromtimestamp(later(trained, 50), datetime.UTC)),
        action="train", when="auto", decision="refused",
    )  # fmt: skip

    assert enough.asks and enough.message.startswith("5 outcomes of predictions since")
    assert not too_few.asks
    assert look(trained, "outcomes", *words, past=(trained_since,)).message.startswith("0 outcomes")
    assert not look(trained, "outcomes", "retrain.new_outcomes=5").asks


@both_databases
def test_logged_predictions_with_their_truth_are_rows(trained: Path, database: Database) -> None:
    """As typed as those of the source, oldest first; what has no truth yet is none, and what a shadow said neither."""
    frame, told = requests(trained, 20)
    tell(database, told, later(trained, 10), known=15)
    database.run("UPDATE prediction_log SET source = 'shadow' WHERE request_id = ?", (f"r{later(trained, 10):.0f}-3",))

    rows = logged.rows(load([], trained), scene(trained).rows.contract)

    expected = frame.drop(index=[3, *range(15, 20)]).reset_index(drop=True)
    assert len(rows) == 14
    for name in rows:
        left, right = rows[name], expected[name]
        same = np.isclose(left, right, equal_nan=True) if right.dtype.kind == "f" else (left == right) | left.isna()
        assert same.all(), name


@both_databases
def test_a_key_that_was_asked_again_and_again_is_one_row(trained: Path, database: Database) -> None:
    """The newest prediction of it."""
    _, told = requests(trained, 1)
    key = told[0][1] or '["a"]'
    for after in (10, 20, 30):
        tell(database, [(told[0][0], key, told[0][2])], later(trained, after))

    assert len(logged.rows(load([], trained), scene(trained).rows.contract)) == 1


def test_rows_of_the_log_are_written_beside_those_of_the_source(trained: Path, database: Database) -> None:
    """Newest last, under a name that their content gives; the same rows give the same file."""
    _, told = requests(trained, 10)
    tell(database, told, later(trained, 10))
    found = scene(trained, "retrain.data=log", "retrain.when=always")

    first, second = supply.gather(found), supply.gather(scene(trained, "retrain.data=log", "retrain.when=always"))
    first.write()

    written = trained / first.config.data.path
    assert first.rows == 10 and written.name == f"{first.fingerprint[:16]}.parquet"
    assert second.config.data.path == first.config.data.path and second.key == first.key
    again = resolve(first.config)
    assert len(again.frame) == 10 and not again.inferred


def test_without_truth_there_is_nothing_to_learn_from(trained: Path) -> None:
    """The message says how it comes in."""
    with pytest.raises(InputError, match=r"no predictions whose truth is known yet; .*outcome data\.path"):
        job.run(load(["retrain.when=always", "retrain.data=log"], trained))
    assert not history.rows(Store(trained / "bundles"))


def test_a_column_that_is_not_logged_cannot_be_learnt_from(trained: Path, database: Database) -> None:
    """Named, with what to do."""
    rows = scene(trained).rows
    name = next(column.name for column in rows.contract.inputs if column.role != "target")

    with pytest.raises(InputError, match=rf"log\.redact keeps {name} out of the log"):
        logged.rows(load([f"log.redact=[{name}]"], trained), rows.contract)


# the database


@both_databases
def test_a_decision_is_in_the_database_too(trained: Path, database: Database) -> None:
    """Once, as in the history."""
    row = history.Row(at="2026-06-01T06:17:00.000000Z", action="train", when="auto", decision="refused", champion="1")

    for _ in range(2):
        logged.record(load([], trained), row)

    [(name, verdict, details)] = database.rows("SELECT id, verdict, details FROM retrain_log")
    assert (name, verdict) == ("train 2026-06-01T06:17:00.000000Z", "refused")
    assert history.Row(**json.loads(details)) == row


@pytest.mark.parametrize("trigger", ["drift", "quality", "outcomes"])
def test_a_log_that_is_away_keeps_no_other_trigger_from_asking(trained: Path, trigger: str) -> None:
    """It asks for nothing, and says why."""
    found = look(trained, trigger, "log.database=sqlite:////dev/null/log.db", "retrain.data=both")

    assert not found.asks and found.message.startswith("the log cannot be read: ")


def test_a_shadow_needs_no_setting_where_there_is_no_log(trained: Path) -> None:
    """Its settings are the layer's own, as strict as the others."""
    with pytest.raises(InputError, match=r"retrain\.shadow_outcomes: 0"):
        reading.read(load(["retrain.shadow_outcomes=0"], trained))


def test_without_monitoring_in_conf_its_triggers_and_settings_are_not_there(trained: Path) -> None:
    """What looks at production counts where predictions are logged and monitored, and is named where it does not."""
    config = load([], trained)
    plain = {name: value for name, value in config.raw.items() if name not in ("log", "monitor", "alert")}
    own = ("max_age", "new_rows", *reading.RetrainSettings.__dataclass_fields__)
    plain["retrain"] = {name: value for name, value in config.raw["retrain"].items() if name in own}

    found = reading.read(dataclasses.replace(config, raw=plain))
    with pytest.raises(InputError, match="new_outcomes: no such setting"):
        reading.read(dataclasses.replace(config, raw={**plain, "retrain": {**plain["retrain"], "new_outcomes": 5}}))
    with pytest.raises(InputError, match="which this project has not"):
        reading.read(dataclasses.replace(config, raw={**plain, "retrain": {**plain["retrain"], "data": "log"}}))

    assert list(found.triggers) == ["schedule", "volume"]
    assert found.shadow is None
    assert list(reading.read(config).triggers) == ["drift", "outcomes", "quality", "schedule", "volume"]
