"""The data contract: what each column is for and what it may hold. Table of contents.

The server imports `contract.schema` from here, so nothing heavy is loaded before it is asked for by name:

    load, dump, dumps     the file data/contract.yaml            (file)
    infer                 propose a contract from rows           (proposal)
    settle                the contract and the rows of a run     (settling)
    conform, truth        rows as typed columns, targets as codes or values   (typed)
    check, refuse         all that is wrong with some rows; stop at errors    (checks)
    table, page           problems for the terminal and as HTML  (report)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .schema import TYPES, Column, Contract
from .vocabulary import INPUT_ROLES, ROLES, TASKS

if TYPE_CHECKING:
    from .catalogue import Problem
    from .checks import check, refuse
    from .file import dump, dumps, load
    from .proposal import infer
    from .report import page, table
    from .settling import Settled, settle
    from .typed import conform, label_codes, truth

__all__ = [
    "INPUT_ROLES",
    "ROLES",
    "TASKS",
    "TYPES",
    "Column",
    "Contract",
    "Problem",
    "Settled",
    "check",
    "conform",
    "dump",
    "dumps",
    "infer",
    "label_codes",
    "load",
    "page",
    "refuse",
    "settle",
    "table",
    "truth",
]

_WHERE = {
    "Problem": "catalogue",
    "Settled": "settling",
    "check": "checks",
    "conform": "typed",
    "dump": "file",
    "dumps": "file",
    "infer": "proposal",
    "label_codes": "typed",
    "load": "file",
    "page": "report",
    "refuse": "checks",
    "settle": "settling",
    "table": "report",
    "truth": "typed",
}


def __getattr__(name: str) -> Any:
    """Load the module that holds `name` when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
