"""`retrain`, in order: the verdict on a shadow, what the triggers ask for, the rows, the training, its record."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..bundle import shadow
from ..bundle.store import Store, open_store
from ..core import process
from ..core.errors import InputError
from . import history, optional
from . import settings as reading
from .budget import SHADOW, train
from .context import RetrainingContext
from .decision import Plan, decide
from .history import Row
from .training_data import TrainingData, gather

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..training.pipeline import Trained
    from .settings import Settings

LOCK = ".retrain.lock"


@dataclass
class RetrainResult:
    """What was decided and done. `decision` is nothing, planned (a dry run), waiting (a shadow), or that of `row`."""

    decision: str
    message: str
    plan: Plan | None = None
    data: TrainingData | None = None
    trained: Trained | None = None
    row: Row | None = None
    notes: list[str] = field(default_factory=list)


def run(
    config: RunConfig, tell: Callable[[Plan], object] = lambda plan: None, now: datetime.datetime | None = None
) -> RetrainResult:
    """Decide, `tell` what was found, and train where it is time to. Raises InputError where a setting or the data are
    wrong, or another `retrain` is at work on the same store."""
    settings = reading.read(config)
    store = open_store(config.bundle.store, config.root)
    with alone(store, config):
        context = RetrainingContext(
            config=config,
            settings=settings.retrain,
            store=store,
            champion=store.champion(),
            history=tuple(history.rows(store)),
            now=now or datetime.datetime.now(datetime.UTC),
        )
        judged = _judge(context, settings)
        return judged if judged is not None else _decide(context, settings, tell)


@contextlib.contextmanager
def alone(store: Store, config: RunConfig) -> Iterator[None]:
    """Refuse to work beside another `retrain` on this machine; the lock of a killed one is free again."""
    store.staging.mkdir(parents=True, exist_ok=True)
    with (store.staging / LOCK).open("a+b") as file:
        if not process.try_lock(file.fileno()):
            raise InputError(
                f"another `{config.project.name} retrain` is at work on {store}; let it come to its end and try again"
            )
        yield  # closing the file frees the lock


def _judge(context: RetrainingContext, settings: Settings) -> RetrainResult | None:
    """What becomes of a shadow; None where there is none, or a person wants a training now whatever it says."""
    evaluation, standing = optional.shadow_evaluation(context.config), shadow.current(context.store)
    if evaluation is None or standing is None or settings.retrain.when in ("always", "never"):
        return None
    verdict = evaluation.judge(context, standing, settings.shadow)
    if verdict.decision == "waiting" or settings.retrain.dry_run:
        return RetrainResult("waiting", verdict.message)
    notes = evaluation.settle(context, standing, verdict)
    row = _row(context, "shadow", verdict.decision, {"shadow": verdict.message}, standing.version)
    return _recorded(context, RetrainResult(verdict.decision, verdict.message, row=row, notes=notes))


def _decide(context: RetrainingContext, settings: Settings, tell: Callable[[Plan], object]) -> RetrainResult:
    plan = decide(context, settings)
    tell(plan)
    if not plan.train:
        return RetrainResult("nothing", plan.message, plan)
    data = gather(context)
    if (known := _known(context, data)) and not settings.retrain.by_hand:
        return RetrainResult("nothing", f"{plan.message}, but {known}", plan, data)
    if settings.retrain.dry_run:
        return RetrainResult("planned", f"{plan.message}: it would train on {data.message}", plan, data)
    return _train(context, settings, plan, data)


def _known(context: RetrainingContext, data: TrainingData) -> str | None:
    """Why a training on these rows would bring nothing new: the champion is made of them, or it was tried."""
    if context.champion is not None and context.lineage.get("fingerprint") == data.fingerprint:
        more = context.settings.data == "source" and optional.logged(context.config) is not None
        other = ", or take retrain.data=both" if more else ""
        return f"version {context.champion.version} was made from these very rows: bring newer ones{other}"
    ended = [row for row in history.trainings(context.history) if row.decision not in ("started", "failed")]
    same = next((row for row in reversed(ended) if row.key == data.key), None)
    return f"rows and settings are those of {same.at[:16]}, when it was {same.decision}" if same else None


def _train(context: RetrainingContext, settings: Settings, plan: Plan, data: TrainingData) -> RetrainResult:
    """Train and compare; whatever comes of it is written down before and after."""
    row = dataclasses.replace(
        _row(context, "train", "started", plan.reasons, None),
        data=data.config.data.path,
        fingerprint=data.fingerprint,
        key=data.key,
    )
    data.write()
    history.record(context.store, row)
    wanted = bool(settings.shadow and settings.shadow.shadow)
    try:
        trained = train(data.config, settings.retrain.budget_minutes, wanted)
    except BaseException as error:
        message = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        _recorded(
            context, RetrainResult("failed", message, row=dataclasses.replace(row, decision="failed", message=message))
        )
        raise
    published, verdict = trained.published, "refused"
    message = trained.decision.message
    if published.champion == published.version:
        verdict = "promoted"
    elif published.note == SHADOW:
        verdict = "shadow"
        shadow.name(context.store, published.version, published.champion)
    if published.note:
        message = f"{message} But {published.note}." if verdict == "refused" else f"{message} Yet {published.note}."
    row = dataclasses.replace(row, decision=verdict, message=message, version=published.version)
    return _recorded(context, RetrainResult(verdict, message, plan, data, trained, row))


def _row(context: RetrainingContext, action: str, decision: str, reasons: dict[str, str], version: str | None) -> Row:
    when: Any = context.settings.when
    return Row(
        at=history.stamp(context.now),
        action=action,
        when=",".join(when) if isinstance(when, list) else when,
        decision=decision,
        reasons=reasons,
        version=version,
        champion=context.champion.version if context.champion else None,
    )


def _recorded(context: RetrainingContext, done: RetrainResult) -> RetrainResult:
    """Write down how it ended, and in the log's database too where there is one; that it is away is only a note."""
    assert done.row is not None
    seconds = (datetime.datetime.now(datetime.UTC) - context.now).total_seconds()
    done.row = dataclasses.replace(done.row, message=done.message, seconds=round(max(0.0, seconds), 3))
    history.record(context.store, done.row)
    if logged := optional.logged(context.config):
        try:
            logged.record(context.config, done.row)
        except InputError as away:
            done.notes.append(f"the decision is not in the log's database: {away}")
    return done
