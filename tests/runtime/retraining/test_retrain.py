"""`retrain`: when a training is due, what it may cost, what is written down, and that it is safe beside another one."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from mlgen_runtime.bundle import promotion as registry
from mlgen_runtime.bundle import shadow
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.retraining import budget as training
from mlgen_runtime.retraining import decision, history, job, triggers
from mlgen_runtime.retraining import settings as reading
from mlgen_runtime.retraining import training_data as supply
from mlgen_runtime.retraining.context import RetrainingContext
from mlgen_runtime.retraining.history import Row
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load

NOW = datetime.datetime(2026, 6, 1, 6, 17, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
#: This module runs in each use case.
EACH_USE_CASE = True
#: When, how often and what is written down does not depend on what is learnt.
once = pytest.mark.only_in("tabular")
Look = Callable[..., "decision.Plan"]


def tried(days: float, **entries: Any) -> Row:
    """A training so many days before NOW."""
    given = {"action": "train", "when": "auto", "decision": "refused", **entries}
    return Row(at=history.stamp(NOW - days * DAY), **given)


def scene(root: Path, *changed: str, past: tuple[Row, ...] = (), now: datetime.datetime = NOW) -> RetrainingContext:
    """What triggers would look at in a project."""
    config = load(list(changed), root)
    store = Store(root / "bundles")
    own = reading.read(config).retrain
    return RetrainingContext(config=config, settings=own, store=store, champion=store.champion(), history=past, now=now)


def decide(root: Path, *changed: str, **entries: Any) -> decision.Plan:
    """What `retrain` would decide in a project, with the triggers that every project has."""
    words = [f"retrain.when={'[schedule,volume]'}", *changed]
    found = scene(root, *words, **entries)
    return decision.decide(found, reading.read(found.config))


@pytest.fixture
def old(trained: Path) -> Path:
    """A trained project whose champion took over 40 days before NOW."""
    entries = {**json.loads((trained / "bundles/champion.json").read_text("utf8")), "at": history.stamp(NOW - 40 * DAY)}
    (trained / "bundles/champion.json").write_text(json.dumps(entries), "utf8")
    keys = ("at", "action", "version", "previous", "why", "run_id")
    (trained / "bundles/ledger.jsonl").write_text(json.dumps({key: entries[key] for key in keys}) + "\n", "utf8")
    return trained


# When


@once
def test_a_young_champion_on_known_rows_asks_for_nothing(old: Path) -> None:
    """Each trigger says its figure all the same."""
    plan = decide(old, "retrain.max_age=60d")

    assert not plan.train and plan.message == "no trigger asks for a training"
    assert "40 days old, retrain.max_age=60d" in plan.findings["schedule"].message
    assert plan.findings["volume"].message.startswith("0 new rows in data/sample.csv")


@once
def test_an_old_champion_asks_for_a_training(old: Path) -> None:
    """Its age is that of its first promotion."""
    plan = decide(old, "retrain.max_age=30d")

    assert plan.train and list(plan.reasons) == ["schedule"]


@once
def test_a_rollback_makes_no_model_younger(old: Path) -> None:
    """The version is as old as it was before."""
    store = Store(old / "bundles")
    registry.promote(store, str(store.versions()[0]), "again, just now")

    plan = decide(old, "retrain.max_age=30d", now=datetime.datetime.now(datetime.UTC))

    assert plan.findings["schedule"].asks


@once
def test_a_champion_that_defended_itself_counts_as_young_again(old: Path) -> None:
    """A refused training answers the question for another max_age; one that failed does not."""
    refused = decide(old, past=(tried(10),))
    failed = decide(old, past=(tried(10, decision="failed"),))

    assert not refused.train and "the last training was at" in refused.findings["schedule"].message
    assert failed.train


@once
@pytest.mark.parametrize(("new", "wanted", "asks"), [(100, "100", True), (99, "100", False), (0, "0.01", False)])
def test_new_rows_ask_for_a_training_from_the_number_on_that_is_set(
    old: Path, monkeypatch: pytest.MonkeyPatch, new: int, wanted: str, asks: bool
) -> None:
    """A number of rows or a share of the champion's; no new row is never enough."""
    monkeypatch.setattr(RetrainingContext, "fresh", new)

    assert decide(old, f"retrain.new_rows={wanted}", "retrain.max_age=null").train == asks


