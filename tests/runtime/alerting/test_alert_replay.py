"""`monitor` run hour after hour over real rows: quiet, then a column is scaled, then quiet again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from mlgen_runtime.cli import monitor
from traffic import QUICK, Traffic

#: Hours in which nothing happens, hours of the shift, hours after it.
BEFORE, DURING, AFTER = 3, 3, 4


@pytest.fixture
def traffic(trained: Path) -> Traffic:
    """A project with an empty log."""
    return Traffic(trained)


def test_an_alert_fires_once_and_resolves_once(traffic: Traffic, capsys: pytest.CaptureFixture[str]) -> None:
    """In the first hour of the shift, for the column, with exit code 3; and once when it is over."""
    column = next(column.name for column in traffic.model.contract.inputs if column.type in ("number", "integer"))
    codes, active, reports = [], [], []
    for hour in range(BEFORE + DURING + AFTER):
        rows = traffic.rows(400, seed=hour)
        if BEFORE <= hour < BEFORE + DURING:
            rows[column] = (rows[column].astype(float) * 2).round().astype(int).astype(str)
        traffic.answered(rows, hour)
        for _ in range(2):  # looking again tells nobody twice
            report = monitor.run(traffic.set(*QUICK, traffic.until(hour + 1)))
        codes.append(report.exit_code)
        active.append(any((a["rule"], a["subject"]) == ("input_drift", column) for a in report.summary["active"]))
        reports.append(report.summary)

    fired = [(hour, e["subject"]) for hour, r in enumerate(reports) for e in r["fired"] if e["rule"] == "input_drift"]
    resolved = [hour for hour, r in enumerate(reports) for e in r["resolved"] if e["rule"] == "input_drift"]
    every = Counter((e["rule"], e["subject"]) for r in reports for e in r["fired"])
    assert fired == [(BEFORE, column)]
    assert resolved == [BEFORE + DURING + 1]  # two calm hours in a row
    assert set(every.values()) == {1}
    assert all(e["rule"] and hour >= BEFORE for hour, r in enumerate(reports) for e in r["fired"])
    assert codes[:BEFORE] == [0] * BEFORE and codes[BEFORE] == 3 and codes[-1] == 0
    assert active == [BEFORE <= hour <= BEFORE + DURING for hour in range(BEFORE + DURING + AFTER)]
    log = (traffic.root / "logs" / "alerts.log").read_text("utf8")
    assert log.count(f"fired: input_drift {column}") == log.count(f"resolved: input_drift {column}") == 1
    assert log.count(f"fired: input_drift {column}") == capsys.readouterr().err.count(f"fired: input_drift {column}")
    assert json.loads((traffic.root / "reports" / "grafana_dashboard.json").read_text("utf8"))["panels"]
    assert (traffic.root / "reports" / "prometheus_rules.yml").exists()
