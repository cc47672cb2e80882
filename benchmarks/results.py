"""Keep one section of RESULTS.md: the benchmarks write their own, and leave the others alone."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# What was measured\n\nRatios of programs run side by side; each section says how to run it again.\n"


def write(title: str, text: str) -> None:
    """Replace the section `## title`, or add it at the end; print it too."""
    whole = RESULTS.read_text("utf8") if RESULTS.exists() else HEAD
    section = f"## {title}\n\n{text.strip()}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(whole):
        whole = pattern.sub(lambda _: section + "\n", whole).rstrip() + "\n"
    else:
        whole = f"{whole.rstrip()}\n\n{section}"
    RESULTS.write_text(whole, "utf8")
    print(section)
