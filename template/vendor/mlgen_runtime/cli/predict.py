"""Predict with the champion, from a file into another file or onto the terminal.

Rows are answered one for one, in their order; series, with their next steps. Out come key columns (the row number,
from 1, where rows have none; a series' key and the moment), `prediction`, then how sure it is: `probability_<label>`
for every class, `prediction_low` and `prediction_high`, or `quantile_<level>`; with `explain=true` what each input adds
to it, as `shap_<input>` beside the `base_value` that they add up from. The ending of `output=` chooses the
format: .csv, .tsv, .parquet or .jsonl; without it, CSV is printed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ("input", "output", "version", "explain", "data.key", "data.separator", "bundle.store")


def run(config: RunConfig) -> VerbReport:
    """Predict `input`, write the rows, say where they are."""
    from ..usecase import registry

    done = registry.of(config).prediction.score_file(config)
    where = config.output or "the terminal"
    print(f"{done.rows:,} predictions by version {done.version} ({done.model}) written to {where}", file=sys.stderr)
    for note in done.notes:
        print(f"note: {note}", file=sys.stderr)
    return VerbReport(
        {
            "input": config.input,
            "output": config.output,
            "rows": done.rows,
            "version": done.version,
            "model": done.model,
            "columns": done.columns,
            "predictions": done.summary,
            "notes": list(done.notes),
        }
    )
