"""The rule file that `monitor` writes, run by Prometheus' own `promtool`: what fires on which series, and what not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from generated_projects import run

WRITE = """
from mlgen_runtime.alerting import files
from mlgen_runtime.alerting.settings import AlertSettings
from mlgen_runtime.monitoring.settings import MonitorSettings
from mlgen_runtime.usecase.configuration import load
config = load()
files.write(config.layer("alert", AlertSettings), config.layer("monitor", MonitorSettings), config)
"""
REQUESTS = 'http_requests_total{job="churn", method="POST", path="/predict", status="%s"}'


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program: installed, or unpacked from Debian's package of 19 MB; skips where there is neither."""
    if found := shutil.which("promtool"):
        return Path(found)
    folder = tmp_path_factory.mktemp("prometheus")
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.skip("promtool is not installed, and there is no apt-get to fetch it with")
    done = subprocess.run(["apt-get", "download", "prometheus"], cwd=folder, capture_output=True, timeout=120)
    package = next(folder.glob("prometheus_*.deb"), None)
    if done.returncode or package is None:
        pytest.skip("promtool is not installed, and Debian's package prometheus cannot be fetched")
    subprocess.run(["dpkg-deb", "-x", package, folder / "unpacked"], check=True)
    return folder / "unpacked/usr/bin/promtool"


@pytest.fixture(scope="module")
def rules(installed: Callable[..., Path]) -> Path:
    """The rule file of a new project."""
    project = installed()
    run(project, ".venv/bin/python", "-c", WRITE)
    return project / "reports/prometheus_rules.yml"


def series(name: str, values: str) -> dict[str, str]:
    return {"series": name, "values": values}


#: What happens -> its series, and the alerts that fire after an hour of it, by name and subject.
SCENES: dict[str, tuple[list[dict[str, str]], set[tuple[str, str]]]] = {
    "nothing": (
        [
            series(REQUESTS % 200, "0+600x120"),
            series('model_info{job="churn", version="1"}', "1x120"),
            series('feature_psi{job="churn", feature="age"}', "0.02x120"),
            series('churn_monitor_window_end_seconds{stream="log", version="1"}', "0x120"),
        ],
        set(),
    ),
    "errors": (
        [
            series(REQUESTS % 200, "0+600x120"),
            series(REQUESTS % 500, "0+20x120"),
            series('model_info{job="churn", version="1"}', "1x120"),
        ],
        {("churn_error_rate", "")},
    ),
    "errors of a handful of requests": (
        [series(REQUESTS % 500, "0+1x120"), series('model_info{job="churn", version="1"}', "1x120")],
        set(),
    ),
    "a column drifts": (
        [
            series('feature_psi{job="churn", feature="age"}', "0.02x20 0.31x100"),
            series('feature_psi{job="churn", feature="fee"}', "0.02x120"),
            series('feature_psi{job="another", feature="fee"}', "0.9x120"),
            series('model_info{job="churn", version="1"}', "1x120"),
        ],
        {("churn_input_drift", "age")},
    ),
    "requests are slow": (
        [
            series('http_request_seconds_bucket{job="churn", path="/predict", le="1.0"}', "0+300x120"),
            series('http_request_seconds_bucket{job="churn", path="/predict", le="2.5"}', "0+600x120"),
            series('http_request_seconds_bucket{job="churn", path="/predict", le="+Inf"}', "0+600x120"),
            series(REQUESTS % 200, "0+600x120"),
            series('model_info{job="churn", version="1"}', "1x120"),
        ],
        {("churn_latency_limit", "")},
    ),
    "the service is gone, and its log cannot be shipped": (
        [series('prediction_log_database_away{job="churn"}', "1x120")],
        {("churn_service_absent", ""), ("churn_log_database_away", "")},
    ),
    "monitor found something": (
        [
            series('model_info{job="churn", version="1"}', "1x120"),
            series('churn_monitor_alert_firing{rule="missing", subject="age", severity="warning"}', "1x120"),
        ],
        {("churn_missing", "age")},
    ),
}


def test_the_file_holds(promtool: Path, rules: Path) -> None:
    """Every expression is one."""
    said = run(rules.parent, promtool, "check", "rules", rules.name)

    assert "SUCCESS" in said


@pytest.mark.parametrize("scene", SCENES)
def test_what_happens_fires_its_alert_and_no_other(scene: str, promtool: Path, rules: Path, tmp_path: Path) -> None:
    """After an hour of it, with the subject in a label."""
    given, expected = SCENES[scene]
    names = {entry["alert"] for group in yaml.safe_load(rules.read_text("utf8"))["groups"] for entry in group["rules"]}
    quiet = names - {name for name, _ in expected}

    tests: list[dict[str, Any]] = [{"eval_time": "1h", "alertname": name, "exp_alerts": []} for name in sorted(quiet)]
    samples = [
        {"expr": f'count by (alertname, feature, subject) (ALERTS{{alertname="{name}", alertstate="firing"}})'}
        for name, _ in sorted(expected)
    ]
    for sample, (name, subject) in zip(samples, sorted(expected), strict=True):
        label = {"churn_input_drift": "feature", "churn_missing": "subject"}.get(name)
        labels = f'{{alertname="{name}"' + (f', {label}="{subject}"' if label else "") + "}"
        sample |= {"eval_time": "1h", "exp_samples": [{"labels": labels, "value": 1}]}
    test = {"interval": "1m", "input_series": given, "alert_rule_test": tests, "promql_expr_test": samples}
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "1m", "tests": [test]}), "utf8")

    run(tmp_path, promtool, "test", "rules", path)
