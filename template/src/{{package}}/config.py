"""The configuration of a run as one object: a dataclass of `settings/` for each folder of `conf/`.

Hydra stops at `compose.py`: steps take these dataclasses, never a raw configuration. Settings of a layer (a deployment,
monitoring) have their dataclass in the layer and come through `RunConfig.layer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_type_hints

from .contract.vocabulary import TASKS
from .errors import InputError, nearest
from .record import masked, plain
from .settings.every import GateSettings, ModelSettings, ProjectSettings, TrackingSettings
from .settings.use_case import (
    BaselineSettings,
    BundleSettings,
    ContractSettings,
    DataSettings,
    SplitSettings,
    TrainSettings,
)
from .shape import Bound, OneOf, Where, convert, part

__all__ = [
    "BaselineSettings",
    "BundleSettings",
    "ContractSettings",
    "DataSettings",
    "GateSettings",
    "ModelSettings",
    "ProjectSettings",
    "RunConfig",
    "SplitSettings",
    "TrackingSettings",
    "TrainSettings",
]

Shaped = TypeVar("Shaped")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything a verb needs to know. `raw` is the whole resolved configuration as plain data."""

    project: ProjectSettings
    task: Annotated[str, OneOf(TASKS)] | None
    seed: Annotated[int, Bound(at_least=0)]
    input: str | None
    output: str | None
    version: str | None
    data: DataSettings
    contract: ContractSettings
    split: SplitSettings
    baseline: BaselineSettings
    model: ModelSettings
    train: TrainSettings
    gate: GateSettings
    tracking: TrackingSettings
    bundle: BundleSettings
    root: Path
    raw: dict[str, Any] = field(repr=False)
    where: Where = field(repr=False)

    @property
    def record(self) -> dict[str, Any]:
        """`raw` as it may be kept and shown: no address shows its password."""
        record: dict[str, Any] = masked(plain(self.raw))
        return record

    def layer(self, name: str, cls: type[Shaped]) -> Shaped:
        """Return the settings of a layer's folder `conf/<name>/` as the layer's own dataclass.

        Raises InputError naming the key, the nearest one and the file.
        """
        if name not in self.raw:
            raise InputError(f"{name}: conf/config.yaml lists no such group; add `- {name}: default` to its defaults")
        return convert(cls, self.raw[name], name, self.where)


#: Fields that are not keys of the configuration.
_NOT_KEYS = ("root", "raw", "where")


def kinds() -> dict[str, Any]:
    """The top-level keys of the configuration and their types; `model` has the type of no particular model."""
    hints = get_type_hints(RunConfig, include_extras=True)
    return {name: kind for name, kind in hints.items() if name not in _NOT_KEYS}


def from_raw(raw: Mapping[str, Any], root: Path, where: Where) -> RunConfig:
    """Check the resolved configuration and give it its shape; `where` names the file of a key.

    Raises InputError for an unknown key, a value of the wrong type or out of its range, a missing value.
    """
    types = kinds()
    known = {*types, *(folder.name for folder in (root / "conf").iterdir() if folder.is_dir())}
    for name in raw:
        if name not in known:
            raise InputError(f"{name}: no such setting{nearest(str(name), known)}; see {where(str(name))}")
    for name in types:
        if name not in raw:
            raise InputError(f"{name}: missing from the configuration; restore it in {where(name)}")
    own = convert(ProjectSettings, raw["project"], "project", where)
    if own.package != __package__:
        raise InputError(
            f"{root / 'conf'} belongs to the project {own.name!r}, this is {__package__!r}; "
            f"change to a folder of the project that you mean"
        )
    given = {name: part(kind, raw[name], name, where) for name, kind in types.items() if name != "model"}
    return RunConfig(**given, model=model_settings(raw["model"], where), root=root, raw=dict(raw), where=where)


def model_settings(values: Any, where: Where) -> ModelSettings:
    """Return the settings of the model that `values["name"]` chooses."""
    name = values.get("name") if isinstance(values, Mapping) else values
    return cast(ModelSettings, convert(model_class(name, where), values, "model", where))


def model_class(name: object, where: Where) -> type[Any]:
    """Return the dataclass of a model's settings; raises InputError where the registry has no such model."""
    from .model import MODELS

    if name not in MODELS:
        raise InputError(
            f"model.name: {name!r} is not a model; expected one of {', '.join(MODELS)}{nearest(str(name), MODELS)}; "
            f"see {where('model.name')}"
        )
    return MODELS[str(name)][0]
