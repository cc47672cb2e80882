"""Which features a run derives: those of the contract, conf/features over them, and the project's own functions."""

from __future__ import annotations

import dataclasses
from typing import Any

from ...contract import features as deriving
from ...contract.schema import Contract
from ...core import extensions
from ...core.errors import InputError
from ..settings import RowsConfig


def derived(contract: Contract, config: RowsConfig, notes: list[str]) -> Contract:
    """The contract with the features of this run, checked. Raises InputError for the first one that is wrong.

    `notes` take those of a contract's own that this run changes or leaves out.
    """
    stands = {feature.name: feature.entries() for feature in contract.features}
    wanted: dict[str, dict[str, Any]] = dict(stands)
    own = extensions.registered("feature")
    for name, function in own.items():
        options = function.options
        wanted[name] = {"function": name, "type": options["type"], "columns": list(options["columns"])}
    for name, expression in config.features.items():
        if expression is None:
            wanted.pop(name, None)
        elif name in own:
            raise InputError(
                f"features.{name}: {own[name].module} has a function of that name already; call one of them otherwise"
            )
        else:
            wanted[name] = {"expression": expression}
    for name, entry in wanted.items():
        if entry.get("function") is not None and entry["function"] not in own:
            raise InputError(
                f"features.{name}: the contract takes it from the function {entry['function']!r} of the project's own "
                "code, which is not registered; list its module under project.extensions, or leave the feature out "
                f"with features.{name}=null"
            )
    found = dataclasses.replace(contract, features=deriving.resolve(wanted, contract.columns, contract.task))
    if stands:
        entries = {feature.name: feature.entries() for feature in found.features}
        changed = [name for name in sorted(stands.keys() | entries.keys()) if stands.get(name) != entries.get(name)]
        if changed:
            notes.append(
                f"{config.contract.path} derives other features than this run: {', '.join(changed)} differ; write them "
                "there, too, or take its entry features out, and conf/features alone says them"
            )
    return found
