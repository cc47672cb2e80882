"""`monitor` over a log of real rows: what moved is named, what did not stays quiet, and little data judges nothing."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.monitoring.measure import METRICS
from mlgen_runtime.monitoring.window import kept
from mlgen_runtime.usecase.configuration import load
from sample_projects import VERB, environment
from traffic import Traffic, truths

pytest_plugins = ["postgres"]


@pytest.fixture
def traffic(trained: Path) -> Traffic:
    """A project with an empty log."""
    return Traffic(trained)


def proven(seen: object, metric: str) -> set[str]:
    """The subjects of which a metric is more than chance in the newest window."""
    return {figure.subject for figure in seen.windows[-1].of(metric) if figure.proven and figure.value}  # type: ignore


def test_rows_as_in_training_move_nothing(traffic: Traffic) -> None:
    """Twenty windows of rows drawn at random: nothing is proven to have moved, and no alert fires."""
    for hour in range(20):
        traffic.answered(traffic.rows(300, seed=hour), hour)

    seen = traffic.look(hour=20)

    assert len(seen.windows) == 20
    assert sum(window.rows for window in seen.windows) == 6000
    guarded = ("input_drift", "missing", "unseen", "prediction_drift")
    moved = [figure for window in seen.windows for figure in window.measures if figure.metric in guarded]
    assert len(moved) > 20 * len(guarded)
    assert [figure for figure in moved if figure.proven] == []
    assert not seen.fired


def test_what_moves_is_named(traffic: Traffic) -> None:
    """A number that is scaled, one that becomes empty, a new category: told by the column's name, and no other is."""
    contract = traffic.model.contract
    numbers = [c.name for c in contract.inputs if c.type in ("number", "integer")]
    words = [c.name for c in contract.inputs if c.type == "category" and c.categories]
    scaled, emptied, renamed = numbers[0], numbers[1], words[0]
    rows = traffic.rows(600, seed=1)
    rows[scaled] = (rows[scaled].astype(float) * 3 + 1).round().astype(int).astype(str)
    rows.loc[rows.index % 2 == 0, emptied] = None
    rows[renamed] = rows[renamed].mask(rows[renamed] == rows[renamed].mode()[0], "another")
    traffic.answered(rows, 0)

    seen = traffic.look(hour=1)

    assert {scaled, renamed} <= proven(seen, "input_drift")
    assert proven(seen, "input_drift") <= {scaled, renamed, emptied}
    assert proven(seen, "missing") == {emptied}
    assert renamed in proven(seen, "unseen")
    message = next(figure.message for figure in seen.windows[-1].of("unseen", renamed))
    assert "'another'" in message
    assert {event.subject for event in seen.events if event.rule == "input_drift"} >= {scaled, renamed}


def test_a_share_of_labels_that_changes_is_told(traffic: Traffic) -> None:
    """Answers that go to one side are drift of the predictions, and the share of the label is proven to differ."""
    labels = traffic.model.contract.labels
    rows = traffic.rows(500, seed=2)
    if not labels:
        outputs = {"prediction": np.full(500, 1e6)}
    else:
        sure = np.where(np.arange(500) % 10 == 0, 0.2, 0.9)
        others = (1 - sure) / (len(labels) - 1)
        outputs = {"prediction": np.where(sure > 0.5, labels[0], labels[-1]).astype(object)}
        outputs |= {f"probability_{label}": sure if label == labels[0] else others for label in labels}
    traffic.answered(rows, 0, outputs=outputs)

    seen = traffic.look(hour=1)

    [drift] = seen.windows[-1].of("prediction_drift")
    assert drift.proven
    assert drift.value is not None
    assert drift.value > 0.2
    if labels:
        [share] = seen.windows[-1].of("prediction_share", labels[0])
        assert share.value == pytest.approx(0.9)
        assert share.proven


def test_few_rows_judge_nothing(traffic: Traffic) -> None:
    """With less than `min_rows` every figure of drift and service says so, has no value, and proves nothing."""
    rows = traffic.rows(50, seed=3)
    rows[rows.columns[3]] = None
    traffic.answered(rows, 0)
    traffic.refused(20, 500, 0)

    seen = traffic.look(hour=1)

    guarded = [figure for figure in seen.windows[-1].measures if figure.metric != "requests"]
    assert guarded
    assert all(figure.value is None and not figure.proven for figure in guarded)
    assert all("not enough data" in figure.message for figure in guarded)
    assert not seen.fired


