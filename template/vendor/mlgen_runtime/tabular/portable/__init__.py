"""The model as files that predict without this package: what `portable.write` puts into a folder.

    model.onnx  contract.json  preprocessing.json  inference.json  example.json
    reader.py     class Model(folder).predict(rows), and a command line; numpy and onnxruntime are all it needs
    cells.py      what a cell is: `core.cells`, as it is here; words.py what the words of a text are
    moments.py    how reader.py reads dates
    reader.mjs    the same for JavaScript, in node and in a browser, with words.mjs

The readers stand beside this module as they are copied: plain files, the same for every model.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from ...bundle import format as bundle
from ...core import cells, words
from ...core.errors import InputError
from ...usecase.export_package import ExportPackage, ParityCase, Row
from .parity_cases import answers, questions

if TYPE_CHECKING:
    from ...bundle.predictor import Predictor
    from ..settings import TabularConfig

__all__ = ["ExportPackage", "ParityCase", "answers", "questions", "write"]

READERS = ("reader.py", "reader.mjs")
#: What reader.py imports: what decides what a cell is, and a word, there as here, and how it reads dates.
CELLS, WORDS, MOMENTS = "cells.py", "words.py", "moments.py"
#: What reader.mjs imports.
SCRIPT_WORDS = "words.mjs"
TABLES = ("contract.json", "preprocessing.json")


def write(model: Predictor, config: TabularConfig, folder: Path) -> ExportPackage:
    """Put the model's files and its readers into an existing folder.

    Raises InputError where the bundle holds a library's own format: then ONNX was not its equal.
    """
    facts = bundle.read_json(model.folder, "inference.json")
    kind = facts["format"]
    if kind != "onnx":
        raise InputError(
            f"version {model.version} is kept as {kind}, because its ONNX graph was not exact; it cannot be read "
            "without that library: train a model that exports (model=lightgbm, or xgboost), or use this one where it is"
        )
    for name in ("model.onnx", *TABLES):
        shutil.copyfile(model.folder / name, folder / name)
    facts.pop("bulk", None)  # it names a library's files, which stay behind
    bundle.write_json(folder, "inference.json", facts)
    columns = model.example()
    example: list[Row] = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    bundle.write_json(folder, "example.json", example)
    for name in (*READERS, SCRIPT_WORDS, MOMENTS):
        (folder / name).write_bytes(resources.files(__package__).joinpath(name).read_bytes())
    shutil.copyfile(cells.__file__, folder / CELLS)
    shutil.copyfile(words.__file__, folder / WORDS)
    return ExportPackage(graphs=("model.onnx",), readers=READERS)
