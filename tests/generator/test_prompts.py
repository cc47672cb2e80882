"""`mlgen new` at a terminal: what a person is asked."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from trees import record


def test_on_a_terminal_it_asks(checkout: Path, tmp_path: Path) -> None:
    """With nothing but a destination, a person at a terminal gets Copier's prompts, and only those with a choice."""
    person, terminal = pty.openpty()
    words = [sys.executable, "-m", "mlgen", "new", "churn", "--source", str(checkout), "--ref", "HEAD"]
    process = subprocess.Popen(words, cwd=tmp_path, stdin=terminal, stdout=terminal, stderr=terminal,
                               env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"})  # fmt: skip
    os.close(terminal)
    second = "\x1b[B\r"  # one line down, then enter
    asked = {
        "What is the project called?": "\r",
        "What does the model learn from?": second,
        "How will predictions reach their users?": "\x1b[B \r",  # one line down, a blank to choose it too, then enter
        "Should production be watched?": second,
        "What starts the recurring work?": second,
        "How is training data versioned?": second,
        "Who runs the tests": second,
    }
    seen = _answer(person, asked)
    os.close(person)  # a question that nobody answers is interrupted

    assert process.wait(60) == 0, seen
    answers = record(tmp_path / "churn")
    assert (answers["project_name"], answers["use_case"], answers["ci"]) == ("churn", "timeseries", "gitlab")
    assert (answers["deployment"], answers["scheduler"]) == (["rest", "batch"], "prefect")
    assert (answers["monitoring"], answers["data_versioning"]) == (False, "dvc")


def _answer(person: int, keys: dict[str, str]) -> str:
    """Type each answer once its question has appeared, and return all that was shown until it falls silent."""
    seen, waiting = "", dict(keys)
    while select.select([person], [], [], 60)[0]:
        try:
            seen += os.read(person, 4096).decode(errors="replace")
        except OSError:  # the other side has closed: the process ended
            break
        for question in [question for question in waiting if question in seen]:
            time.sleep(0.2)  # the prompt reads keys a moment after it is drawn
            os.write(person, waiting.pop(question).encode())
    return seen