def test_an_empty_log_is_no_failure(traffic: Traffic) -> None:
    """Nothing logged yet: no window, a note that says so, exit code 0, and a page."""
    seen = traffic.look()

    assert seen.windows == []
    assert not seen.fired
    assert "nothing has been logged" in seen.notes[0]
    assert "Nothing yet" in (traffic.root / "reports/monitor.html").read_text("utf8")


def test_requests_errors_and_refusals(traffic: Traffic) -> None:
    """Refused and failed requests are shares of all requests, by status; the field that is refused most is named."""
    traffic.answered(traffic.rows(340, seed=4), 0, ms=4.0)
    traffic.refused(40, 422, 0, field="income")
    traffic.refused(20, 503, 0)

    newest = traffic.look(hour=1).windows[-1]

    assert newest.requests == 400
    [violations] = newest.of("violations")
    [errors] = newest.of("error_rate")
    assert (violations.value, errors.value) == (pytest.approx(0.1), pytest.approx(0.05))
    assert violations.proven
    assert "income (40)" in violations.message
    [median] = newest.of("latency_p50_ms")
    assert median.value == pytest.approx(4.0, rel=0.05)


def test_slower_than_usual(traffic: Traffic) -> None:
    """Latency is held against earlier windows: three times as slow is told, and those windows do not become usual."""
    for hour in range(8):
        traffic.answered(traffic.rows(200, seed=hour), hour, ms=6.0 if hour in (5, 6, 7) else 2.0)

    seen = traffic.look(hour=8)

    ratios = [window.of("latency_ratio")[0] for window in seen.windows]
    assert [ratio.value is None for ratio in ratios] == [True] * 3 + [False] * 5
    assert [ratio.proven for ratio in ratios] == [False] * 5 + [True] * 3
    assert ratios[-1].value == pytest.approx(3.0, rel=0.1)
    assert [event.rule for event in seen.events] == ["latency"]


def test_a_shadow_is_no_answer(traffic: Traffic) -> None:
    """What another version answered in the shadow was seen by nobody, so no figure holds it."""
    traffic.answered(traffic.rows(200, seed=5), 0)
    traffic.answered(traffic.rows(200, seed=6), 0, name="s", source="shadow", version="2")

    [window] = traffic.look(hour=1).windows

    assert (window.rows, window.requests) == (200, 200)


def test_rows_of_an_unknown_version_are_compared_with_the_champion(traffic: Traffic) -> None:
    """A log filled by a version whose bundle is gone is looked at all the same, and a note says with what."""
    traffic.answered(traffic.rows(200, seed=7), 0, version="99")

    seen = traffic.look(hour=1)

    assert seen.windows[-1].model_version == traffic.model.version
    assert any(figure.value is not None for figure in seen.windows[-1].of("input_drift"))
    assert [note for note in seen.notes if "99 has no bundle" in note]


def test_windows_of_two_versions(traffic: Traffic) -> None:
    """Inputs are those of all rows; predictions and quality those of the version that answered most."""
    rows, others = traffic.rows(300, seed=8), traffic.rows(150, seed=9)
    traffic.answered(rows, 0)
    wrong = traffic.answered(others, 0, name="o", version="99")
    traffic.known(wrong, truths(traffic, others), 0.9)

    window = traffic.look("monitor.min_outcomes=50", hour=1).windows[-1]

    assert {figure.rows for figure in window.of("missing")} == {450}
    assert {figure.rows for figure in window.of("prediction_drift")} == {300}
    assert window.of("quality") == []


def test_looking_again_changes_nothing(traffic: Traffic) -> None:
    """The same end gives the same window, figures and events; a little later it is that window, an hour up to now."""
    traffic.answered(traffic.rows(200, seed=10), 0)
    first = traffic.look(hour=1)

    again = traffic.look(hour=1)
    traffic.answered(traffic.rows(200, seed=11), 1.05, name="later")
    later = traffic.look(hour=1.2)
    next_one = traffic.look(hour=2.1)

    assert [window.id for window in again.windows] == [window.id for window in first.windows]
    assert again.windows[0].measures == first.windows[0].measures
    assert [(window.id, window.rows) for window in later.windows] == [(first.windows[0].id, 190)]
    assert [window.id for window in next_one.windows] != [first.windows[0].id]
    assert next_one.windows[0].rows == 200
    with traffic.open() as database:
        assert len(kept(database)) == 2


def test_a_run_that_comes_a_little_early_or_late_loses_nothing(traffic: Traffic) -> None:
    """Schedulers are not on time: each run makes one window, and every row is in one of them."""
    for hour in range(4):
        traffic.answered(traffic.rows(120, seed=hour), hour)

    seen = [traffic.look(hour=hour).windows for hour in (1.01, 1.98, 3.02, 4.0)]

    assert [len(windows) for windows in seen] == [1, 1, 1, 1]
    assert sum(windows[0].rows for windows in seen) == 480


