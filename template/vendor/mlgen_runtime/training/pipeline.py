"""The training pipeline, one call per line: read, check, split, baseline, fit, evaluate, gate, explain, register,
bundle.

The use case supplies the parts (`usecase.protocol`); what is here holds for any of them. What `preparation.training`
hands over is the use case's own: it says how much it is, and how many threads it may use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.progress import Steps
from ..usecase import library_parameters, registry
from . import gate
from .judged import Judged
from .publish import Published, publish, register
from .run_context import RunContext
from .run_record import first_metrics, run_tags

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..usecase.evaluated import ChampionStatus, EvaluatedModel
    from ..usecase.explained import Explained
    from ..usecase.protocol import Candidate, Metric, Prepared, TrainingData, UseCase
    from ..usecase.resolve import Resolved
    from .gate import Decision

    Hold = Callable[[Decision, ChampionStatus], str | None]

STEPS = ("read", "check", "split", "baseline", "fit", "evaluate", "gate", "explain", "register", "bundle")


@dataclass(frozen=True)
class Trained:
    """What a training run found and did. `seconds` is step to seconds; `notes` are what the reader should know.

    `digests` are those of the models before a word about the run was added, by key: the same model has the same one,
    whatever the gate made of it. `explained` are the figures of what the registered one looks at.
    """

    prepared: Prepared
    models: tuple[EvaluatedModel, ...]
    decision: Decision
    published: Published
    notes: tuple[str, ...]
    seconds: dict[str, float]
    digests: dict[str, str]
    explained: dict[str, Any]


def train(config: RunConfig, steps: Steps, hold: Hold | None = None) -> Trained:
    """Run the whole pipeline. Raises InputError where data, contract or settings are wrong; nothing is written then.

    `hold` may say why one that the gate lets through is published, but not promoted.
    """
    case = registry.of(config)
    library_parameters.check(config.model)  # a wrong name costs not even the reading of rows
    with RunContext(config) as run:
        resolved = _read(config, steps)
        checked = case.preparation.check(config, resolved, steps)
        prepared = case.preparation.split(config, checked, steps)
        metric = case.metrics.metric(config.gate.metric, prepared.contract.task)  # a wrong name costs no fit
        run.open(run_tags(config, prepared, run.origin), first_metrics(metric.name, case, prepared))
        training = case.preparation.training(config, prepared)
        baselines = _baseline(config, case, training, steps)
        candidate = _fit(config, case, training, steps)
        models, status = _evaluate(config, case, run, prepared, baselines, candidate, steps)
        digests = {model.key: model.digest() for model in models if model.kind != "champion"}
        decision = _gate(config, metric, prepared, models, status, steps)
        held = hold(decision, status) if hold and decision.promoted is not None else None
        said = case.evaluation.notes(config, prepared, decision.registered)
        notes = (*prepared.notes, *candidate.notes, *said, *run.mended, *([status.note] if status.note else []))
        explained = _explain(config, case, training, prepared, decision.registered, metric, steps)
        judged = Judged(config, case, prepared, models, status, decision, notes, explained)
        version = register(run, judged, steps)
        published = publish(run, judged, version, held, steps)
    told = (*notes, *run.tracker.swept)
    return Trained(prepared, models, decision, published, told, steps.seconds, digests, explained.figures)


def _read(config: RunConfig, steps: Steps) -> Resolved:
    """Read the rows, and the contract or a proposal for one."""
    from ..usecase.resolve import resolve

    with steps("read") as step:
        resolved = resolve(config)
        step.message = f"{len(resolved.frame):,} rows x {resolved.frame.shape[1]} columns from {config.data.path}"
    return resolved


def _baseline(config: RunConfig, case: UseCase, training: TrainingData, steps: Steps) -> Sequence[Candidate]:
    """Fit the numbers to beat."""
    with steps("baseline") as step:
        found = case.baseline.fit(training, config.baseline)
        step.message = ", ".join(model.name for model in found)
    return found


def _fit(config: RunConfig, case: UseCase, training: TrainingData, steps: Steps) -> Candidate:
    """Fit the candidate that `model=` chose."""
    with steps("fit") as step:
        candidate = case.models.fit(training, config.model)
        step.message = f"{candidate.name} on {training.message}, {training.threads} threads"
    return candidate


def _evaluate(
    config: RunConfig,
    case: UseCase,
    run: RunContext,
    prepared: Prepared,
    baselines: Sequence[Candidate],
    candidate: Candidate,
    steps: Steps,
) -> tuple[tuple[EvaluatedModel, ...], ChampionStatus]:
    """Judge every model, and the champion, on the same cases."""
    with steps("evaluate") as step:
        models, status = case.evaluation.judge(config, run, prepared, baselines, candidate)
        step.message = f"{len(prepared.truth):,} {prepared.unit} through {len(models)} models"
    return models, status


def _gate(
    config: RunConfig,
    metric: Metric,
    prepared: Prepared,
    models: tuple[EvaluatedModel, ...],
    status: ChampionStatus,
    steps: Steps,
) -> Decision:
    """Decide who serves."""
    with steps("gate") as step:
        stays = status.version if status.rival else None
        decision = gate.decide(metric, config.gate, config.seed, prepared.truth, models, stays, prepared.folds)
        if status.version is not None and status.broken is not None:
            decision = gate.held(decision, status.version, status.broken)
        step.message = (
            f"{metric.name}, {config.gate.resamples:,} paired resamples of {len(prepared.truth):,} {prepared.unit}"
        )
    return decision


def _explain(
    config: RunConfig,
    case: UseCase,
    training: TrainingData,
    prepared: Prepared,
    chosen: EvaluatedModel,
    metric: Metric,
    steps: Steps,
) -> Explained:
    """Look into the model that becomes a version."""
    with steps("explain") as step:
        explained = case.explanation.explain(config, training, prepared, chosen, metric)
        step.message = explained.message
    return explained
