"""The data contract: what each column is for and what it may hold. Table of contents.

A server imports `contract.schema`, and the command line the vocabularies, so nothing is loaded before it is asked for:

    load, dump, dumps     the file data/contract.yaml            (file)
    conform, truth        rows as typed columns, targets as codes or values   (typed)
    check, refuse         all that is wrong with some rows; stop at errors    (checks)
    table                 problems for the terminal              (report)
    page                  them and the data profile as HTML      (report_page)

The data profile itself is made in `data_profile`. A first contract is proposed by the use case; which contract and
which rows a run works with says `usecase.resolve`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .catalogue import Problem
    from .checks import check, refuse
    from .file import dump, dumps, load
    from .report import table
    from .report_page import page
    from .schema import TYPES, Column, Contract
    from .typed import conform, label_codes, truth

__all__ = [
    "TYPES",
    "Column",
    "Contract",
    "Problem",
    "Vocabulary",
    "check",
    "conform",
    "dump",
    "dumps",
    "label_codes",
    "load",
    "page",
    "refuse",
    "table",
    "truth",
]

_WHERE = {
    "TYPES": "schema",
    "Column": "schema",
    "Contract": "schema",
    "Problem": "catalogue",
    "check": "checks",
    "conform": "typed",
    "dump": "file",
    "dumps": "file",
    "label_codes": "typed",
    "load": "file",
    "page": "report_page",
    "refuse": "checks",
    "table": "report",
    "truth": "typed",
}


def __getattr__(name: str) -> Any:
    """Load the module that holds `name` when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
