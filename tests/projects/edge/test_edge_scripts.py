"""The folder in JavaScript: node and a real browser answer as the predictor does, to the last digit."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import SCREENS, Offline, needs_browser
from generated_projects import run
from static import Server

HERE = Path(__file__).parent
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no node on this machine")
ASK = """window.found = null;
import("./reader.mjs").then(async ({Model}) => {
  const ort = await import("./node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");
  window.found = JSON.stringify(await (await Model.load(new URL(".", location), ort)).predict(arguments[0]));
}).catch((error) => { window.found = String(error); });"""


@pytest.fixture(scope="module")
def questions(project: Path) -> list[dict[str, Any]]:
    """Rows and the predictor's answers."""
    found: list[dict[str, Any]] = json.loads(run(project, ".venv/bin/python", HERE / "asked.py").splitlines()[-1])
    return found


@needs_node
def test_node_says_what_the_predictor_says(with_runtime: Path, questions: list[dict[str, Any]], tmp_path: Path) -> None:
    """Thousands of rows, missing and unseen values among them, through onnxruntime-web in node."""
    for question in questions:
        (tmp_path / "rows.json").write_text(json.dumps(question["rows"]), "utf8")

        done = run(with_runtime, "node", "reader.mjs", tmp_path / "rows.json")

        assert json.loads(done) == question["answers"]


@needs_node
@pytest.mark.parametrize(
    ("column", "cell", "refused"),
    [
        ("age", "12", False),
        ("age", " 10.0 ", False),
        ("age", " 1e1 ", True),
        ("age", "N/A", False),
        ("age", True, True),
        ("age", "-inf", False),
        ("age", 1e300, True),
        ("age", "1_000", True),
        ("age", "0x10", True),
        ("age", "twelve", True),
        ("age", [1], True),
        ("site", "\ue000", False),
        ("site", 3, False),
        ("site", {"a": 1}, True),
    ],
)
def test_both_readers_refuse_the_same_cells(
    with_runtime: Path, project: Path, tmp_path: Path, column: str, cell: Any, refused: bool
) -> None:
    """A cell that one cannot read, the other cannot read either; the message names row and column, exit code 2."""
    row = {**json.loads((with_runtime / "example.json").read_text("utf8"))[0], column: cell}
    (tmp_path / "rows.json").write_text(json.dumps([row]), "utf8")
    script = "import json, sys, reader; print(json.dumps(reader.Model().predict(json.load(open(sys.argv[1])))))"

    node = subprocess.run(["node", "reader.mjs", tmp_path / "rows.json"], cwd=with_runtime, capture_output=True)
    python = subprocess.run(
        [project / ".venv/bin/python", "-c", script, tmp_path / "rows.json"], cwd=with_runtime, capture_output=True
    )

    assert (node.returncode != 0, python.returncode != 0) == (refused, refused)
    if refused:
        assert node.returncode == 2
        assert f"row 1: column {json.dumps(column)}" in node.stderr.decode()
        assert f"row 1: column {column!r}" in python.stderr.decode()
    else:
        assert json.loads(node.stdout) == json.loads(python.stdout)


@needs_node
@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "usage: node reader.mjs"), ("{}", "holds no list"), ("[1", "JSON"), ("[{}]", "row 1 lacks site")],
)
def test_a_wrong_file_is_one_line_in_node(with_runtime: Path, tmp_path: Path, content: str | None, words: str) -> None:
    """No file, no list, no JSON, a row without its columns: exit code 2."""
    (tmp_path / "rows.json").write_text(content or "", "utf8")
    asked = [] if content is None else [tmp_path / "rows.json"]

    node = subprocess.run(["node", "reader.mjs", *asked], cwd=with_runtime, capture_output=True, text=True)

    assert node.returncode == 2 and words in node.stderr
    assert len(node.stderr.splitlines()) == 1


@needs_node
def test_node_without_the_runtime_says_what_to_do(exported: Path) -> None:
    """Before `npm ci`, the reader names the command."""
    node = subprocess.run(["node", "reader.mjs", "example.json"], cwd=exported, capture_output=True, text=True)

    assert node.returncode == 2 and "run npm ci" in node.stderr


