"""The data contract: what each column is for and what it may hold. Table of contents.

The server imports `contract.schema` from here, so nothing heavy is loaded before it is asked for by name:

    load, dump    the file data/contract.yaml          (file)
    infer         propose a contract from rows         (proposal)
    conform       rows as typed columns                (typed)
    truth         the target as codes or values        (typed)
    check         all that is wrong with some rows     (checks)
    refuse        stop at errors                       (checks)
    settle        the contract and the rows of a run   (settling)
    render        problems as table, JSON and HTML     (report)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .schema import INPUT_ROLES, ROLES, TASKS, TYPES, Column, Contract

if TYPE_CHECKING:
    from .checks import Problem as Problem
    from .checks import check as check
    from .checks import refuse as refuse
    from .file import dump as dump
    from .file import dumps as dumps
    from .file import load as load
    from .proposal import propose as infer
    from .report import render as render
    from .settling import Settled as Settled
    from .settling import settle as settle
    from .typed import conform as conform
    from .typed import label_codes as label_codes
    from .typed import truth as truth

_WHERE = {
    "Problem": ("checks", "Problem"),
    "check": ("checks", "check"),
    "refuse": ("checks", "refuse"),
    "dump": ("file", "dump"),
    "dumps": ("file", "dumps"),
    "load": ("file", "load"),
    "infer": ("proposal", "propose"),
    "render": ("report", "render"),
    "Settled": ("settling", "Settled"),
    "settle": ("settling", "settle"),
    "conform": ("typed", "conform"),
    "label_codes": ("typed", "label_codes"),
    "truth": ("typed", "truth"),
}

__all__ = ["INPUT_ROLES", "ROLES", "TASKS", "TYPES", "Column", "Contract", *_WHERE]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Load the module that holds `name` when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(importlib.import_module(f".{module}", __name__), attribute)
