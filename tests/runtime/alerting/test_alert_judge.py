"""Windows judged by rules in a database: each event once, however often and in whatever order windows are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlgen_runtime.alerting.judge import judge, standing
from mlgen_runtime.alerting.settings import AlertSettings
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.monitoring import window as windows
from mlgen_runtime.monitoring.measure import METRICS, Measure
from mlgen_runtime.monitoring.window import Window
from mlgen_runtime.prediction_log.database import Database, open_database
from sample_projects import Configure

pytest_plugins = ["postgres"]


def window(number: int, measures: Mapping[str, float | None], *, metric: str = "input_drift", **changed: Any) -> Window:
    """The window of an hour, with figures by subject; a metric's own sentence says what they are."""
    found = [
        Measure(metric=metric, subject=subject, value=value, rows=500, proven=True, message=f"{subject}: {value}")
        for subject, value in measures.items()
    ]
    entries = {
        "stream": "log",
        "id": f"2026-01-01T{number:02}:00:00Z",
        "start": (number - 1) * 3600.0,
        "end": number * 3600.0,
        "model_version": "1",
        "rows": 500,
        "requests": 500,
        "measures": tuple(found),
    }
    return Window(**entries | changed)


@pytest.fixture
def rules(configure: Configure) -> AlertSettings:
    """The rules of conf/alert, quick to resolve."""
    changed = ["alert.rules.input_drift.resolve_windows=1", "alert.rules.input_drift.cooldown=null"]
    return configure(*changed).layer("alert", AlertSettings)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database, of either kind."""
    sqlite = request.param == "sqlite"
    address = "sqlite:///log.db" if sqlite else request.getfixturevalue("postgres").fresh()
    with open_database(address, tmp_path) as opened:
        yield opened


def logged(database: Database) -> list[tuple[Any, ...]]:
    """What is written down of events, in order."""
    return database.rows("SELECT window_id, kind, rule, subject FROM alert_log ORDER BY at, rule, subject")


def test_an_alert_fires_once_names_the_column_and_resolves_once(rules: AlertSettings, database: Database) -> None:
    """Of two columns one drifts for three windows."""
    values = [0.01, 0.5, 0.6, 0.5, 0.02, 0.01]

    found = [judge(rules, database, window(n, {"age": value, "fee": 0.0})) for n, value in enumerate(values, 1)]

    assert [[(e.kind, e.rule, e.subject) for e in events] for events in found] == [
        [],
        [("fired", "input_drift", "age")],
        [],
        [],
        [("resolved", "input_drift", "age")],
        [],
    ]
    assert found[1][0].message == "age: 0.5; above 0.2"
    assert found[1][0].runbook
    assert found[4][0].message == "age: 0.02; back to at most 0.1"


def test_what_is_firing_is_known_until_it_resolves(rules: AlertSettings, database: Database) -> None:
    """With the window in which it began."""
    judge(rules, database, window(1, {"age": 0.5}))
    judge(rules, database, window(2, {"age": 0.6}))
    [firing] = standing(rules, database)
    judge(rules, database, window(3, {"age": 0.0}))

    assert (firing.rule, firing.subject, firing.since) == ("input_drift", "age", "2026-01-01T01:00:00Z")
    assert standing(rules, database) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | st.floats(0, 0.5), st.integers(1, 3)), max_size=12))
def test_a_window_looked_at_again_changes_nothing(
    rules: AlertSettings, tmp_path: Path, seen: list[tuple[float | None, int]]
) -> None:
    """It gives the same events, and what follows is as if it had been looked at once."""
    with open_database("sqlite:///:memory:") as once, open_database("sqlite:///:memory:") as often:
        for number, (value, times) in enumerate(seen, 1):
            here = window(number, {"age": value})
            expected = judge(rules, once, here)

            assert all(judge(rules, often, here) == expected for _ in range(times))
        assert logged(once) == logged(often)


def test_a_window_that_has_grown_is_judged_anew(rules: AlertSettings, database: Database) -> None:
    """The first look found nothing, the second one more rows, and a fire."""
    first = judge(rules, database, window(1, {"age": 0.1}))
    again = judge(rules, database, window(1, {"age": 0.5}))

    assert first == []
    assert [event.kind for event in again] == ["fired"]


def test_what_was_told_stays(rules: AlertSettings, database: Database) -> None:
    """A window that fired and is calm when looked at again has fired; the next calm window resolves."""
    fired = judge(rules, database, window(1, {"age": 0.5}))
    again = judge(rules, database, window(1, {"age": 0.1}))
    after = judge(rules, database, window(2, {"age": 0.1}))

    assert again == fired
    assert [event.kind for event in after] == ["resolved"]


def test_an_older_window_moves_nothing_and_has_its_events_still(rules: AlertSettings, database: Database) -> None:
    """A run with an earlier monitor.until does not turn the clock back."""
    fired = judge(rules, database, window(1, {"age": 0.5}))
    judge(rules, database, window(2, {"age": 0.0}))

    assert judge(rules, database, window(1, {"age": 0.5})) == fired
    assert standing(rules, database) == []
    assert len(logged(database)) == 2


def test_the_same_table_fires_again_after_another(rules: AlertSettings, database: Database) -> None:
    """monitor.current=a.csv, then b.csv, then a.csv again: two fires, for the second one is news."""
    bad, good = {"age": 0.5}, {"age": 0.0}
    given = [("a", bad), ("a", bad), ("b", good), ("a", bad)]

    for number, (name, values) in enumerate(given, 1):
        judge(rules, database, window(number, values, stream="current", id=name))

    assert [row[:2] for row in logged(database)] == [("a", "fired"), ("b", "resolved"), ("a", "fired")]


def test_streams_do_not_know_each_other(rules: AlertSettings, database: Database) -> None:
    """A table that is calm resolves nothing that fires in the log."""
    judge(rules, database, window(1, {"age": 0.5}))

    assert judge(rules, database, window(2, {"age": 0.0}, stream="current", id="a")) == []
    assert [firing.stream for firing in standing(rules, database)] == ["log"]


def test_a_rule_of_one_column_judges_that_column(configure: Configure, database: Database) -> None:
    """Others are left to other rules."""
    rules = configure("alert.rules.input_drift.subject=fee").layer("alert", AlertSettings)

    events = judge(rules, database, window(1, {"age": 0.5, "fee": 0.5}))

    assert [event.subject for event in events] == ["fee"]


def test_a_column_that_another_version_does_without_resolves(rules: AlertSettings, database: Database) -> None:
    """Nobody will ever see it calm."""
    first = window(1, {"age": 0.5, "fee": 0.0})
    windows.keep(database, first)
    judge(rules, database, first)

    same = judge(rules, database, window(2, {"fee": 0.0}))
    other = judge(rules, database, window(3, {"fee": 0.0}, model_version="2"))

    assert same == []
    assert [(event.kind, event.subject) for event in other] == [("resolved", "age")]
    assert "another version" in other[0].message
    assert judge(rules, database, window(3, {"fee": 0.0}, model_version="2")) == other


def test_all_of_a_window_is_kept_or_nothing(rules: AlertSettings, database: Database, monkeypatch: Any) -> None:
    """Where writing fails half-way, the window is judged again as if nothing had been."""
    here = window(1, {"age": 0.5, "fee": 0.5})
    run, left = database.run, iter([True] * 3)

    def breaks(statement: str, values: Any = ()) -> int:
        if not next(left, False):
            raise InputError("away")
        return run(statement, values)

    monkeypatch.setattr(database, "run", breaks)
    with pytest.raises(InputError):
        judge(rules, database, here)
    monkeypatch.undo()

    assert logged(database) == []
    assert len(judge(rules, database, here)) == 2


def test_a_threshold_makes_a_rule_that_waits_for_one(configure: Configure, database: Database) -> None:
    """enabled=set: the value of a prediction is judged as soon as the user says what it must be."""
    here = window(1, {"": 1.5}, metric="value_per_prediction")
    silent = configure().layer("alert", AlertSettings)
    told = configure("alert.rules.value.below=2").layer("alert", AlertSettings)

    assert judge(silent, database, here) == []
    assert [event.rule for event in judge(told, database, here)] == ["value"]


def test_the_rules_of_the_project_name_metrics_and_what_to_do(configure: Configure) -> None:
    """Each says what to do in one line, and no two metrics are judged in the same way twice."""
    rules = configure().layer("alert", AlertSettings).rules

    assert all(rule.metric in METRICS and rule.runbook for rule in rules.values())
    assert len({(rule.metric, rule.subject) for rule in rules.values()}) == len(rules)
    assert all(rule.resolve != rule.threshold for rule in rules.values() if rule.threshold is not None)


RULE = "alert.rules.input_drift"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ([f"{RULE}.metric=input_drfit"], ["'input_drfit'", "did you mean 'input_drift'", "conf/alert/default.yaml"]),
        ([f"{RULE}.below=0.1"], [RULE, "above 0.2 and below 0.1 are both set"]),
        ([f"{RULE}.above=null"], [RULE, "neither above nor below is set"]),
        ([f"{RULE}.above=0.05"], [f"{RULE}.resolve", "0.1 is more than above=0.05"]),
        (["alert.rules.coverage.below=0.9"], ["alert.rules.coverage.resolve", "less than below=0.9"]),
        ([f"{RULE}.cooldown=1hour"], [f"{RULE}.cooldown", "'1hour'", "12h"]),
        ([f"{RULE}.windows=0"], ["at least 1"]),
        ([f"{RULE}.severity=fatal"], ["'fatal'", "info, warning, critical"]),
        (["alert.rules.input_drft.above=0.3"], ["did you mean 'alert.rules.input_drift.above'"]),
        (["+alert.rules.mine={metric: missing}"], ["alert.rules.mine", "is not set", "conf/alert/default.yaml"]),
        (["alert.smtp.enabled=true"], ["alert.smtp.host"]),
    ],
)
def test_a_wrong_rule_is_refused_by_name(configure: Configure, changed: list[str], words: list[str]) -> None:
    """In one line, with the nearest name where there is one."""
    with pytest.raises(InputError) as refused:
        configure(*changed).layer("alert", AlertSettings)

    message = str(refused.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message


def test_a_rule_on_a_column_that_is_not_there_is_refused(configure: Configure) -> None:
    """It would never fire, and nobody would know why."""
    rules = configure(f"{RULE}.subject=agee").layer("alert", AlertSettings)

    with pytest.raises(InputError, match=rf"{RULE}.subject: 'agee' is no input of the model \(did you mean 'age'\?\)"):
        rules.check(["age", "fee"])
    rules.check(["agee"])


def test_a_threshold_can_be_given_on_the_command_line(configure: Configure, database: Database) -> None:
    """As any other setting."""
    rules = configure(f"{RULE}.above=0.6").layer("alert", AlertSettings)

    assert judge(rules, database, window(1, {"age": 0.5})) == []
    assert replace(rules.rules["input_drift"]).condition == "above 0.6"
