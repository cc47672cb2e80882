"""conf/retrain as dataclasses: what holds for every project, and what each trigger and optional part takes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from ..config.schema import Bound, Count, convert
from ..core import duration
from ..core.duration import Span
from ..core.errors import InputError, nearest
from . import optional
from .triggers import triggers

if TYPE_CHECKING:
    from ..config.run import RunConfig

WHEN = ("auto", "always", "never")


@dataclass(frozen=True, kw_only=True)
class RetrainSettings:
    """One entry per line of conf/retrain/default.yaml that is no trigger's; the file says what each is."""

    when: list[str] | str
    data: Literal["source", "log", "both"]
    window: int | float | str | None
    holdout: int | float | str | None
    severity: dict[str, Literal["error", "warning", "off"]]
    cooldown: str | None
    max_per_week: Count | None
    budget_minutes: Annotated[float, Bound(above=0)] | None
    dry_run: bool

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of the triggers that may ask for a training."""
        if isinstance(self.when, list):
            return tuple(self.when)
        return () if self.when in WHEN else (self.when,)

    @property
    def by_hand(self) -> bool:
        """Whether a person wants a training now, whatever triggers say."""
        return self.when == "always"

    @property
    def patience(self) -> float:
        """Seconds from one training to the next at least."""
        return duration.seconds(self.cooldown, "retrain.cooldown") if self.cooldown else 0.0

    @property
    def history(self) -> Span | None:
        """What is trained on; None is all there is."""
        return duration.read(self.window, "retrain.window")

    @property
    def newest(self) -> Span | None:
        """What is held out; None is what conf/split says."""
        return duration.read(self.holdout, "retrain.holdout")


@dataclass(frozen=True)
class Settings:
    """All of conf/retrain. `triggers` are those that may ask, name to settings; `shadow` are those of the evaluation of
    a shadow, None without monitoring."""

    retrain: RetrainSettings
    triggers: dict[str, Any]
    shadow: Any


def read(config: RunConfig) -> Settings:
    """Give conf/retrain its shape. Raises InputError naming the key, the value, what was expected, and the file."""
    values = config.raw.get("retrain")
    if not isinstance(values, Mapping):
        raise InputError("retrain: conf/config.yaml lists no such group; add `- retrain: default` to its defaults")
    found, evaluation = triggers(config.raw), optional.shadow_evaluation(config)
    shapes = {name: trigger.Settings for name, trigger in found.items()}
    others = [RetrainSettings] if evaluation is None else [RetrainSettings, evaluation.Settings]
    known = {field.name for shape in (*others, *shapes.values()) for field in dataclasses.fields(shape)}
    for name in values:
        if name not in known:
            where = config.where("retrain")
            raise InputError(f"retrain.{name}: no such setting{nearest(str(name), known)}; see {where}")
    own: RetrainSettings = _part(RetrainSettings, values, config)
    read = {name: _part(shape, values, config) for name, shape in shapes.items()}
    shadow = None if evaluation is None else _part(evaluation.Settings, values, config)
    _check(own, list(found), config)
    wanted = found if own.when in WHEN else own.asked
    return Settings(own, {name: read[name] for name in wanted}, shadow)


def _part(shape: type[Any], values: Mapping[str, Any], config: RunConfig) -> Any:
    names = {field.name for field in dataclasses.fields(shape)}
    return convert(shape, {name: value for name, value in values.items() if name in names}, "retrain", config.where)


def _check(settings: RetrainSettings, found: list[str], config: RunConfig) -> None:
    """Refuse what the shapes cannot: a trigger that is none, a duration that is none, a log that is not there."""
    for name in settings.asked:
        if name not in found:
            words = (*WHEN, *found)
            raise InputError(
                f"retrain.when: {name!r} is no trigger; expected {', '.join(WHEN)}, or some of "
                f"[{','.join(found)}]{nearest(name, words)}; see {config.where('retrain.when')}"
            )
    if isinstance(settings.when, list) and not settings.when:
        raise InputError(f"retrain.when: [] names no trigger; expected some of [{','.join(found)}], or never")
    _ = settings.patience, settings.history, settings.newest  # each refuses what it cannot read
    if settings.data != "source" and optional.logged(config) is None:
        raise InputError(
            f"retrain.data: {settings.data!r} takes rows from the log of predictions, which this project has not "
            "(monitoring=false); expected source"
        )
