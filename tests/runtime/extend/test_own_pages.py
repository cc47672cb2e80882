"""The pages on code of one's own say what happens: their code is run, and the output on them is what comes out."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core import extensions
from sample_projects import copied, rendered

PAGES = ("own-models", "own-metrics", "own-checks")
#: A block of a page: its language and its text.
BLOCK = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")


def likeness(line: str) -> str:
    """A line without its figures and its alignment: the same on any machine."""
    return re.sub(r"[ ●]+", " ", re.sub(r"[+-]?\d[\d.,]*(e-\d+)?", "#", line)).strip()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_comes_out(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command of the page, in the sample project with the page's code; `…` stands for lines that are left out."""
    source = rendered("tabular")
    root = copied(source, tmp_path / "project")
    blocks = BLOCK.findall((source / "docs" / f"{page}.md").read_text("utf8"))
    module = page.replace("-", "_") + "_page"
    (tmp_path / f"{module}.py").write_text("\n".join(text for kind, text in blocks if kind == "python"), "utf8")
    config = root / "conf" / "config.yaml"
    config.write_text(config.read_text("utf8").replace("extensions: []", f"extensions: [{module}]"), "utf8")
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    shown = [text for kind, text in blocks if kind == "console"]
    assert shown

    with extensions.alone():
        for text in shown:
            command, *lines = text.splitlines()
            main(command.removeprefix("$ churn ").split())
            said = capsys.readouterr()
            found = [likeness(line) for line in (said.out + said.err).splitlines()]
            for line in lines:
                wanted = likeness(line.replace("churn/models.py", f"{module}.py").replace("churn: ", "pytest: "))
                named = wanted.replace("pytest: ", "")
                assert line == "…" or any(named in each for each in found), (line, found)
    sys.modules.pop(module, None)