def test_windows_that_were_missed_are_caught_up_with(traffic: Traffic) -> None:
    """After a pause every window since is looked at, at most `monitor.windows` of them."""
    for hour in range(6):
        traffic.answered(traffic.rows(110, seed=hour), hour)
    traffic.look(hour=1)

    missed = traffic.look(hour=4).windows
    capped = traffic.look("monitor.windows=1", hour=6).windows

    assert [window.rows for window in missed] == [110, 110, 110]
    assert [window.rows for window in capped] == [110]


def test_an_end_before_what_was_seen_is_refused(traffic: Traffic) -> None:
    """Windows go forward: an end long before the newest window is refused, and says why."""
    traffic.answered(traffic.rows(120, seed=1), 5)
    traffic.look(hour=6)

    with pytest.raises(InputError, match=r"lies before the newest window.*windows go forward"):
        traffic.look(hour=2)


def test_a_column_that_is_kept_out_of_the_log_is_not_missing(traffic: Traffic) -> None:
    """What is redacted has no figures, instead of being missing in every row."""
    secret = traffic.model.contract.inputs[0].name
    traffic.answered(traffic.rows(200, seed=1), 0)

    window = traffic.look(f"log.redact=[{secret}]", hour=1).windows[-1]

    assert window.of("missing", secret) == []
    assert window.of("missing")


def test_quality_and_slices_meet_the_truth(traffic: Traffic) -> None:
    """With the truth known, the gate's metric is near that of the test rows, for each slice, too; no loss is proven."""
    slice_ = next(column for column in traffic.model.contract.inputs if column.type == "category")
    rows = traffic.rows(900, seed=12)
    traffic.known(traffic.answered(rows, 0), truths(traffic, rows), 0.95)

    window = traffic.look(f"monitor.slices=[{slice_.name}]", hour=1).windows[-1]

    [quality] = window.of("quality", "")
    [loss] = window.of("quality_loss", "")
    test = traffic.model.metrics["test"][traffic.model.metrics["metric"]]
    assert quality.rows == 900
    assert quality.value == pytest.approx(test, rel=0.25)
    assert quality.low is not None
    assert quality.low < quality.value < quality.high
    assert not loss.proven
    parts = {figure.subject: figure.rows for figure in window.of("quality")}
    assert sum(count for name, count in parts.items() if name.startswith(f"{slice_.name}=")) == 900


def test_answers_that_become_wrong_are_a_proven_loss(traffic: Traffic) -> None:
    """Truths that have nothing to do with the answers: the loss is proven, and an alert fires."""
    rows = traffic.rows(600, seed=13)
    subjects = traffic.answered(rows, 0)
    traffic.known(subjects, truths(traffic, rows.sample(frac=1, random_state=1)), 0.95)

    seen = traffic.look(hour=1)

    [loss] = seen.windows[-1].of("quality_loss", "")
    assert loss.proven
    assert loss.value is not None
    assert loss.value > 0.1
    assert "quality_loss" in {event.rule for event in seen.events}


def test_a_truth_counts_when_it_becomes_known(traffic: Traffic) -> None:
    """Late outcomes are in the window in which they came, whenever somebody looks; few of them are not enough data."""
    rows = traffic.rows(300, seed=14)
    subjects = traffic.answered(rows, 0)
    known = truths(traffic, rows)
    traffic.answered(traffic.rows(150, seed=15), 2)
    traffic.known(subjects[:250], known[:250], 2.5)
    traffic.known(subjects[250:], known[250:], 3.5)

    windows = traffic.look(hour=4).windows

    assert [[(figure.rows, figure.value is None) for figure in window.of("quality", "")] for window in windows] == [
        [], [], [(250, False)], [(50, True)]
    ]  # fmt: skip


def test_truth_by_key_is_that_of_the_newest_answer(traffic: Traffic) -> None:
    """Rows answered twice under one key meet their truth once, by the later answer."""
    rows = traffic.rows(200, seed=16)
    keys = [f'["{number}"]' for number in range(200)]
    traffic.answered(rows.sample(frac=1, random_state=2, ignore_index=True), 0, keys=keys)
    traffic.answered(rows, 0.5, name="newer", keys=keys)
    traffic.known([f"key:{key}" for key in keys], truths(traffic, rows), 0.9)

    [quality] = traffic.look(hour=1).windows[-1].of("quality", "")

    whole = traffic.model.metrics["test"][traffic.model.metrics["metric"]]
    assert quality.rows == 200
    assert quality.value == pytest.approx(whole, rel=0.3)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite", "query"])
