"""The training pipeline, one call per line: read, check, split, baseline, fit, evaluate, gate, register, bundle.

The use case supplies `preparation`, `baseline`, `model`, `evaluate` and `metrics`; what is here holds for any of them.
What `preparation.training` hands over is the use case's own: it says how much it is, and how many threads it may use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import gate, publication
from .publication import Published
from .steps import Steps
from .workshop import Workshop

if TYPE_CHECKING:
    from .config import RunConfig
    from .contract import Settled
    from .entrants import Entrant, Reign
    from .gate import Decision
    from .model import Candidate
    from .preparation import Prepared

    Hold = Callable[[Decision, Reign], str | None]

STEPS = ("read", "check", "split", "baseline", "fit", "evaluate", "gate", "register", "bundle")


@dataclass(frozen=True)
class Trained:
    """What a training run found and did. `seconds` is step to seconds; `notes` are what the reader should know.

    `digests` are those of the models before a word about the run was added, by key: the same model has the same one,
    whatever the gate made of it.
    """

    prepared: Prepared
    entrants: tuple[Entrant, ...]
    decision: Decision
    published: Published
    notes: tuple[str, ...]
    seconds: dict[str, float]
    digests: dict[str, str]


def train(config: RunConfig, steps: Steps, hold: Hold | None = None) -> Trained:
    """Run the whole pipeline. Raises InputError where data, contract or settings are wrong; nothing is written then.

    `hold` may say why one that the gate lets through is published, but not promoted.
    """
    from . import preparation

    with Workshop(config) as shop:
        settled = _read(config, steps)
        checked = preparation.check(config, settled, steps)
        prepared = preparation.split(config, checked, steps)
        shop.open(publication.tags(config, prepared))
        training = preparation.training(config, prepared)
        baselines = _baseline(config, training, steps)
        candidate = _fit(config, training, steps)
        entrants, reign = _evaluate(config, shop, prepared, baselines, candidate, steps)
        digests = {entrant.key: entrant.digest() for entrant in entrants if entrant.kind != "champion"}
        decision = _gate(config, prepared, entrants, reign, steps)
        held = hold(decision, reign) if hold and decision.promoted is not None else None
        draft = publication.Draft(
            config, prepared, entrants, reign, decision, (*prepared.notes, *candidate.notes, *shop.settled), held
        )
        registered = publication.register(shop, draft, steps)
        published = publication.publish(shop, draft, registered, steps)
    notes = (*draft.known, *shop.tracker.swept)
    return Trained(prepared, entrants, decision, published, notes, steps.seconds, digests)


def _read(config: RunConfig, steps: Steps) -> Settled:
    """Read the rows, and the contract or a proposal for one."""
    from . import contract

    with steps("read") as step:
        settled = contract.settle(config.data, config.contract, config.task, config.root)
        step.says = f"{len(settled.frame):,} rows x {settled.frame.shape[1]} columns from {config.data.path}"
    return settled


def _baseline(config: RunConfig, training: Any, steps: Steps) -> list[Candidate]:
    """Fit the numbers to beat."""
    from . import baseline

    with steps("baseline") as step:
        found = baseline.fit(training, config.baseline)
        step.says = ", ".join(model.name for model in found)
    return found


def _fit(config: RunConfig, training: Any, steps: Steps) -> Candidate:
    """Fit the candidate that `model=` chose."""
    from . import model

    with steps("fit") as step:
        candidate = model.fit(training, config.model)
        step.says = f"{candidate.name} on {training.says}, {training.threads} threads"
    return candidate


def _evaluate(
    config: RunConfig,
    shop: Workshop,
    prepared: Prepared,
    baselines: list[Candidate],
    candidate: Candidate,
    steps: Steps,
) -> tuple[tuple[Entrant, ...], Reign]:
    """Judge every model, and the champion, on the same cases."""
    from . import evaluate

    with steps("evaluate") as step:
        entrants, reign = evaluate.judge(config, shop, prepared, baselines, candidate)
        step.says = f"{len(prepared.truth):,} {prepared.unit} through {len(entrants)} models"
    return entrants, reign


def _gate(config: RunConfig, prepared: Prepared, entrants: tuple[Entrant, ...], reign: Reign, steps: Steps) -> Decision:
    """Decide who serves."""
    from . import metrics

    with steps("gate") as step:
        metric = metrics.metric(config.gate.metric, prepared.contract.task)
        stays = reign.version if reign.rival else None
        decision = gate.decide(metric, config.gate, config.seed, prepared.truth, entrants, stays)
        step.says = (
            f"{metric.name}, {config.gate.resamples:,} paired resamples of {len(prepared.truth):,} {prepared.unit}"
        )
    return decision
