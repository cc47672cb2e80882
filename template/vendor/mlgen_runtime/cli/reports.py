"""What a verb leaves behind on disk: `reports/<verb>.json`, and one table for many runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import atomic
from ..core.errors import InputError
from ..core.jsonable import masked, plain
from ..core.report import VerbReport
from ..core.text_table import table


@dataclass
class VerbRun:
    """How one run of a verb ended: a report or a failure, the overrides that made it, where its report lies."""

    changed: list[str]
    folder: Path
    report: VerbReport | None = None
    error: Exception | None = None


def write(folder: Path, verb: str, changed: Sequence[str], report: VerbReport) -> Path:
    """Write `<folder>/<verb>.json` in one step."""
    path = folder / f"{verb}.json"
    entries = {"verb": verb, "overrides": changed, "exit_code": report.exit_code, **report.summary}
    atomic.write(path, json.dumps(masked(plain(entries)), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def summarise(runs: Sequence[VerbRun]) -> int:
    """Print a row for each run and write summary.json beside their reports; return the most serious exit code.

    1 for a bug in any run, else 2 for wrong input in any, else 3 where a report says so, else 0.
    """
    rows = [masked(plain(_row(run))) for run in runs]
    folder = runs[0].folder.parent
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(rows, indent=2) + "\n", "utf8")
    print()
    for line in table([{**_changed(run), **row["figures"]} for run, row in zip(runs, rows, strict=True)]):
        print(line)
    print(f"{len(runs)} runs; each one's report is in {os.path.relpath(folder)}")
    codes = [row["exit_code"] for row in rows]
    return next((code for code in (1, 2, 3) if code in codes), 0)


def _row(run: VerbRun) -> dict[str, Any]:
    if run.error is not None:
        code = 2 if isinstance(run.error, InputError) else 1
        return {"overrides": run.changed, "exit_code": code, "figures": {"failed": str(run.error)}}
    assert run.report is not None
    return {"overrides": run.changed, "exit_code": run.report.exit_code, "figures": headline(run.report.summary)}


def headline(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a report worth a column: its `headline` where it has one, else the first single values."""
    chosen = summary.get("headline")
    if isinstance(chosen, Mapping):
        return dict(plain(chosen))
    single = {name: value for name, value in plain(summary).items() if isinstance(value, int | float | str | bool)}
    return {name: value for name, value in list(single.items())[:6] if len(str(value)) <= 40}


def _changed(run: VerbRun) -> dict[str, str]:
    return dict(override.lstrip("+~").split("=", 1) for override in run.changed if "=" in override)
