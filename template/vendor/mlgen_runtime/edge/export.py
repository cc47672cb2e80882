"""The whole of an export: write the folder beside its place, let its reader answer, compare, and only then move it."""

from __future__ import annotations

import platform
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..core.page import style
from ..core.progress import Steps
from ..usecase import registry
from ..usecase.export_package import ExportPackage
from ..usecase.loading import load_champion
from . import documents, eight_bit, opset, parity, trial
from .place import REPORT, Place
from .settings import EdgeSettings

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..usecase.protocol import Portable

#: What a terminal is shown, in this order; `quantise` where 8 bits are asked for.
STEPS = ("write", "compare", "quantise")
#: The page that runs the model in a browser; only where the use case has a reader in JavaScript.
PAGES = ("index.html", "page.mjs", "package.json", "package-lock.json")


def write(config: RunConfig, steps: Steps) -> dict[str, Any]:
    """Export the champion (or `config.version`) into `edge.output`, and return the parity report.

    Raises InputError where there is no champion, the place is taken or cannot be written, the model cannot be said in
    the versions that were asked for, or the folder's answers are not the predictor's; nothing is left behind then.
    """
    settings = config.layer("edge", EdgeSettings)
    place = Place(config.root / settings.output)
    place.check()
    model = load_champion(config)
    portable = registry.find(model.use_case).portable
    with place.staged() as folder:
        with steps("write") as step:
            package = portable.write(model, config, folder)
            versions = {
                name: opset.rewrite(folder / name, settings.opset, settings.ml_opset, settings.ir_version)
                for name in package.graphs
            }
            if "reader.mjs" in package.readers:
                _pages(folder)
            graphs, readers = ", ".join(package.graphs), ", ".join(package.readers)
            step.message = f"version {model.version}, {graphs or 'no graph'}, {readers}"
        report = {**_measured(config, settings, model, portable, folder, package, steps), "graphs": versions}
        (folder / "requirements.txt").write_text(documents.requirements(config.root / "requirements.lock"), "utf8")
        report["size_mb"] = bundle.size(folder) / 1e6
        (folder / "README.md").write_text(documents.readme(config.project.name, report, package), "utf8")
        bundle.write_json(folder, REPORT, report)
        bundle.seal(folder)
        place.put(folder)
    return report


def _pages(folder: Path) -> None:
    for name in PAGES:
        (folder / name).write_bytes(resources.files(__package__).joinpath("pages", name).read_bytes())
    (folder / "page.css").write_text(style(), "utf8")


def _measured(
    config: RunConfig,
    settings: EdgeSettings,
    model: Predictor,
    portable: Portable,
    folder: Path,
    package: ExportPackage,
    steps: Steps,
) -> dict[str, Any]:
    """Ask the folder's reader what the predictor was asked, compare, and say how fast it was."""
    with steps("compare") as step:
        cases = portable.questions(model, config, settings.rows)
        expected = [portable.answers(model, case) for case in cases]
        found = trial.asked(folder, cases)
        report = parity.compared(cases, expected, found.answers)
        step.message = f"{report['answers_equal']:,} of {report['answers']:,} answers are equal to the last digit"
        parity.gate(report, settings.tolerance)
    int8 = None
    if settings.quantize == "int8":
        with steps("quantise") as step:
            int8 = eight_bit.put(folder, package.graphs, cases, expected, settings.quality)
            found = trial.asked(folder, cases)
            step.message = f"{int8['mb']['before']:.3g} → {int8['mb']['after']:.3g} MB"
    return {
        "format": 1,
        "model": {
            "name": config.project.name,
            "version": model.version,
            "kind": str(model.card.get("model", "model")),
            "target": model.contract.target.name,
            "rule": model.card.get("rule"),
        },
        "parity": {**report, "tolerance": settings.tolerance},
        "int8": int8,
        "speed": {"latency_us": found.latency_us, "cold_start_s": found.cold_start_s, "machine": _machine()},
        "packages": found.packages,
        "gaps": list(package.gaps),
    }


def _machine() -> str:
    """What the figures were measured on."""
    return f"{platform.machine()}, Python {platform.python_version()}"