def test_a_table_instead_of_the_log(traffic: Traffic, kind: str) -> None:
    """`monitor.current=` reads what training reads, predicts with the champion, and judges by the truth in the rows."""
    import sqlite3

    rows = traffic.rows(400, seed=17)
    folder = traffic.root / "data"
    if kind == "csv":
        rows.to_csv(folder / "now.csv", index=False)
    elif kind == "parquet":
        rows.to_parquet(folder / "now.parquet", index=False)
    else:
        with sqlite3.connect(folder / "now.db") as connection:
            rows.to_sql("now", connection, index=False)
    places = {"csv": "data/now.csv", "parquet": "data/now.parquet", "sqlite": f"sqlite:///{folder}/now.db#now",
              "query": f"sqlite:///{folder}/now.db#select * from now limit 300"}  # fmt: skip

    seen = traffic.look(f"monitor.current='{places[kind]}'")

    [window] = seen.windows
    assert window.stream == "current"
    assert window.rows == (300 if kind == "query" else 400)
    assert proven(seen, "input_drift") == set()
    assert window.of("quality", "")[0].rows == window.rows
    assert window.of("violations")[0].value == 0


def test_the_same_table_again_is_the_same_window(traffic: Traffic) -> None:
    """A table is told apart by its rows: looked at again it is the same window, another one is the next."""
    for number in (1, 2):
        traffic.rows(150, seed=number).to_csv(traffic.root / f"data/now{number}.csv", index=False)

    ids = [traffic.look(f"monitor.current=data/now{number}.csv").windows[0].id for number in (1, 1, 2, 1)]

    assert ids[0] == ids[1] == ids[3] != ids[2]
    with traffic.open() as database:
        assert [window.id for window in kept(database, "current")] == [ids[2], ids[0]]


def test_cells_that_break_the_contract_are_counted(traffic: Traffic) -> None:
    """Cells that no reader can read are violations of the table, and named by their column."""
    column = next(c for c in traffic.model.contract.inputs if c.type in ("number", "integer"))
    rows = traffic.rows(200, seed=18).astype(object)
    rows.loc[:39, column.name] = "n/k"
    rows.to_csv(traffic.root / "data/now.csv", index=False)

    window = traffic.look("monitor.current=data/now.csv").windows[0]

    [violations] = window.of("violations")
    assert violations.value == pytest.approx(0.2)
    assert column.name in violations.message


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["monitor.current=data/short.csv"], r"lacks the column.*version 1 needs"),
        (["monitor.current=data/nowhere.csv"], r"there is no file data/nowhere.csv.*set monitor.current"),
        (["monitor.window=1m"], r"monitor.window: '1m' is no duration; expected such as"),
        (["monitor.until=yesterday"], r"monitor.until: 'yesterday' is no moment; expected such as"),
        (["monitor.slices=[plan_x]"], r"monitor.slices: 'plan_x' is no column of the contract"),
        (["monitor.value.amount=nothing"], r"monitor.value.amount: 'nothing' is no input that is a number"),
        (["monitor.min_rows=0"], r"monitor.min_rows: 0 is not a whole number at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(traffic: Traffic, changed: list[str], said: str) -> None:
    """Settings and tables that cannot be meant are refused in one line, and nothing is written."""
    names = [column.name for column in traffic.model.contract.inputs]
    traffic.rows(120, seed=1).drop(columns=names[0]).to_csv(traffic.root / "data/short.csv", index=False)

    with pytest.raises(InputError, match=said):
        traffic.look(*changed)

    assert not (traffic.root / "reports/monitor.html").exists()


def test_the_page_asks_nobody(traffic: Traffic) -> None:
    """The page names no address that a browser would fetch, forbids fetching, and shows charts."""
    for hour in range(3):
        traffic.answered(traffic.rows(150, seed=hour), hour)

    traffic.look(hour=3)

    page = html.unescape((traffic.root / "reports/monitor.html").read_text("utf8"))
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href|action)\s*=\s*[\"']?(https?:)?//|@import|url\((?!data:)", page)
    assert page.count("<svg") >= 5
    assert len(page) < 200_000


def test_prometheus_reads_the_figures(traffic: Traffic) -> None:
    """reports/monitor.prom is as the format wants it: a type for each name, one line a figure, none without data."""
    traffic.answered(traffic.rows(150, seed=1), 0)

    seen = traffic.look(hour=1)

    lines = (traffic.root / "reports/monitor.prom").read_text("utf8").splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(types) == len(set(types))
    samples = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r'[a-z_]\w*(\{(\w+="([^"\\\n]|\\.)*",?)+\})? [-+\d.e]+', line) for line in samples)
    drift = sum(figure.value is not None for figure in seen.windows[0].of("input_drift"))
    assert sum("_monitor_input_drift{" in line for line in samples) == drift > 0


