"""Write the rows of data.path as the next version of the Delta table, and say which it is.

The table is delta.path; delta.mode=append adds the rows to those that are there, overwrite takes their place, and every
earlier version can still be read. Cells are written as they were read, so that a model learns the same from the table
as from the file. Rows that the table has already are not written again. data/contract.yaml is kept with the version:
`train data.path=delta://FOLDER data.version=N` holds the rows to the contract of then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.report import VerbReport

if TYPE_CHECKING:
    from ...config.run import RunConfig

SETTINGS = ("data.path", "data.version", "delta")
FLAGS = {"--dry-run": "delta.dry_run=true"}


def run(config: RunConfig) -> VerbReport:
    """Read, write, and say what there is now."""
    from ...core.command_line import override
    from ...core.errors import InputError
    from .. import tables
    from ..versions import DELTA
    from . import writing
    from .settings import DeltaSettings

    settings = config.layer("delta", DeltaSettings)
    folder = settings.path.removeprefix(DELTA)
    if tables.source(config.data, config.root) == f"{DELTA}{folder}" and config.data.version is None:
        raise InputError(
            f"data.path={config.data.path} is the table itself; name the file with the rows of its next version, for "
            "example `snapshot data.path=data/raw/mine.csv`"
        )
    source = tables.source(config.data, config.root)
    frame = tables.read(config.data.path, config.data, config.root, config.data.version)
    file = config.root / config.contract.path
    contract = file.read_text("utf8") if file.is_file() else None
    written = writing.write(settings, frame, source, contract, config.root)
    would = "would be " if written.new and settings.dry_run else ""
    print(f"{DELTA}{folder} {would}version {written.version}: {written.message}")
    if written.new and not settings.dry_run:
        told = [override("data.path", f"{DELTA}{folder}"), override("data.version", written.version)]
        print(f"\ntrain on it  {config.project.name} train {' '.join(told)}")
    return VerbReport(
        {
            "headline": {"version": written.version, "new": written.new, "rows": written.rows},
            "table": f"{DELTA}{folder}",
            "version": written.version,
            "new": written.new,
            "dry_run": settings.dry_run,
            "mode": settings.mode,
            "rows": written.rows,
            "source": source,
            "message": written.message,
        }
    )