@once
def test_a_share_is_one_of_the_rows_that_the_champion_is_from(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row less is not enough."""
    known = scene(old).lineage["rows"]

    for new, asks in ((known // 2 + 1, True), (known // 2 - 1, False)):
        monkeypatch.setattr(RetrainingContext, "fresh", new)
        assert decide(old, "retrain.new_rows=0.5", "retrain.max_age=null").train == asks


@once
def test_a_project_without_a_champion_trains(project: Path) -> None:
    """Nothing is worth waiting for then."""
    plan = decide(project)

    assert plan.train and plan.reasons == {"first": "there is no champion yet"}


@once
def test_never_is_never_and_always_waits_for_nothing(old: Path) -> None:
    """A person's word counts more than triggers, the cooldown and the number of trainings."""
    past = tuple(tried(days) for days in (0.1, 1, 2, 3))

    assert not decide(old, "retrain.when=never").train
    assert decide(old, "retrain.when=always", past=past).train


def test_every_trigger_has_settings_of_its_own_and_says_what_it_found(old: Path) -> None:
    """Also those that a layer adds: with all of them asked, each gives a figure or is switched off."""
    found = triggers.triggers(load([], old).raw)
    names = [field.name for module in found.values() for field in dataclasses.fields(module.Settings)]

    plan = decide(old, "retrain.when=auto", "retrain.cooldown=null")

    assert {"schedule", "volume"} <= set(found)
    assert len(names) == len(set(names))
    assert set(plan.findings) == set(found) and all(each.message for each in plan.findings.values())


# How often


@once
def test_after_a_training_there_is_none_for_a_while(old: Path) -> None:
    """Whatever came of it; the reader learns when it was."""
    soon = decide(old, past=(tried(0.5, decision="failed"),))
    later = decide(old, past=(tried(1.5, decision="failed"),))

    assert not soon.train
    assert soon.message == "schedule would train, but the last one was 12 hours ago (failed), and retrain.cooldown=1d"
    assert later.train


@once
def test_there_are_only_so_many_trainings_a_week(old: Path) -> None:
    """Failed and killed ones count; older ones do not."""
    past = tuple(tried(days, decision="started") for days in (8, 6, 4, 2))

    assert not decide(old, "retrain.max_per_week=3", past=past).train
    assert "within 7 days, and retrain.max_per_week=3" in decide(old, past=past).message
    assert decide(old, "retrain.max_per_week=4", past=past).train


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 30), max_size=8), st.integers(1, 4), st.sampled_from(["1d", "36h", "1w"]))
def test_cooldown_and_budget_hold_back_exactly_what_they_say(days: list[float], most: int, cooldown: str) -> None:
    """Nothing is held back without a training within the cooldown, or that many within the week."""
    patience = {"1d": 1, "36h": 1.5, "1w": 7}[cooldown] * 86400
    own = SimpleNamespace(cooldown=cooldown, patience=patience, max_per_week=most)
    stand_in: Any = SimpleNamespace(now=NOW, history=tuple(tried(each) for each in days))
    everything: Any = SimpleNamespace(retrain=own)

    held = decision.held_back(stand_in, everything)

    moments = [row.moment for row in stand_in.history]
    soon = any((NOW - moment).total_seconds() < own.patience for moment in moments)
    often = sum((NOW - moment).total_seconds() < 7 * 86400 for moment in moments) >= most
    assert (held is not None) == (soon or often)


