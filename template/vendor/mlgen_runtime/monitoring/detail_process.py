"""The process that makes the detailed report: both tables as JSON come in, a page goes out.

    python -m mlgen_runtime.monitoring.detail_process < tables.json > report.html

It runs in the environment of `make evidently`, which has nothing of this project's but its vendor/ on the path.
Evidently is imported while nothing has come in yet. Nothing is sent anywhere: its telemetry belongs to its own service,
which is not used here, and is switched off by DO_NOT_TRACK besides.
"""

from __future__ import annotations

import json
import os
import sys
import warnings


def main() -> int:
    """Read, report, write."""
    os.environ["DO_NOT_TRACK"] = "1"
    warnings.simplefilter("ignore")
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    from .detail import frames

    current, reference, numeric, others = frames(json.load(sys.stdin))
    if not numeric and not others:
        print("no column has values on both sides", file=sys.stderr)
        return 1
    shape = DataDefinition(numerical_columns=numeric, categorical_columns=others)
    now, then = (Dataset.from_pandas(table, data_definition=shape) for table in (current, reference))
    found = Report([DataDriftPreset(method="psi", threshold=0.1, drift_share=0.01)]).run(now, then)
    sys.stdout.write(found.get_html_str(as_iframe=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
