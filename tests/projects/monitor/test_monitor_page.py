"""The page of `monitor` in a real browser that finds no other machine, with the detailed report opened."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import SCREENS, Offline, needs_browser
from generated_projects import run
from trees import ROOT

FILL = """
import json, pathlib
from traffic import Traffic, truths
traffic = Traffic(pathlib.Path())
number = next(column.name for column in traffic.model.contract.inputs if column.type in ("number", "integer"))
for hour in range(6):
    rows = traffic.rows(400, seed=hour)
    if hour > 3:
        rows[number] = (rows[number].astype(float) * 3 + 5).astype(int).astype(str)
    subjects = traffic.answered(rows, hour)
    traffic.known(subjects, truths(traffic, rows), hour + 0.9)
    traffic.refused(8, 422, hour)
seen = traffic.look("monitor.detail_rows=1000", hour=6)
print(json.dumps([number, seen.notes]))
"""


@pytest.fixture(scope="module")
def page(installed: Callable[..., Path]) -> tuple[Path, str]:
    """A page over real rows, a column of which has moved, and that column."""
    folder = installed()
    run(folder, "make", "evidently")
    run(folder, ".venv/bin/churn", "train", "+experiment=quick")
    said = run(folder, ".venv/bin/python", "-c", FILL, PYTHONPATH=str(ROOT / "tests" / "runtime"))
    number, notes = json.loads(said.splitlines()[-1])
    assert notes == []
    return folder / "reports" / "monitor.html", number


@needs_browser
@SCREENS
def test_the_page_is_readable_and_asks_nobody(page: tuple[Path, str], width: int, height: int, phone: bool) -> None:
    """Light or dark as the reader likes it, nothing overflows or is cut, the column that moved is named, charts are
    drawn; Evidently's report opens inside; no request leaves, none is even tried."""
    path, moved = page
    browser = Offline(width, height, phone)
    try:
        browser.open(path.as_uri())

        assert browser.faults() == []
        browser.scheme("light")
        assert float(browser.run("return getComputedStyle(document.body).fontSize").removesuffix("px")) >= 16
        assert browser.run("return getComputedStyle(document.querySelector('.card')).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert moved in browser.text(".verdict")
        assert (
            browser.run("return [...document.querySelectorAll('svg')].filter((s) => s.getBBox().width > 100).length")
            >= 8
        )
        assert browser.run("return document.querySelectorAll('.heat td[title], .bars .lane').length") > 8
        assert browser.run("return document.querySelector('iframe')") is None
        assert browser.run("return document.querySelectorAll('*').length") < 5000

        browser.click("details summary")
        for _ in range(100):
            inside = browser.run("return document.querySelector('iframe')?.contentDocument?.body?.innerText ?? ''")
            if moved in inside:
                break
            time.sleep(0.1)
        assert moved in inside

        asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert [address for address in asked if not address.startswith(("data:", "blob:"))] == []
        assert browser.complaints() == []
    finally:
        browser.close()
