"""A real browser for tests of pages, and what every page of ours owes its reader.

browser = Browser(390, 844, phone=True)
browser.open(path.as_uri())
assert browser.faults() == []        # nothing is wider than the screen, cut, or too pale, in light and in dark
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest

needs_browser = pytest.mark.skipif(
    not shutil.which("chromedriver"), reason="no Chromium with its driver on this machine"
)
#: A desk and a phone.
SCREENS = pytest.mark.parametrize(("width", "height", "phone"), [(1200, 900, False), (390, 844, True)])

#: What is wrong with a page as it is shown now: a list of sentences. Contrast is WCAG's, of each text that can be seen
#: to the nearest background behind it that is not see-through.
FAULTS = """
const root = document.documentElement, found = [];
for (const each of document.querySelectorAll("details:not(#detail)")) each.open = true;
const [wide, screen] = [root.scrollWidth, root.clientWidth]; // innerWidth grows with a page that is too wide
if (wide > screen) found.push(`the page is ${wide} wide on a screen of ${screen}`);
const parts = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4));
  return .2126 * r + .7152 * g + .0722 * b;
};
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const {rgb, a} = parts(getComputedStyle(each).backgroundColor);
    if (a > .99) return rgb;
  }
  return [255, 255, 255];
};
for (const element of document.body.querySelectorAll("*")) {
  const style = getComputedStyle(element), shown = element.getClientRects().length && style.visibility === "visible";
  const own = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join("");
  if (!shown || !own || element.closest("option, script, style, title")) continue;
  if (style.textOverflow === "ellipsis" || own.includes("\\u2026")) found.push(`cut: ${own}`);
  const hides = ["hidden", "clip"].includes(style.overflowX);
  if (hides && element.scrollWidth > element.clientWidth + 1) found.push(`clipped: ${own}`);
  if (element.matches(":disabled")) continue;
  const ink = parts(element instanceof SVGElement ? style.fill : style.color).rgb;
  const [one, other] = [light(ink), light(behind(element))].sort((a, b) => b - a);
  const ratio = (one + .05) / (other + .05);
  if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${own.slice(0, 60)}`);
}
return [...new Set(found)];
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """Headless Chromium through ChromeDriver, spoken to in plain WebDriver (JSON over HTTP)."""

    FLAGS = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )

    def __init__(self, width: int, height: int, phone: bool = False) -> None:
        self.port, self.folder = free_port(), tempfile.mkdtemp()
        self.driver = subprocess.Popen(
            [str(shutil.which("chromedriver")), f"--port={self.port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        flags = [*self.FLAGS, f"--user-data-dir={self.folder}", f"--window-size={width},{height}"]
        options: dict[str, Any] = {"args": flags, "binary": shutil.which("chromium")}
        if phone:
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0}}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = ""
        for _ in range(200):
            try:
                self.session = (
                    "/session/" + self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
                )
                break
            except (ConnectionError, urllib.error.URLError):
                time.sleep(0.1)

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())["value"]

    def open(self, url: str) -> None:
        self._call("POST", f"{self.session}/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self._call("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        """Click as a person does; fails where something else is in the way."""
        found = self._call("POST", f"{self.session}/element", {"using": "css selector", "value": selector})
        self._call("POST", f"{self.session}/element/{next(iter(found.values()))}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Replace a field's text by typing."""
        found = self._call("POST", f"{self.session}/element", {"using": "css selector", "value": selector})
        element = next(iter(found.values()))
        self._call("POST", f"{self.session}/element/{element}/clear", {})
        self._call("POST", f"{self.session}/element/{element}/value", {"text": text})

    def text(self, selector: str) -> str:
        """The text of an element; empty where there is none."""
        return str(self.run("return (document.querySelector(arguments[0]) || {textContent: ''}).textContent", selector))

    def scheme(self, name: str) -> None:
        """Prefer light or dark."""
        wanted = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        self._call("POST", f"{self.session}/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": wanted})

    def faults(self) -> list[str]:
        """What is wrong with the page that is open, in light and in dark; and whether both look alike."""
        found, papers = [], []
        for name in ("light", "dark"):
            self.scheme(name)
            found += [f"{name}: {fault}" for fault in self.run(FAULTS)]
            papers.append(self.run("return getComputedStyle(document.body).backgroundColor"))
        if papers[0] == papers[1]:
            found.append(f"the page is {papers[0]} in light and in dark")
        return found

    def complaints(self) -> list[str]:
        """What the console said."""
        return [entry["message"] for entry in self._call("POST", f"{self.session}/se/log", {"type": "browser"})]

    def picture(self) -> bytes:
        """The page as PNG."""
        return base64.b64decode(self._call("GET", f"{self.session}/screenshot"))

    def close(self) -> None:
        if self.session:
            self._call("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Offline(Browser):
    """A browser that finds no other machine than this one."""

    FLAGS = (*Browser.FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
