"""A candidate in the shadow: it is judged by the truth of the requests that both answered, and promoted or dropped."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import shadow
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.retraining import history, job
from mlgen_runtime.retraining.monitored import logged
from mlgen_runtime.usecase.configuration import load

pytest_plugins = ["postgres"]


@pytest.fixture
def standing(trained: Path) -> Path:
    """A trained project whose version 2 (the same model) answers beside the champion."""
    store = Store(trained / "bundles")
    staged = store.stage()
    shutil.copytree(store.fetch("1"), staged, dirs_exist_ok=True)
    bundle.seal(staged)
    store.publish(staged, "2")
    shadow.name(store, "2", "1")
    return trained


def answered(root: Path, count: int, right: dict[str, float]) -> None:
    """Log requests that champion and shadow answered: each with this share of right answers."""
    config, store = load([], root), Store(root / "bundles")
    contract = json.loads((store.fetch("1") / "contract.json").read_text("utf8"))
    (target,) = (entry for entry in contract["columns"].values() if entry["role"] == "target")
    labels = target.get("categories")
    draw = np.random.default_rng(5)
    at = datetime.datetime.now(datetime.UTC).timestamp()
    with logged.database(config) as database:
        for number in range(count):
            truth = int(draw.integers(2))
            for source, version in (("rest", "1"), ("shadow", "2")):
                hit = draw.random() < right[version]
                said, output = answer(labels, truth if hit else 1 - truth, float(draw.uniform(0.5, 1)))
                row = (f"r{number}", 0, source, at + number / 1000, version, 1.0, None, "{}", said, output)
                database.run("INSERT INTO prediction_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            said = json.dumps(labels[truth] if labels else 10.0 * truth)
            database.run("INSERT INTO outcome_log VALUES (?, ?, ?, 'test')", (f"r{number}/0", at, said))


def answer(labels: list[str] | None, chosen: int, sure: float) -> tuple[str, str]:
    """A prediction and its output as the log has them."""
    if not labels:
        return json.dumps(10.0 * chosen + sure), "{}"
    shares = {f"probability_{label}": 0.0 for label in labels}
    shares |= {f"probability_{labels[chosen]}": sure, f"probability_{labels[1 - chosen]}": 1 - sure}
    return json.dumps(labels[chosen]), json.dumps(shares)


def run(root: Path, *changed: str, **entries: Any) -> job.RetrainResult:
    """Run `retrain` with no reason to train."""
    words = ["retrain.when=schedule", "retrain.max_age=null", "retrain.shadow_outcomes=300", *changed]
    return job.run(load(words, root), **entries)


@pytest.mark.parametrize(
    ("right", "decision", "serves"),
    [((0.6, 0.9), "promoted", "2"), ((0.9, 0.6), "dropped", "1"), ((0.8, 0.8), "dropped", "1")],
)
def test_the_better_one_serves(standing: Path, right: tuple[float, float], decision: str, serves: str) -> None:
    """A shadow that is not shown to be better goes; the verdict is in the history, and the trial is over."""
    answered(standing, 400, dict(zip("12", right, strict=True)))
    store = Store(standing / "bundles")

    done = run(standing)

    champion = store.champion()
    assert (done.decision, champion.version if champion else None) == (decision, serves)
    assert "on the outcomes of 400 answers of both" in done.message
    assert shadow.current(store) is None
    assert [(row.action, row.decision, row.version) for row in history.rows(store)] == [("shadow", decision, "2")]
    assert set(store.versions()) == {"1", "2"}


def test_a_verdict_from_postgresql_is_the_same(standing: Path, postgres: Any) -> None:
    """One statement for both databases."""
    page, line = standing / "conf/log/default.yaml", f"database: {postgres.fresh()}"
    page.write_text(re.sub(r"^database:.*", line, page.read_text("utf8"), flags=re.M), "utf8")
    answered(standing, 400, {"1": 0.6, "2": 0.9})

    assert run(standing).decision == "promoted"


def test_it_waits_until_it_has_met_enough_outcomes(standing: Path) -> None:
    """No training starts meanwhile; a dry run says the same."""
    answered(standing, 299, {"1": 0.5, "2": 1.0})
    store = Store(standing / "bundles")

    done = [run(standing, "retrain.max_age=1s", *more) for more in ((), ("retrain.dry_run=true",))]

    assert {each.decision for each in done} == {"waiting"}
    assert done[0].message.startswith("version 2 met 299 of 300 outcomes in ")
    assert shadow.current(store) is not None and not history.rows(store)


def test_it_does_not_wait_for_ever(standing: Path) -> None:
    """After retrain.shadow_for it is dropped."""
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31)

    done = run(standing, now=soon)

    assert done.decision == "dropped" and "met 0 of 300 outcomes in 31 days" in done.message
    assert shadow.current(Store(standing / "bundles")) is None


def test_a_shadow_that_is_broken_or_gone_is_dropped(standing: Path) -> None:
    """Nothing to compare: the next run can train."""
    shutil.rmtree(standing / "bundles/2")

    done = run(standing)

    assert done.decision == "dropped" and "is published no more" in done.message
    assert run(standing).decision == "nothing"


def test_a_passing_candidate_is_tried_before_it_serves(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is published and named; the champion serves on until the verdict."""
    words = ["+experiment=quick", "retrain.when=always", "retrain.shadow=true", "gate.margin=-1", "gate.baseline=ahead"]

    done = job.run(load(words, trained))

    store = Store(trained / "bundles")
    champion, found = store.champion(), shadow.current(store)
    assert done.decision == "shadow" and "answers beside the champion first" in done.message
    assert champion is not None and champion.version == "1"
    assert found is not None and (found.version, found.champion) == ("2", "1")
    assert [row.decision for row in history.rows(store)] == ["shadow"]
