"""The forecaster as files that predict without this package: what `portable.write` puts into a folder.

    contract.json  inference.json  history.npz  example.json, and the files of the model: *.onnx, *.npz, *.jsonl
    forecaster/   the modules that serve (`closure`), as they are here: numpy and onnxruntime are all they import
    reader.py     class Model(folder).predict(rows), and a command line

There is no reader in JavaScript: a forecast takes calendars, scaling and filters beside the graph, all of them numpy.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...bundle import format as bundle
from ...core.errors import InputError
from ...usecase.export_package import ExportPackage, ParityCase, Row
from . import closure
from .parity_cases import answers, questions

if TYPE_CHECKING:
    from ...bundle.predictor import Predictor
    from ..settings import TimeseriesConfig

__all__ = ["ExportPackage", "ParityCase", "Row", "answers", "questions", "write"]

READER, PACKAGE = "reader.py", "forecaster"
#: Files of a bundle that say something about the model, and are not needed to forecast.
PAPERS = (
    "card.json",
    "lineage.json",
    "metrics.json",
    "reference.json",
    bundle.MANIFEST,
    bundle.DESCRIPTION,
    "backtest.npz",
)
ENDINGS = (".json", ".jsonl", ".npz", ".onnx")
NO_PAGE = (
    "no reader.mjs and no page: a forecast takes calendars and filters beside the graph, which are written in numpy; "
    "use reader.py, or ask a service from a browser"
)


def write(model: Predictor, config: TimeseriesConfig, folder: Path) -> ExportPackage:
    """Put the model's files, the modules that serve them and a reader into an existing folder.

    Raises InputError where a member is kept in its library's own format: then ONNX was not its equal.
    """
    facts = bundle.read_json(model.folder, "inference.json")
    members = list(_members(facts["forecaster"]))
    for entry in members:
        if entry.get("format", "onnx") != "onnx":
            raise InputError(
                f"version {model.version} holds {entry['name']} as {entry['format']}, because its ONNX graph was not "
                "exact; it cannot be read without that library: train another model, or use this one where it is"
            )
    for path in sorted(model.folder.iterdir()):
        if path.suffix in ENDINGS and path.name not in PAPERS:
            shutil.copyfile(path, folder / path.name)
    bundle.write_json(folder, "inference.json", facts)
    columns = model.example()
    bundle.write_json(
        folder, "example.json", [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    )
    serving = ["inference", "answers", "contract.vocabulary", *(f"forecast.{entry['name']}" for entry in members)]
    closure.copy(folder / PACKAGE, [f"timeseries.{name}" for name in serving])
    (folder / READER).write_bytes(resources.files(__package__).joinpath(READER).read_bytes())
    graphs = tuple(sorted(path.name for path in folder.glob("*.onnx")))
    return ExportPackage(graphs=graphs, readers=(READER,), gaps=(NO_PAGE,))


def _members(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The forecaster, and those that it is made of."""
    yield entry
    for member in entry.get("members", ()):
        yield from _members(member)
