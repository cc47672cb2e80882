"""What the deployments of a project make of a contract, asked when it is made: who could not carry its names says so.

    check(config, contract)             raises InputError: one line with the column, the deployment and the way out
    broken(config, before, after)       why clients of a champion could not go on with a model of another contract

Each deployment that has something to say has a module `acceptance` in its own room, written down here. One that is not
in the project, or has no folder in conf/, is not asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol

from ..contract import compatibility
from ..core.errors import InputError
from ..core.registry import Entry, Registry
from . import registry

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..contract.schema import Contract

DEPLOYMENTS = Registry(
    "deployment",
    {
        "rest": Entry("rest.acceptance", group="rest"),
        "batch": Entry("batch.acceptance", group="batch"),
    },
)


class Acceptance(Protocol):
    """What one deployment makes of contracts."""

    def check(self, config: RunConfig, contract: Contract, /) -> None:
        """Raise InputError for a name that it cannot carry."""

    def broken(self, before: Contract, after: Contract, /) -> str | None:
        """Why its clients could not go on, in words about the model of `before`; None where they could."""


def check(config: RunConfig, contract: Contract) -> None:
    """Raise InputError for the first name that answers, or a deployment of this project, cannot carry."""
    columns = registry.of(config).batch_scoring.columns(contract, config.data)
    double = [name for name, times in Counter(name for name, _ in columns).items() if times > 1]
    if double:
        first, second = (origin for name, origin in columns if name == double[0])
        raise InputError(
            f"answers would have two columns {double[0]!r}, {first} and {second}; rename the column in the source, or "
            "leave it out of data.key"
        )
    for deployment in _found(config):
        deployment.check(config, contract)


def broken(config: RunConfig, before: Contract, after: Contract) -> str | None:
    """Return the first thing that a change of the contract breaks, whoever asks or in one of the deployments."""
    if compatibility.of_the_sample(before) and not compatibility.of_the_sample(after):
        return None  # nobody lives by the model of the sample
    found = (deployment.broken(before, after) for deployment in _found(config))
    return compatibility.broken(before, after) or next((words for words in found if words), None)


def _found(config: RunConfig) -> list[Acceptance]:
    return [DEPLOYMENTS.load(name) for name in DEPLOYMENTS.names(config.raw)]