def test_the_verb_reports_and_tells_by_its_exit_code(traffic: Traffic) -> None:
    """On the command line: 3 where an alert fired, a table with the column first, reports/monitor.json with figures."""
    column = next(c for c in traffic.model.contract.inputs if c.type in ("number", "integer"))
    rows = traffic.rows(400, seed=1)
    rows[column.name] = 1e6
    traffic.answered(rows, 0)
    command = [*VERB, "monitor", traffic.until(1), "monitor.window=1h",
               "monitor.track=false", "monitor.detail_rows=0"]  # fmt: skip

    done = subprocess.run(command, cwd=traffic.root, env=environment(), capture_output=True, text=True, check=False)

    report = json.loads((traffic.root / "reports/monitor.json").read_text("utf8"))
    assert done.returncode == 3, done.stderr
    assert report["exit_code"] == 3
    assert column.name in done.stdout
    assert {event["subject"] for event in report["fired"]} >= {column.name}
    figures = report["windows"][0]["measures"]
    assert {figure["metric"] for figure in figures} <= set(METRICS)
    assert report["rows"] == 400


def test_mlflow_away_is_a_note(traffic: Traffic) -> None:
    """The run in MLflow is made where MLflow is; where it is not, a note says so and the report is there."""
    traffic.answered(traffic.rows(150, seed=1), 0)

    there = traffic.look("monitor.track=true", hour=1)
    away = traffic.look("monitor.track=true", "tracking.uri=http://127.0.0.1:9", hour=1)

    assert there.notes == []
    assert len(away.notes) == 1
    assert "not in MLflow" in away.notes[0]
    assert (traffic.root / "reports/monitor.html").exists()


def test_segments_that_wait_are_shipped_first(traffic: Traffic) -> None:
    """What a service has only put down in its files so far is in the window, too."""
    from mlgen_runtime.prediction_log.segment import Writer

    config = load([], traffic.root)
    record = traffic.model.example()
    found = traffic.model.predict(record)
    label = found["prediction"][0]
    writer = Writer(traffic.root / config.raw["log"]["folder"])
    said = {
        "source": "rest",
        "version": traffic.model.version,
        "features": {name: cells[0] for name, cells in record.items()},
        "prediction": label.item() if hasattr(label, "item") else label,
        "output": {name: float(found[name][0]) for name in found if name != "prediction"},
    }
    for number in range(120):
        line = json.dumps({"id": f"seg{number}", "at": traffic.start + number, **said})
        writer.append(line.encode() + b"\n")
    writer.close()

    [window] = traffic.look(hour=1).windows

    assert window.rows == 120


def test_postgresql_gives_the_same_figures(trained: Path, database: str) -> None:
    """The same traffic and truths in PostgreSQL: every figure is what it is in SQLite."""
    found = []
    for url in ("sqlite:///logs/predictions.db", database):
        traffic = Traffic(trained, url)
        rows = traffic.rows(300, seed=19)
        keys = [f'["{number}"]' for number in range(300)]
        subjects = traffic.answered(rows, 0, keys=keys)
        known = truths(traffic, rows)
        traffic.known([*subjects[:100], *(f"key:{key}" for key in keys[100:250])], known[:250], 0.9)
        traffic.known(subjects[250:], known[250:], 1.5)
        traffic.refused(30, 422, 0)
        found.append(traffic.look("monitor.min_outcomes=20", hour=2).windows)

    assert [window.measures for window in found[0]] == [window.measures for window in found[1]]
    assert [window.of("quality", "")[0].rows for window in found[0]] == [250, 50]


def test_a_bundle_without_a_reference_is_still_watched(traffic: Traffic) -> None:
    """Without histograms there is no drift to tell, but requests and latency are."""
    folder = traffic.model.folder
    bundle.write_json(folder, "reference.json", {"inputs": {}, "predictions": {}})
    manifest = bundle.seal(folder)
    pointer = traffic.root / "bundles/champion.json"
    pointer.write_text(json.dumps({**json.loads(pointer.read_text("utf8")), "manifest": manifest}), "utf8")
    traffic.answered(traffic.rows(150, seed=1), 0)

    [window] = traffic.look(hour=1).windows

    assert window.of("input_drift") == []
    assert window.of("requests")[0].value == 150
