"""What bulk scoring makes of a contract: the columns of its answers must be names that `batch.output` can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import BatchSettings
from .sink import naming

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..contract.schema import Contract


def check(config: RunConfig, contract: Contract) -> None:
    """Raise InputError naming the label or the key whose column the place of the answers cannot hold."""
    from ..usecase import registry

    settings = config.layer("batch", BatchSettings)
    columns = registry.of(config).batch_scoring.columns(contract, config.data)
    naming.of(settings.output).check(columns, settings.output)


def broken(before: Contract, after: Contract) -> str | None:
    """Nothing beyond what any client feels: columns that a model does not know are left alone."""
    return None
