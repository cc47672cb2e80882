"""Service and batch apart as well as together: what moves in the smaller part fires as it does alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
from mlgen_runtime.cli import monitor
from mlgen_runtime.cli.monitor import Monitored
from mlgen_runtime.monitoring.measure import Measure
from mlgen_runtime.monitoring.window import Window
from mlgen_runtime.retraining.context import RetrainingContext
from mlgen_runtime.retraining.monitored import drift as trigger
from traffic import Traffic, truths

QUIET = 4000


@pytest.fixture
def alone(trained: Path) -> Traffic:
    """A log in which only the service will have answered."""
    return Traffic(trained, "sqlite:///logs/alone.db")


@pytest.fixture
def both(trained: Path) -> Traffic:
    """A log in which batch runs will have scored many rows beside those of the service."""
    return Traffic(trained, "sqlite:///logs/both.db")


def moved(traffic: Traffic, count: int, seed: int = 1) -> pd.DataFrame:
    """Rows in which one number came in another unit for some of the rows: little in a large window, much in its own."""
    rows = traffic.rows(count, seed=seed)
    name = next(column.name for column in traffic.model.contract.inputs if column.type in ("number", "integer"))
    rows[name] = (rows[name].astype(float) * 3 + 1).round().astype(int).astype(str)
    return rows


def part(seen: Monitored, deployment: str) -> Window:
    """The part of a deployment in the newest window."""
    return next(part for part in seen.windows[-1].parts if part.deployment == deployment)


def fired(seen: Monitored, *deployments: str) -> set[tuple[str, str]]:
    """The rules and subjects that fired in some deployments; "" is all together."""
    return {(e.rule, e.subject) for e in seen.events if e.kind == "fired" and e.deployment in deployments}


def figures(measures: Iterable[Measure]) -> list[Measure]:
    """The figures that rest on the rows: latency depends on the moment."""
    return [measure for measure in measures if not measure.metric.startswith("latency")]


def test_drifted_requests_fire_beside_many_batch_rows_as_they_do_alone(alone: Traffic, both: Traffic) -> None:
    """Six hundred drifted requests are lost in the whole of a window with many quiet rows of a batch run; apart, every
    figure of theirs and every alert is that of the requests alone."""
    rows = moved(alone, 600)
    alone.answered(rows, 0)
    both.answered(rows, 0)
    both.answered(both.rows(QUIET * 2, seed=2), 0, name="b", source="batch")

    single, mixed = alone.look(hour=1), both.look(hour=1)

    assert fired(single, "")
    assert fired(mixed, "rest") == fired(single, "")
    assert fired(mixed, "batch") == set()
    assert figures(part(mixed, "rest").measures) == figures(single.windows[-1].measures)
    assert mixed.windows[-1].rows == 600 + QUIET * 2
    assert part(mixed, "batch").rows == QUIET * 2
    assert mixed.fired


def test_one_deployment_is_told_once(alone: Traffic) -> None:
    """Where only the service answered, its part is the whole under another name, and every alert fires once."""
    alone.answered(moved(alone, 600), 0)
    alone.refused(80, 422, 0)

    seen = alone.look(hour=1)

    assert part(seen, "rest").measures == seen.windows[-1].measures
    assert {event.deployment for event in seen.events} == {""}
    assert len(seen.events) == len({(event.rule, event.subject) for event in seen.events})
    assert not (alone.root / "reports/monitor.prom").read_text("utf8").count("deployment=")


def test_what_only_the_service_has_fires_once(both: Traffic) -> None:
    """Refusals are the service's alone: the same figure for it and for the whole, and one alert."""
    both.answered(both.rows(300, seed=1), 0)
    both.answered(both.rows(QUIET, seed=2), 0, name="b", source="batch")
    both.refused(100, 422, 0)

    seen = both.look(hour=1)

    [violations] = [event for event in seen.events if event.rule == "violations"]
    assert violations.deployment == ""
    assert part(seen, "rest").of("violations") == seen.windows[-1].of("violations")
    assert part(seen, "batch").of("violations") == []


def test_a_deployment_with_few_rows_is_said_to_have_few(both: Traffic) -> None:
    """A part with fewer rows than `min_rows` judges nothing, and says so; its rows still count in the whole."""
    both.answered(moved(both, 60), 0)
    both.answered(both.rows(QUIET, seed=2), 0, name="b", source="batch")

    seen = both.look(hour=1)

    few = part(seen, "rest")
    assert all(figure.value is None for figure in few.measures if figure.metric != "requests")
    assert fired(seen, "rest") == set()
    assert seen.windows[-1].rows == QUIET + 60
    said = "\n".join(monitor._lines(seen))
    assert "rest alone: 60 predictions, 60 requests" in said
    assert "too few to judge apart" in said