# What is written down


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["started", "refused"])), max_size=20), st.data())
def test_the_last_line_of_a_training_says_how_it_ended(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[int, str]], data: st.DataObject
) -> None:
    """Lines are only appended, and one that a power cut tore is none: the next stands on a line of its own."""
    store = Store(tmp_path_factory.mktemp("store"))
    expected: dict[str, str] = {}

    for day, verdict in lines:
        row = tried(day, decision=verdict)
        history.record(store, row)
        expected[row.at] = verdict
        if data.draw(st.booleans()):
            store.append(history.NAME, b'{"at": "2026-0')

    assert {row.at: row.decision for row in history.rows(store)} == expected


def test_a_training_by_hand_is_compared_and_written_down(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines in the history, the former champion still published, and the figures of the training in the report."""
    monkeypatch.chdir(trained)
    before = Store(trained / "bundles").champion()

    assert main(["retrain", "retrain.when=always", "+experiment=quick"]) == 0

    found = json.loads(Path("reports/retrain.json").read_text("utf8"))
    store = Store(trained / "bundles")
    lines = (trained / "bundles" / history.NAME).read_text("utf8").splitlines()
    (row,) = history.rows(store)
    assert before is not None and before.version in store.versions()
    assert [json.loads(line)["decision"] for line in lines] == ["started", row.decision]
    assert row.champion == before.version and row.version == store.versions()[-1]
    assert row.decision in ("promoted", "refused") and row.reasons == {"always": "asked for by hand"}
    assert found["decision"] == row.decision and found["training"]["version"] == row.version


def test_the_same_rows_and_settings_are_not_tried_again(old: Path) -> None:
    """It would come to the same; a training that failed is another matter, and so are other settings."""
    words = ("+experiment=quick", "retrain.when=schedule")
    one_row_less(old)
    store, key = Store(old / "bundles"), supply.gather(scene(old, *words)).key
    history.record(store, tried(35, key=key))

    again = job.run(load([*words, "retrain.dry_run=true"], old), now=NOW)
    other = job.run(load([*words, "retrain.dry_run=true", "seed=7"], old), now=NOW)

    assert again.decision == "nothing" and "rows and settings are those of 2026-04-27" in again.message
    assert other.decision == "planned"


def test_the_rows_that_the_champion_is_from_are_not_learnt_again(old: Path) -> None:
    """Another draw of the split would be all that is new; a person may want it all the same."""
    words = ["retrain.dry_run=true"]

    by_itself = job.run(load([*words, "retrain.when=schedule"], old), now=NOW)
    by_hand = job.run(load([*words, "retrain.when=always"], old), now=NOW)

    assert by_itself.decision == "nothing" and "version 1 was made from these very rows" in by_itself.message
    assert by_hand.decision == "planned"


def one_row_less(root: Path) -> None:
    """Take the first row out of a project's data."""
    head, _, *rest = (root / "data/sample.csv").read_text("utf8").splitlines()
    (root / "data/sample.csv").write_text("\n".join([head, *rest]) + "\n", "utf8")


@once
def test_what_is_not_promoted_ends_with_3_where_the_gate_is_strict(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `train` does, and nobody else serves."""
    monkeypatch.chdir(trained)
    before = Store(trained / "bundles").champion()
    monkeypatch.setattr(job, "run", lambda *given: job.RetrainResult("refused", "it is not shown to beat it"))

    assert main(["retrain", "gate.strict=true"]) == 3
    assert main(["retrain"]) == 0
    assert Store(trained / "bundles").champion() == before


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in the store nor beside the data."""
    monkeypatch.chdir(old)
    before = files(old)

    assert main(["retrain", "--dry-run", "retrain.when=always"]) == 0

    assert "it would train on" in capsys.readouterr().out
    assert files(old) == before


def files(root: Path) -> dict[str, int]:
    """What stands in a project, but for reports, locks, and the log's database, which making sure of makes."""
    left_out = (root / "reports", root / "logs")
    found = (path for path in root.rglob("*") if path.is_file() and not set(left_out) & set(path.parents))
    return {str(path): path.stat().st_mtime_ns for path in found if not path.name.endswith(".lock")}


@once
def test_a_training_that_fails_counts_and_promotes_nothing(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is that of the training, exit code 2; the history has it, so that it is not tried again at once."""
    monkeypatch.chdir(trained)
    before = Store(trained / "bundles").champion()

    def broken(*given: Any) -> Any:
        raise InputError("the rows break their contract: column 'x' is gone")

    monkeypatch.setattr(pipeline, "train", broken)

    assert main(["retrain", "retrain.when=always"]) == 2

    (row,) = history.rows(Store(trained / "bundles"))
    assert (row.decision, row.message) == ("failed", "the rows break their contract: column 'x' is gone")
    assert "column 'x' is gone" in capsys.readouterr().err
    assert Store(trained / "bundles").champion() == before
    assert not decide(trained, "retrain.max_age=1s", past=(row,), now=row.moment + DAY / 2).train


def test_a_training_beyond_its_budget_is_stopped_and_publishes_nothing(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run in MLflow ends, staged bundles go, and the message names the setting."""
    versions = Store(trained / "bundles").versions()

    def slow(*given: Any) -> Any:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)

    monkeypatch.setattr(pipeline, "_fit", slow)
    config = load(["+experiment=quick", "retrain.when=always", "retrain.budget_minutes=0.03"], trained)

    with pytest.raises(InputError, match=r"stopped after 0\.03 minutes \(retrain\.budget_minutes\)"):
        job.run(config)

    assert Store(trained / "bundles").versions() == versions
    assert [row.decision for row in history.rows(Store(trained / "bundles"))] == ["failed"]
    assert not list((trained / "bundles").glob(".staging-*"))


def test_what_is_decided_is_published_however_late() -> None:
    """The budget is that of the fit and the comparison: a version is never cut off half way."""
    limited = training.Limited(0.001)

    with limited.running(), limited("register") as step:
        time.sleep(0.2)
        step.message = "published"

    assert not limited.late


# Who serves


@once
@pytest.mark.parametrize(
    ("reign", "wanted"),
    [
        ({"version": "1", "served": object(), "rival": True}, None),
        ({"version": "1", "served": None, "rival": True}, training.UNEQUAL),
        ({"version": None, "served": None, "rival": False}, None),
        ({"version": "1", "served": None, "rival": False}, None),
    ],
)
def test_only_who_met_the_champion_takes_its_place_by_itself(
    trained: Path, monkeypatch: pytest.MonkeyPatch, reign: dict[str, Any], wanted: str | None
) -> None:
    """A candidate that could not be compared waits for a person, unless there is no champion for this target."""
    asked: list[Any] = []
    monkeypatch.setattr(pipeline, "train", lambda config, steps, hold: asked.append(hold))

    training.train(load([], trained), None, shadow=False)

    assert asked[0](None, SimpleNamespace(**reign)) == wanted


@once
def test_a_champion_of_another_target_is_not_replaced_by_a_retraining(trained: Path) -> None:
    """Whatever asked for the training: the candidate is refused and says why, and the champion serves on."""
    config = load(
        ["+experiment=quick", "retrain.when=always", "data.target=saw_specialist", "contract.write=true"],
        renamed(trained, "saw_doctor", "saw_specialist"),
    )

    done = job.run(config)

    champion = Store(trained / "bundles").champion()
    assert done.decision == "refused" and "it predicts saw_doctor" in done.message
    assert champion is not None and champion.version == "1"


def renamed(root: Path, name: str, other: str) -> Path:
    """The project with a column of its sample called otherwise."""
    path = root / "data" / "sample.csv"
    path.write_text(path.read_text("utf8").replace(name, other, 1), "utf8")
    return root


@once
def test_a_candidate_for_the_shadow_is_held_and_named(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What passed the gate is published and answers beside the champion, who goes on serving."""
    asked: list[Any] = []
    monkeypatch.setattr(pipeline, "train", lambda config, steps, hold: asked.append(hold))

    training.train(load([], trained), None, shadow=True)

    assert asked[0](None, SimpleNamespace(version="1", served=object(), rival=True)) == training.SHADOW


def test_a_promotion_ends_the_trial_of_that_version_only(store: Store, publish: Callable[[str], None]) -> None:
    """By `promote` and by `rollback` alike."""
    for version in "123":
        publish(version)
    registry.promote(store, "1", "the first")
    shadow.name(store, "3", "1")

    registry.promote(store, "2", "another one")
    assert shadow.current(store) is not None
    registry.promote(store, "3", "the shadow itself")
    assert shadow.current(store) is None

    shadow.name(store, "2", "3")
    registry.rollback(store)
    assert shadow.current(store) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"version": "3"}', b'"3"'])
def test_a_shadow_file_that_cannot_be_read_names_nobody(store: Store, text: bytes) -> None:
    """Nothing depends on it."""
    store.replace(shadow.NAME, text)

    assert shadow.current(store) is None


@once
def test_a_second_retrain_is_refused_while_one_is_at_work(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and exit code 2; afterwards it is free again."""
    monkeypatch.chdir(trained)
    store = Store(trained / "bundles")

    with job.alone(store, load([], trained)):
        assert main(["retrain", "retrain.when=never"]) == 2
    assert "is at work on" in capsys.readouterr().err
    assert main(["retrain", "retrain.when=never"]) == 0


# What it takes


@pytest.fixture
def refused(configure: Any) -> Iterator[Callable[..., str]]:
    """Read conf/retrain with overrides and return what is said against it."""

    def run(*changed: str) -> str:
        with pytest.raises(InputError) as error:
            reading.read(configure(*changed))
        return str(error.value)

    yield run


@once
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("retrain.when=schedul", ["'schedul' is no trigger", "did you mean 'schedule'", "conf/retrain/default.yaml"]),
        ("retrain.when=[schedule,drfit]", ["'drfit' is no trigger"]),
        ("retrain.when=[]", ["names no trigger"]),
        ("retrain.cooldown=1 day", ["retrain.cooldown: '1 day' is no duration", "1d"]),
        ("retrain.cooldown=0d", ["retrain.cooldown"]),
        ("retrain.window=many", ["retrain.window: 'many'"]),
        ("retrain.window=-5", ["retrain.window"]),
        ("retrain.window=1.5", ["retrain.window: 1.5 is no part of the rows"]),
        ("retrain.holdout=0", ["retrain.holdout: 0 is no part of the rows", "a share (0.2)"]),
        ("retrain.max_per_week=0", ["retrain.max_per_week: 0", "at least 1"]),
        ("retrain.budget_minutes=-1", ["retrain.budget_minutes", "above 0"]),
        ("retrain.new_rows=0", ["retrain.new_rows", "above 0"]),
        ("retrain.data=everything", ["'everything' is not one of source, log, both"]),
        ("retrain.severity={out_of_range: loud}", ["retrain.severity.out_of_range", "loud"]),
        ("+retrain.max_ago=1d", ["retrain.max_ago: no such setting", "did you mean 'max_age'"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name(refused: Callable[..., str], changed: str, words: list[str]) -> None:
    """The key, the value, what was expected, and the file; before anything is read or written."""
    said = refused(changed)

    assert [word for word in words if word not in said] == [], said
    assert "\n" not in said


@once
def test_a_trigger_refuses_an_age_that_is_none(old: Path) -> None:
    """Named as the setting that it is."""
    with pytest.raises(InputError, match=r"retrain\.max_age: 'old' is no duration"):
        decide(old, "retrain.max_age=old")


def test_drifted_rows_can_be_learnt_and_other_faults_stay_what_they_are(trained: Path) -> None:
    """retrain.severity is laid over contract.severity, for this training only."""
    found = scene(trained, "contract.severity.out_of_range=error", "contract.severity.nulls=error")

    config = supply.gather(found).config

    assert config.contract.severity["out_of_range"] == "warning"
    assert config.contract.severity["nulls"] == "error"


def test_the_same_rows_and_settings_are_known_again(trained: Path) -> None:
    """Another seed or model is another training; where reports go is not."""
    keys = [supply.gather(scene(trained, *changed)).key for changed in ([], ["version=7"], ["seed=7"])]

    assert keys[0] == keys[1] != keys[2]
