"""The pages of reports in a real browser: the data profile and the model card of each use case, the monitor page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import SCREENS, Offline, needs_browser
from mlgen_runtime.cli import contract
from mlgen_runtime.contract.data_profile import charts
from mlgen_runtime.core.page import document, section
from mlgen_runtime.usecase.configuration import load
from traffic import Traffic

EACH_USE_CASE = True
#: The colour of the first chart that is drawn, not embedded as a picture.
COLOUR = """const drawn = document.querySelector("svg rect, svg path[stroke], .lane i");
const style = getComputedStyle(drawn);
return drawn instanceof SVGElement ? (style.fill === "none" ? style.stroke : style.fill) : style.backgroundColor;"""


@pytest.fixture(scope="module")
def reports(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of a trained project, with that of its contract."""
    contract.run(load([], trained_once))
    return trained_once / "reports"


@needs_browser
@SCREENS
@pytest.mark.parametrize("name", ["contract.html", "train.html"])
def test_a_report_can_be_read_on_every_screen(reports: Path, name: str, width: int, height: int, phone: bool) -> None:
    """Nothing is wider than the screen, cut or pale, by day and by night; nothing is asked of anybody."""
    browser = Offline(width, height, phone)
    try:
        browser.open((reports / name).as_uri())

        assert browser.faults() == []
        asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert [address for address in asked if not address.startswith("data:")] == []
        assert browser.complaints() == []
    finally:
        browser.close()


@needs_browser
def test_charts_follow_the_night_and_pictures_keep_a_light_plate(reports: Path) -> None:
    """Drawn charts change their colours; pictures of the card lie on white, which their ink needs."""
    browser = Offline(390, 844, True)
    try:
        browser.open((reports / "contract.html").as_uri())
        colours = []
        for scheme in ("light", "dark"):
            browser.scheme(scheme)
            colours.append(browser.run(COLOUR))
        assert colours[0] != colours[1]

        browser.open((reports / "train.html").as_uri())
        plates = browser.run(
            "return [...document.querySelectorAll('img')].map((i) => getComputedStyle(i.parentElement).backgroundColor)"
        )
        assert plates and set(plates) == {"rgb(255, 255, 255)"}
    finally:
        browser.close()


@pytest.fixture
def monitored(trained: Path) -> Path:
    """The page of two windows, in the second of which a column of long categories moved."""
    traffic = Traffic(trained)
    for hour, shift in enumerate((False, True)):
        rows = traffic.rows(400, seed=hour)
        if shift:
            column = next(one.name for one in traffic.model.contract.inputs if one.type == "category")
            rows[column] = "a category with a name of many words that training has never seen " * 3
        traffic.answered(rows, hour)
        traffic.look(hour=hour + 1)
    return trained / "reports" / "monitor.html"


@needs_browser
@SCREENS
@pytest.mark.only_in("tabular")
def test_the_monitor_page_can_be_read_on_every_screen(monitored: Path, width: int, height: int, phone: bool) -> None:
    """Tables, the map of drift and charts fit a phone, in the dark too; what alerts say is not cut."""
    browser = Offline(width, height, phone)
    try:
        browser.open(monitored.as_uri())

        assert browser.faults() == []
        assert browser.run("return document.querySelector('.heat td[title]').getBoundingClientRect().height") >= 16
        assert browser.complaints() == []
    finally:
        browser.close()


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Callable[[str], Offline]]:
    """Show HTML in the dress of our pages on a phone."""
    browser = Offline(390, 844, True)

    def show(content: str) -> Offline:
        page = tmp_path / "page.html"
        page.write_text(document("page", section("part", content)), "utf8")
        browser.open(page.as_uri())
        return browser

    yield show
    browser.close()


@needs_browser
@pytest.mark.only_in("tabular")
@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('<div style="width:900px">wide</div>', "wide on a screen of 390"),
        ('<p style="color:#999">pale</p>', "contrast 2.8"),
        ("<p>a reason that is cut…</p>", "cut: a reason"),
        ('<p style="overflow:hidden;white-space:nowrap;width:30px">a long reason</p>', "clipped: a long reason"),
        ('<svg><text y="9" style="fill:#eee">pale</text></svg>', "contrast 1."),
    ],
)
def test_faults_of_a_page_are_found(shown: Callable[[str], Offline], content: str, fault: str) -> None:
    """What the tests of pages look for is found where it is."""
    assert any(fault in found for found in shown(content).faults())


@needs_browser
@pytest.mark.only_in("tabular")
def test_a_long_name_wraps(shown: Callable[[str], Offline]) -> None:
    """A word of four hundred letters in a chart, a heading or a table is wider than no phone."""
    word = "x" * 400
    bars = charts.categories(charts.Distribution(kind="categories", names=(word,), counts=(3,), codes=None), 1)  # type: ignore[arg-type]

    assert shown(bars + f'<article class="column"><h3><span>{word}</span></h3></article>').faults() == []
