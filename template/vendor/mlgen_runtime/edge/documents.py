"""What an exported folder says of itself: what it is, how to run it, how good and quick it is, and what it needs."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.figures import figure
from ..usecase.export_package import ExportPackage

#: What the Python reader imports.
NEEDED = ("numpy", "onnxruntime")


def requirements(lock: Path) -> str:
    """Pins of what the reader needs, with hashes where the project's lock has them."""
    names = _closure(NEEDED)
    text = lock.read_text("utf8") if lock.is_file() else ""
    whole = re.finditer(r"^([A-Za-z0-9_.-]+)==(?:.*\\\n)*.*$", text, re.MULTILINE)
    pinned = {_plain(match[1]): match[0] for match in whole}
    if names <= pinned.keys():
        return "".join(f"{pinned[name]}\n" for name in sorted(names))
    return "".join(f"{name}=={importlib.metadata.version(name)}\n" for name in NEEDED)


def _closure(names: tuple[str, ...]) -> set[str]:
    """The distributions that these need, themselves included, as far as they are installed."""
    found: set[str] = set()
    waiting = [_plain(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            needed = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        found.add(name)
        waiting += [_plain(re.split(r"[^A-Za-z0-9_.-]", line)[0]) for line in needed if "extra ==" not in line]
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def readme(name: str, report: Mapping[str, Any], package: ExportPackage) -> str:
    """README.md of the folder."""
    parity, speed, model = report["parity"], report["speed"], report["model"]
    took = "p50 {p50:.1f} µs, p99 {p99:.1f} µs".format(**speed["latency_us"])
    page = "reader.mjs" in package.readers
    graphs = "".join(
        f"| `{graph}` | ONNX, {', '.join(f'{name} {version}' for name, version in versions.items())} |\n"
        for graph, versions in report["graphs"].items()
    )
    script = """
## In JavaScript

```sh
npm ci                                 # onnxruntime-web, pinned with its hashes in package-lock.json
node reader.mjs example.json           # a list of objects in, a list of answers out
python -m http.server 8080             # then open http://127.0.0.1:8080: the model runs in the browser
```

In a program: `import { Model } from "./reader.mjs"; const model = await Model.load(); await model.predict(rows)`.
The page loads nothing from anywhere but this folder. `npm install onnxruntime-node` makes node use the native runtime.
"""
    return f"""# {name}, to take along

Version {model["version"]} of {name} ({model["kind"]}, predicts {model["target"]}), as a folder that predicts
on its own: no service, no training library, nothing of the repository that made it. `manifest.json` holds the sha256
of every file.{_rule(model)}

## In Python (3.11 or later)

```sh
python -m venv .venv && .venv/bin/python -m pip install -r requirements.txt
.venv/bin/python reader.py {"rows.csv > answers.csv" if page else "> forecasts.csv    # --help shows more"}
```

In a program: `from reader import Model; Model().predict(rows)`, with rows as in `example.json`. Columns, units and
ranges are in `contract.json`. A cell that cannot be read is refused with its row, its column and what was expected.
{script if page else ""}
## Measured when this was written

| | |
|---|---|
| rows answered by this folder and by the repository | {parity["rows"]:,} |
| of them with missing and unseen values | {parity["spoilt_rows"]:,} |
| answers compared | {parity["answers"]:,} |
| equal to the last digit | {parity["answers_equal"]:,} |
| largest difference | {parity["largest_difference"]:.2g} (allowed: {parity["tolerance"]:g}) |
| rows from | {parity["source"]} |
| this folder | {figure(report["size_mb"], 3)} MB, without the runtime |
| start of a process to its first answer | {speed["cold_start_s"]:.2f} s |
| one row, or one series | {took} ({speed["machine"]}) |
{graphs}{_eight(report)}
`parity.json` has all of it.
{_listed("What is not here", package.gaps)}"""


def _rule(model: Mapping[str, Any]) -> str:
    """How the answer follows from what the model computes, where that says something."""
    return f" {model['rule']}." if model.get("rule") else ""


def _eight(report: Mapping[str, Any]) -> str:
    figures = report.get("int8")
    if not figures:
        return ""
    mb, p50 = figures["mb"], figures["p50_us"]
    return (
        f"| weights in 8 bits | {figure(mb['before'], 3)} → {figure(mb['after'], 3)} MB, "
        f"{p50['before']:.1f} → {p50['after']:.1f} µs, largest difference {figures['largest_difference']:.2g} |\n"
    )


def _listed(title: str, lines: Sequence[str]) -> str:
    return f"\n## {title}\n\n" + "".join(f"- {line}\n" for line in lines) if lines else ""
