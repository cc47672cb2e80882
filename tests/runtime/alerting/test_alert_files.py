"""The files for Prometheus and Grafana say what the rules say; `promtool` judges the first where it is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import mlgen_runtime
import pytest
import yaml
from mlgen_runtime.alerting import files, grafana, prometheus
from mlgen_runtime.alerting.settings import AlertSettings
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.monitoring.settings import MonitorSettings
from sample_projects import Configure

PACKAGE = "churn"


@pytest.fixture
def rules(configure: Configure) -> AlertSettings:
    """The rules of conf/alert, and one on a column whose name needs quotes."""
    odd = 'metric: input_drift, subject: "a \\"b\\"", above: 0.1, below: null, windows: 1, resolve: null'
    others = 'resolve_windows: 1, cooldown: null, severity: info, runbook: "Look, and ask: who?", enabled: true'
    changed = f"+alert.rules.odd={{{odd}, {others}}}"
    return configure(changed, "alert.rules.value.below=2").layer("alert", AlertSettings)


def groups(rules: AlertSettings, service: bool = True) -> dict[str, dict[str, Any]]:
    """The rule file's entries by group and name."""
    text = prometheus.text(rules, PACKAGE, service=service, window="1d", min_rows=200)
    named = {group["name"].removeprefix(f"{PACKAGE}-"): group["rules"] for group in yaml.safe_load(text)["groups"]}
    return {name: {own["alert"].removeprefix(f"{PACKAGE}_"): own for own in listed} for name, listed in named.items()}


def dashboard(rules: AlertSettings, service: bool = True) -> dict[str, Any]:
    """The dashboard as data."""
    found: dict[str, Any] = json.loads(grafana.text(rules, PACKAGE, service=service, min_rows=200))
    return found


def test_every_rule_is_passed_on_with_its_severity_and_what_to_do(rules: AlertSettings) -> None:
    """What `monitor` finds firing, fires in Prometheus; nothing else but that nobody runs it."""
    found = groups(rules)["monitor"]

    assert set(found) == {*rules.judged, "monitor_late"}
    for name, rule in rules.judged.items():
        assert f'rule="{name}"' in found[name]["expr"]
        assert found[name]["labels"]["severity"] == rule.severity
        assert found[name]["annotations"]["runbook"] == rule.runbook


def test_what_the_service_knows_is_judged_by_the_minute(rules: AlertSettings) -> None:
    """With the thresholds of the rules; and whether the service and its log are well."""
    found = groups(rules)["service"]

    assert {"input_drift", "prediction_drift", "error_rate", "violations", "latency", "latency_limit"} <= set(found)
    assert {"service_absent", "reload_failing", "log_dropped", "log_database_away"} <= set(found)
    assert "quality_loss" not in found and "missing" not in found
    assert found["input_drift"]["expr"].endswith("> 0.2")
    assert "> 0.01 and sum(increase(http_requests_total" in found["error_rate"]["expr"]
    assert "histogram_quantile(0.99" in found["latency_limit"]["expr"] and "> 1000" in found["latency_limit"]["expr"]


def test_a_project_without_a_service_has_no_rules_on_one(rules: AlertSettings) -> None:
    """Nothing would ever answer them, and that one is missing would fire for ever."""
    assert set(groups(rules, service=False)) == {"monitor"}
    shown = json.dumps(dashboard(rules, service=False))
    assert "http_request" not in shown and "feature_psi" not in shown


def test_a_rule_that_is_off_is_in_no_file(configure: Configure) -> None:
    """enabled=false is meant everywhere."""
    rules = configure("alert.rules.input_drift.enabled=false").layer("alert", AlertSettings)

    assert all("input_drift" not in entries for entries in groups(rules).values())
    assert "input_drift" not in json.dumps(dashboard(rules))


def test_the_dashboard_shows_every_rule_with_its_threshold(rules: AlertSettings) -> None:
    """Each in a panel of its own, none over another."""
    panels = dashboard(rules)["panels"]

    lines = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in panels
        if "thresholds" in panel.get("fieldConfig", {}).get("defaults", {})
    }
    assert {f"{name}, by window": rule.threshold for name, rule in rules.judged.items()}.items() <= lines.items()
    assert lines["error_rate, now"] == 0.01
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken)) and max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_dashboard_has_what_grafana_reads(rules: AlertSettings) -> None:
    """Names and types of its schema, and one data source, which the reader chooses."""
    found = dashboard(rules)

    assert {"uid", "title", "panels", "schemaVersion", "templating", "time", "refresh"} <= set(found)
    assert len(found["uid"]) <= 40 and found["schemaVersion"] >= 36
    assert [entry["type"] for entry in found["templating"]["list"]] == ["datasource"]
    for panel in found["panels"]:
        assert panel["type"] in {"row", "timeseries", "table"} and panel["title"]
        for target in panel.get("targets", []):
            assert target["expr"] and target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert target["expr"].count("(") == target["expr"].count(")")


@pytest.mark.parametrize("service", [True, False])
def test_both_ask_for_names_that_somebody_writes(rules: AlertSettings, service: bool) -> None:
    """Every series of the files is one of the service's, of the log's or of `monitor`'s."""
    panels = dashboard(rules, service)["panels"]
    expressions = [entry["expr"] for entries in groups(rules, service).values() for entry in entries.values()]
    expressions += [target["expr"] for panel in panels for target in panel.get("targets", [])]

    asked = {name for text in expressions for name in re.findall(r"([A-Za-z_]\w*)\s*(?=\{)", text)}

    own = {name for name in asked if not name.startswith(f"{PACKAGE}_monitor_")} - {"ALERTS"}
    written = written_names()
    assert own <= written, own - written


def written_names() -> set[str]:
    """What modules of the package name as series, however they come to write them."""
    package = Path(mlgen_runtime.__file__).parent
    alert = package / "alerting"
    texts = [path.read_text("utf8") for path in package.rglob("*.py") if alert not in path.parents]
    found = {name for text in texts for name in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', text)}
    return found | {f"{name}_bucket" for name in found}


@pytest.mark.parametrize("name", ["range", "wait", "keep", "history"])
def test_a_duration_that_prometheus_cannot_read_is_refused(configure: Configure, name: str) -> None:
    """It writes minutes as m, and refuses the whole file otherwise."""
    with pytest.raises(InputError, match=rf"alert.prometheus.{name}: '15min'.*such as 15m"):
        configure(f"alert.prometheus.{name}=15min").layer("alert", AlertSettings)


def test_promtool_takes_the_rules(rules: AlertSettings, configure: Configure, project: Path) -> None:
    """Prometheus' own check, of the files as `monitor` writes them."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool, of Debian's package prometheus, is not installed")
    config = configure()
    where = files.write(rules, config.layer("monitor", MonitorSettings), config)

    done = subprocess.run([promtool, "check", "rules", project / where["rules"]], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_files_that_would_be_the_same_are_left_alone(configure: Configure, project: Path, rules: AlertSettings) -> None:
    """Whoever watches them, such as Prometheus, reads them again where a rule changed, and only then."""
    config = configure()
    monitor = config.layer("monitor", MonitorSettings)
    paths = [project / name for name in files.write(rules, monitor, config).values()]
    before = [path.stat().st_ino for path in paths]

    files.write(rules, monitor, config)
    again = [path.stat().st_ino for path in paths]
    files.write(configure("alert.rules.missing.above=0.3").layer("alert", AlertSettings), monitor, config)

    assert again == before
    assert all("0.3" in path.read_text("utf8") for path in paths)
