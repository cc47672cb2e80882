"""The page in a real browser, at a desk and on a phone."""

from __future__ import annotations

from browser import SCREENS, Browser, needs_browser
from service import Start

NUMBER = "return document.querySelector('[data-type=number], [data-type=integer]').id"


@needs_browser
@SCREENS
def test_the_page_in_a_browser(start: Start, width: int, height: int, phone: bool) -> None:
    """In Chromium: the form predicts, a wrong value is explained under its field, nothing overflows or complains, and
    all can be read, in the dark too."""
    service = start()
    browser = Browser(width, height, phone)
    try:
        browser.open(service.url)
        browser.click("button[type=submit]")
        service.until(lambda: browser.text("#answer .value") != "", "no answer")
        assert browser.text("#answer .value") == str(service.predict(service.example())["predictions"][0])
        assert browser.text("#version") == service.predict(service.example())["model_version"]
        assert browser.faults() == []
        assert float(browser.run("return getComputedStyle(document.body).fontSize").removesuffix("px")) >= 16
        assert browser.complaints() == []

        number = browser.run(NUMBER)
        browser.type(f"#{number}", "a lot")
        browser.click("button[type=submit]")
        service.until(lambda: "number" in browser.text(f"#{number}-fault"), "no word under the field")

        browser.open(f"{service.url}/docs")
        assert browser.faults() == []
        assert [line for line in browser.complaints() if "422" not in line] == []
    finally:
        browser.close()
