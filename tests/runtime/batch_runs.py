"""What the tests of batch runs share: a few rows to score in any use case, a run over them, and what is in a sink then.

Every third line or so of the rows is at fault: a line that is no row, and, where rows have keys, a doubled one.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from mlgen_runtime.batch import job
from mlgen_runtime.batch.settings import BatchSettings
from mlgen_runtime.config.run import RunConfig
from mlgen_runtime.config.tree import ConfTree
from mlgen_runtime.usecase import registry
from mlgen_runtime.usecase.configuration import load


def needs_rows(root: Path) -> bool:
    """Whether the project at `root` scores rows. Where it does not, forecasts of the history come out."""
    page = ConfTree(root).page("config")
    assert page is not None
    return registry.find(page.settings["project.use_case"].value).batch_scoring.NEEDS_ROWS


def keyed(root: Path) -> list[str]:
    """The setting that names the key of the few rows."""
    return ["data.key=[id]"] if needs_rows(root) else []


def small(root: Path) -> list[str]:
    """The settings of a run over the few rows."""
    chunk = 20 if needs_rows(root) else 5
    settings = ["batch.input=few.csv", f"batch.chunk={chunk}", "batch.max_rejected=1", "batch.date=2026-01-31"]
    return [*settings, *keyed(root)]


def broken_rows(root: Path) -> list[int]:
    """The numbers of the broken lines among the rows."""
    return [8, 20, 45] if needs_rows(root) else [1, 2, 3]


def few(root: Path, rows: int = 50) -> None:
    """Write few.csv: a key before the columns of the sample, three broken lines, and one doubled key."""
    lines = (root / "data" / "sample.csv").read_text("utf8").splitlines()
    broken = ",".join("x" for _ in range(30))
    if not needs_rows(root):
        (root / "few.csv").write_text("\n".join([lines[0], *[broken] * 3]) + "\n", "utf8")
        return
    kept = [f"c{number:03},{line}" for number, line in enumerate(lines[1 : rows + 1], start=1)]
    kept[rows - 5] = "c001" + kept[rows - 5][4:]
    for row in broken_rows(root):
        kept.insert(row - 1, broken)
    (root / "few.csv").write_text("\n".join([f"id,{lines[0]}", *kept]) + "\n", "utf8")


def compose(root: Path, *changed: str) -> RunConfig:
    """The configuration of a run over the few rows in the project at `root`."""
    return load([*small(root), *changed], root)


def run(config: RunConfig) -> job.Done:
    """Run a job."""
    return job.run(config, config.layer("batch", BatchSettings))


def score(root: Path, *changed: str) -> job.Done:
    """Run a job over the few rows in the project at `root`."""
    return run(compose(root, *changed))


def answers(root: Path, address: str, table: str = "") -> list[tuple[Any, ...]]:
    """All rows of a sink, in the order of their columns but for Parquet, whose order counts."""
    url, _, name = address.partition("#")
    if url.startswith("delta://"):
        from deltalake import DeltaTable

        place = root / url.removeprefix("delta://")
        if table:
            return _parquet(place.with_name(f".{place.name}-batch") / "_quarantine")
        rows = DeltaTable(str(place)).to_pyarrow_table().to_pylist()
        return sorted((tuple(row.values()) for row in rows), key=str)
    if url.endswith(".parquet"):
        place = root / url
        return _parquet(place.with_name(f".{place.name}-batch") / "_quarantine" if table else place)
    if "://" not in url:
        return _parquet(root / url / "_quarantine" if table else root / url)
    statement = f'select * from "{name or "predictions"}{table}"'
    if url.startswith("sqlite"):
        connection = sqlite3.connect(root / url.removeprefix("sqlite:///"))
        try:
            return sorted(connection.execute(statement).fetchall(), key=str)
        finally:
            connection.close()
    import psycopg

    with psycopg.connect(url) as connection:
        return sorted(connection.execute(statement).fetchall(), key=str)


def quarantine(root: Path, address: str) -> list[tuple[Any, ...]]:
    """The rejected rows: number, reason, record."""
    return sorted(row[-3:] for row in answers(root, address, "_quarantine"))


def _parquet(folder: Path) -> list[tuple[Any, ...]]:
    from pyarrow import parquet

    files = [folder] if folder.is_file() else sorted(folder.glob("*.parquet"))
    return [tuple(row.values()) for file in files for row in parquet.read_table(file).to_pylist()]
