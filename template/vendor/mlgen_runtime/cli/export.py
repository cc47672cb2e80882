"""Export the champion as a folder that predicts on its own, in Python or in a browser.

The folder has the model as ONNX, its tables, readers that need next to nothing, and a report that compares their
answers with the predictor's; where they differ by more than `edge.tolerance`, nothing is written. `version=` takes
another version than the champion. An earlier export in the same place is replaced in one step.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from ..core.figures import figure
from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = (
    "edge.output",
    "edge.quantize",
    "edge.opset",
    "edge.ml_opset",
    "edge.ir_version",
    "edge.tolerance",
    "version",
    "bundle.store",
)


def run(config: RunConfig) -> VerbReport:
    """Write the folder, say where it is and what was measured."""
    from ..core.progress import Steps
    from ..core.text_table import table
    from ..edge import export

    said = sys.stdout if sys.stdout.isatty() else io.StringIO()  # in a log, a refusal is one line
    report = export.write(config, Steps(export.STEPS, said))
    if isinstance(said, io.StringIO):
        print(said.getvalue(), end="")
    parity, speed = report["parity"], report["speed"]
    figures = {
        "rows": f"{parity['rows']:,}",
        "largest difference": f"{parity['largest_difference']:.2g}",
        "MB": figure(report["size_mb"], 3),
        "first answer s": f"{speed['cold_start_s']:.2f}",
        "one answer µs": f"{speed['latency_us']['p50']:.1f}",
    }
    where = config.raw["edge"]["output"]
    print(f"\n  version {report['model']['version']} ({report['model']['kind']}) written to {where}\n")
    for line in table([figures]):
        print(f"  {line}")
    for line in report["gaps"]:
        print(f"  note: {line}")
    print(f"\n  read on   {where}/README.md")
    return VerbReport({"output": where, **report})
