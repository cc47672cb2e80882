"""The configuration of a run as one object: a dataclass for each folder of `conf/`.

Hydra stops at `composition`: steps take these dataclasses, never a raw configuration. A use case extends `RunConfig`
with the shape of its own folders and hands it over as a `ConfigSchema`; settings of a layer (a deployment, monitoring)
have their dataclass in the layer and come through `RunConfig.layer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_origin, get_type_hints

from ..core.errors import InputError, nearest
from ..core.jsonable import masked, plain
from .schema import Bound, Where, convert, part
from .settings import (
    CheckSettings,
    FitSettings,
    GateSettings,
    ModelSettings,
    ProjectSettings,
    StoreSettings,
    TableSettings,
    TrackingSettings,
)

Shaped = TypeVar("Shaped")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything a verb needs to know. `raw` is the whole resolved configuration as plain data.

    The folders whose shape depends on what is learnt (data, contract, split, baseline, train, bundle) are narrowed by
    the use case's own subclass.
    """

    project: ProjectSettings
    task: str | None
    seed: Annotated[int, Bound(at_least=0)]
    input: str | None
    output: str | None
    version: str | None
    explain: bool
    data: TableSettings
    contract: CheckSettings
    split: Any
    baseline: Any
    model: ModelSettings
    train: FitSettings
    gate: GateSettings
    tracking: TrackingSettings
    bundle: StoreSettings
    root: Path
    raw: dict[str, Any] = field(repr=False)
    where: Where = field(repr=False)
    schema: ConfigSchema = field(repr=False, compare=False)

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


@dataclass(frozen=True)
class ConfigSchema:
    """The shape of a use case's configuration: its RunConfig, and the settings of each of its models by name.

    They stand beside the models' code, so they are asked for only where a model's settings are read: help and refusals
    come at once.
    """

    config: type[RunConfig]
    settings_classes: Callable[[], Mapping[str, type[Any]]]

    def kinds(self) -> dict[str, Any]:
        """The top-level keys and their types; `model` has the type of no particular model."""
        hints = get_type_hints(self.config, include_extras=True)
        return {name: kind for name, kind in hints.items() if name not in _NOT_KEYS}

    @property
    def mappings(self) -> frozenset[str]:
        """The top-level keys whose entries have any names."""
        return frozenset(name for name, kind in self.kinds().items() if get_origin(kind) is dict)

    def model_class(self, name: object, where: Where) -> type[Any]:
        """Return the dataclass of a model's settings; raises InputError where there is no such model."""
        models = self.settings_classes()
        if name not in models:
            known = ", ".join(models)
            raise InputError(
                f"model.name: {name!r} is not a model; expected one of {known}{nearest(str(name), models)}; "
                f"see {where('model.name')}"
            )
        return models[str(name)]

    def model_settings(self, values: Any, where: Where) -> ModelSettings:
        """Return the settings of the model that `values["name"]` chooses."""
        name = values.get("name") if isinstance(values, Mapping) else values
        return cast(ModelSettings, convert(self.model_class(name, where), values, "model", where))


#: Fields that are not keys of the configuration.
_NOT_KEYS = ("root", "raw", "where", "schema")


def from_raw(schema: ConfigSchema, raw: Mapping[str, Any], root: Path, where: Where) -> RunConfig:
    """Check the resolved configuration and give it its shape; `where` names the file of a key.

    Raises InputError for an unknown key, a value of the wrong type or out of its range, a missing value.
    """
    types = schema.kinds()
    known = {*types, *(folder.name for folder in (root / "conf").iterdir() if folder.is_dir())}
    for name in raw:
        if name not in known:
            raise InputError(f"{name}: no such setting{nearest(str(name), known)}; see {where(str(name))}")
    for name in types:
        if name not in raw:
            raise InputError(f"{name}: missing from the configuration; restore it in {where(name)}")
    given = {name: part(kind, raw[name], name, where) for name, kind in types.items() if name != "model"}
    model = schema.model_settings(raw["model"], where)
    return schema.config(**given, model=model, root=root, raw=dict(raw), where=where, schema=schema)
