"""The figures of the benchmark of two projects: the installed size of their service, and all as a table."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """How a figure is called and written; a rate may fall to 0.97 of what it was, a cost grow to 1.03 of it."""

    words: str
    digits: int = 1
    kind: Literal["rate", "cost", "part"] = "cost"

    def verdict(self, ratio: float) -> str:
        """The bound of the ratio after ÷ before, and whether it is met; a part of another figure has none."""
        if self.kind == "part":
            return "| |"
        met = ratio >= 0.97 if self.kind == "rate" else ratio <= 1.03
        return f"| {'≥ 0.97' if self.kind == 'rate' else '≤ 1.03'} | {'met' if met else '**missed**'} |"


FIGURES = {
    "train": Figure("`train` on the sample, s", 2),
    "train, processor": Figure("… processor s of all its processes", 2),
    "batch": Figure("`batch`, Parquet to Parquet, rows/s", 0, "rate"),
    "batch, processor": Figure("… processor s of all its processes", 2),
    "1 row, 1": Figure("REST, 1 row, 1 connection, requests/s", 0, "rate"),
    "1 row, 1, processor": Figure("… processor ms of the service a request", 3),
    "1 row, 32": Figure("REST, 1 row, 32 connections, requests/s", 0, "rate"),
    "1 row, 32, processor": Figure("… processor ms of the service a request", 3),
    "100 rows, 8": Figure("REST, 100 rows, 8 connections, requests/s", 0, "rate"),
    "100 rows, 8, processor": Figure("… processor ms of the service a request", 3),
    "logged": Figure("REST, 1 row, 32 connections, logged and counted, requests/s", 0, "rate"),
    "logged, processor": Figure("… processor ms of the service a request", 3),
    "start": Figure("start of the service to its first ready answer, s", 3),
    "start, processor": Figure("… processor s until then", 3),
    "help": Figure("`--help`, ms", 0),
    "help, processor": Figure("… processor ms", 0),
    "misspelt": Figure("a misspelt key, ms", 0),
    "misspelt, processor": Figure("… processor ms", 0),
    "environment": Figure("the service's environment with what is copied beside it, MB"),
    "copied": Figure("… of which copied (src, vendor)", 2, "part"),
    "packages": Figure("packages of that environment", 0),
}


def installed(project: Path, folder: Path) -> dict[str, float]:
    """MB and packages of an environment from requirements-serving.lock, and MB of what an image has beside it."""
    uv = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    python = folder / "bin" / "python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, str(folder)], env=uv, check=True)
    lock = ["--require-hashes", str(project / "requirements-serving.lock")]
    subprocess.run(["uv", "pip", "sync", "--quiet", "--python", str(python), *lock], env=uv, check=True)
    [packages] = (folder / "lib").glob("python*/site-packages")
    copied = sum(_megabytes(project / name) for name in ("src", "vendor") if (project / name).is_dir())
    count = len(list(packages.glob("*.dist-info")))
    return {"environment": _megabytes(packages) + copied, "copied": copied, "packages": count}


def table(middles: dict[str, tuple[float, float]], ratios: dict[str, float], spread: dict[str, list[float]]) -> str:
    """The figures as Markdown."""
    lines = ["| | before | after | after ÷ before | lowest, highest | bound | |", "|---|--:|--:|--:|--:|--:|---|"]
    for name, figure in FIGURES.items():
        before, after = (f"{value:,.{figure.digits}f}" for value in middles[name])
        ends = f"{spread[name][0]:.3f}, {spread[name][-1]:.3f}"
        end = figure.verdict(ratios[name])
        lines.append(f"| {figure.words} | {before} | {after} | {ratios[name]:.3f} | {ends} {end}")
    return "\n".join(lines)


def _megabytes(folder: Path) -> float:
    """MB of a folder's files, without what Python compiles."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in files) / 1e6