def until(condition: Callable[[], Any], complaint: str) -> Any:
    """Wait for something true; fail where it does not come."""
    for _ in range(600):
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(complaint)


@needs_browser
@SCREENS
def test_the_page_runs_the_model(served: Server, with_runtime: Path, width: int, height: int, phone: bool) -> None:
    """In Chromium, from a static server: the form answers the example, a wrong cell is explained, nothing complains."""
    browser = Offline(width, height, phone)
    try:
        browser.open(served.url)
        until(lambda: not browser.run("return document.querySelector('[type=submit]').disabled"), "no model")
        browser.click("[type=submit]")
        until(lambda: browser.text("#answer .value"), "no answer")
        example = json.loads((with_runtime / "example.json").read_text("utf8"))
        browser.run(ASK, example)
        [answer] = json.loads(until(lambda: browser.run("return window.found"), "no answer"))

        assert browser.text("#answer .value") == str(answer["prediction"])
        shown = browser.run(
            "return [...document.querySelectorAll('output')].map((o) => [o.dataset.name, o.textContent])"
        )
        assert {name: float(text) for name, text in shown} == {n: v for n, v in answer.items() if n != "prediction"}
        assert browser.faults() == []
        assert float(browser.run("return getComputedStyle(document.body).fontSize").removesuffix("px")) >= 16
        assert browser.complaints() == []

        number = browser.run("return document.querySelector('[data-type=number], [data-type=integer]').id")
        browser.type(f"#{number}", "a lot")
        browser.click("[type=submit]")
        until(lambda: "number" in browser.text("#answer .wrong"), "no word about the cell")
    finally:
        browser.close()


@needs_browser
def test_the_browser_says_what_the_predictor_says(served: Server, questions: list[dict[str, Any]]) -> None:
    """Thousands of rows in WebAssembly, to the last digit; nothing is asked of another address, nothing is missing."""
    browser = Offline(1200, 900)
    try:
        browser.open(served.url)
        for question in questions:
            browser.run(ASK, question["rows"])
            found = until(lambda: browser.run("return window.found"), "no answer")
            assert json.loads(found) == question["answers"]

        addresses = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert addresses
        assert all(address.startswith(served.url) for address in addresses)
        assert {code for _, code in served.asked} <= {200, 304}
    finally:
        browser.close()


@needs_browser
def test_a_folder_without_the_runtime_says_what_to_do(exported: Path) -> None:
    """Before `npm ci`, the page names the command."""
    server, browser = Server(exported), Offline(1200, 900)
    try:
        browser.open(server.url)

        until(lambda: "npm ci" in browser.text("#answer .wrong"), "no word about npm")
        assert browser.text("#answer .wrong").count("npm ci") == 1
    finally:
        browser.close()
        server.close()


@needs_browser
@SCREENS
def test_a_page_that_was_opened_as_a_file_says_what_to_do(exported: Path, width: int, height: int, phone: bool) -> None:
    """No server, so no script: the page itself names the command and the address, and shows no dead form."""
    browser = Offline(width, height, phone)
    try:
        browser.open((exported / "index.html").as_uri())
        until(lambda: browser.run("return getComputedStyle(unserved).visibility") == "visible", "nothing to be seen")

        assert "python3 -m http.server 8080" in browser.text("#unserved pre")
        assert browser.run("return document.querySelector('#unserved a').href") == "http://127.0.0.1:8080/"
        assert not browser.run("return document.querySelector('#try').getClientRects().length")
        assert browser.faults() == []
    finally:
        browser.close()


@needs_browser
def test_a_served_page_says_nothing_of_files(served: Server) -> None:
    """Where the script runs, the word about servers is gone and the form is there."""
    browser = Offline(1200, 900)
    try:
        browser.open(served.url)
        until(lambda: browser.run("return document.querySelector('#try').getClientRects().length"), "no form")

        assert browser.run("return document.querySelector('#unserved')") is None
    finally:
        browser.close()