def test_an_alert_of_a_part_resolves_where_the_part_answers_alone(both: Traffic) -> None:
    """What fired for the service beside a batch run stays for the service, and resolves in windows without one."""
    both.answered(moved(both, 600), 0)
    both.answered(both.rows(QUIET * 2, seed=2), 0, name="b", source="batch")
    began = fired(both.look(hour=1), "rest")
    active = {(alert.rule, alert.subject) for alert in both.look(hour=1).firing if alert.deployment == "rest"}
    for hour in (1, 2, 3):
        both.answered(both.rows(600, seed=10 + hour), hour)

    seen = both.look(hour=4)

    assert began
    assert active == began
    assert {(e.rule, e.subject) for e in seen.events if e.kind == "resolved" and e.deployment == "rest"} == began
    assert not [alert for alert in seen.firing if alert.deployment]


def test_batch_rows_that_move_fire_beside_a_busy_service(both: Traffic) -> None:
    """The same the other way round: a batch run is as little lost among requests."""
    both.answered(both.rows(QUIET * 2, seed=2), 0)
    both.answered(moved(both, 600), 0, name="b", source="batch")

    seen = both.look(hour=1)

    assert fired(seen, "batch")
    assert fired(seen, "rest") == set()


def test_each_part_is_compared_with_the_version_that_answered_it(both: Traffic) -> None:
    """Batch runs of another version do not decide what the service is compared with: each is held against its own, and
    the whole, which is that of the larger part, counts the rows of both."""
    version, label = both.model.version, both.model.contract.labels[0]
    shutil.copytree(both.root / "bundles" / version, both.root / "bundles" / "99")
    both.answered(moved(both, 600), 0)
    both.answered(both.rows(QUIET, seed=2), 0, name="b", source="batch", version="99")

    seen = both.look(hour=1)

    whole = seen.windows[-1]
    assert (whole.model_version, whole.rows) == ("99", QUIET + 600)
    assert part(seen, "rest").model_version == version
    assert part(seen, "batch").model_version == "99"
    shares = [
        window.of("prediction_share", label)[0].rows for window in (whole, part(seen, "rest"), part(seen, "batch"))
    ]
    assert shares == [QUIET, 600, QUIET]
    assert {figure.rows for figure in whole.of("missing")} == {QUIET + 600}


def test_quality_of_a_part_is_that_of_its_own_answers(both: Traffic) -> None:
    """Truths of the service's answers and of a batch run's are told apart; wrong ones are the service's own loss."""
    rows, others = both.rows(400, seed=3), both.rows(QUIET, seed=4)
    wrong = truths(both, rows.sample(frac=1, random_state=1, ignore_index=True))
    both.known(both.answered(rows, 0), wrong, hour=0.5)
    both.known(both.answered(others, 0, name="b", source="batch"), truths(both, others), hour=0.5)

    seen = both.look(hour=1)

    losses = {
        window.deployment: window.of("quality_loss", "")[0] for window in (seen.windows[-1], *seen.windows[-1].parts)
    }
    assert losses["rest"].rows == 400
    assert losses["batch"].rows == QUIET
    assert losses["rest"].proven
    assert (losses["rest"].value or 0) > 0.1
    assert not losses["batch"].proven


def test_every_report_says_which_deployment(both: Traffic) -> None:
    """The report, the page, the file for Prometheus and the terminal name the part that moved."""
    rows = moved(both, 600)
    both.answered(rows, 0)
    both.answered(both.rows(QUIET * 2, seed=2), 0, name="b", source="batch")

    seen = both.look(hour=1)

    report = monitor._report(seen)
    parts = report["windows"][-1]["deployments"]
    assert set(parts) == {"rest", "batch"}
    assert parts["rest"]["rows"] == 600
    assert any(figure["proven"] for figure in parts["rest"]["measures"] if figure["metric"] == "input_drift")
    assert {alert["deployment"] for alert in report["fired"]} >= {"rest"}
    assert {alert["deployment"] for alert in report["active"]} >= {"rest"}
    page = (both.root / "reports/monitor.html").read_text("utf8")
    assert "rest alone" in page
    assert "(rest)" in page
    metrics = (both.root / "reports/monitor.prom").read_text("utf8")
    assert 'deployment="rest",proven="1"' in metrics
    assert "alert_firing{" in metrics
    said = "\n".join(monitor._lines(seen))
    assert "(rest) – " in said
    assert "rest alone: 600 predictions, 600 requests" in said
    assert "batch alone" in said


def test_a_drift_of_one_deployment_asks_for_a_training(both: Traffic) -> None:
    """`retrain` follows an alert of a part, and names it."""
    import datetime

    from mlgen_runtime.bundle.store import Store
    from mlgen_runtime.retraining import settings as reading

    both.answered(moved(both, 600), 0)
    both.answered(both.rows(QUIET * 2, seed=2), 0, name="b", source="batch")
    both.look(hour=1)
    with both.open() as database:
        database.run("UPDATE window_log SET end_at = end_at + 1e6")  # after the champion took over, which was just now
    config = both.set(f"log.database={both.url}")
    context = RetrainingContext(
        config=config,
        settings=reading.read(config).retrain,
        store=Store(both.root / "bundles"),
        champion=Store(both.root / "bundles").champion(),
        history=(),
        now=datetime.datetime.now(datetime.UTC),
    )

    found = trigger.look(context, trigger.Settings(alerts=["input_drift"]))

    assert found.asks
    assert "(rest)" in found.message
