"""The training pipeline, one call per line: read, check, split, baseline, fit, evaluate, gate, register, bundle.

The use case supplies `data`, `baseline`, `model` and `metrics`; everything here holds for any of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import bundle, evaluate, gate, predictor, publication, quota, seen
from .publication import Published
from .steps import Steps
from .workshop import Workshop

if TYPE_CHECKING:
    from .config import RunConfig
    from .contract.schema import Contract
    from .evaluate import Entrant, Reign
    from .gate import Decision
    from .model.training import Candidate, Training
    from .rows import Rows

STEPS = ("read", "check", "split", "baseline", "fit", "evaluate", "gate", "register", "bundle")
#: Test rows (they are in random order, or the earliest) on which the bundle's model is compared with the fitted one,
#: unless `bundle.parity=all` asks for every row there is.
PROBED = 20_000


@dataclass(frozen=True)
class Trained:
    """What a training run found and did. `seconds` is step to seconds; `notes` are what the reader should know."""

    rows: Rows
    entrants: tuple[Entrant, ...]
    decision: Decision
    published: Published
    notes: tuple[str, ...]
    seconds: dict[str, float]


def train(config: RunConfig, steps: Steps) -> Trained:
    """Run the whole pipeline. Raises InputError where data, contract or settings are wrong; nothing is written then."""
    from . import rows as preparing

    with Workshop(config) as shop:
        settled = preparing.read(config, steps)
        checked = preparing.check(config, settled, steps)
        rows = preparing.split(config, checked, steps)
        shop.open(publication.tags(config, rows))
        training = _training(config, rows)
        baselines = _baseline(config, training, steps)
        candidate = _fit(config, training, steps)
        entrants, reign = _evaluate(config, shop, rows, baselines, candidate, steps)
        decision = _gate(config, rows, entrants, reign, steps)
        draft = publication.Draft(config, rows, entrants, reign, decision, (*rows.notes, *shop.settled))
        registered = publication.register(shop, draft, steps)
        published = publication.publish(shop, draft, registered, steps)
    return Trained(rows, entrants, decision, published, (*draft.known, *shop.tracker.swept), steps.seconds)


def _training(config: RunConfig, rows: Rows) -> Training:
    """Hand the training rows over to the use case."""
    from .model.training import Training

    frame = rows.frame.iloc[rows.parts.train].reset_index(drop=True)
    return Training(
        frame=frame,
        contract=rows.contract,
        target=rows.truth[rows.parts.train],
        weight=_only(frame, rows.contract, "weight"),
        group=_only(frame, rows.contract, "group"),
        time=_only(frame, rows.contract, "time") if rows.parts.method == "time" else None,
        settings=config.train,
        seed=config.seed,
        threads=quota.threads(config.train.threads),
        coverage=config.bundle.coverage,
    )


def _only(frame: Any, contract: Contract, role: str) -> Any:
    """The values [n] of the column with a role, or None where the contract has none."""
    found = contract.with_role(role)
    return frame[found[0].name].to_numpy() if found and found[0].name in frame else None


def _baseline(config: RunConfig, training: Training, steps: Steps) -> list[Candidate]:
    """Fit the numbers to beat."""
    from . import baseline

    with steps("baseline") as step:
        found = baseline.fit(training, config.baseline)
        step.says = ", ".join(model.name for model in found)
    return found


def _fit(config: RunConfig, training: Training, steps: Steps) -> Candidate:
    """Fit the candidate that `model=` chose."""
    from . import model

    with steps("fit") as step:
        candidate = model.fit(training, config.model)
        step.says = f"{candidate.name} on {len(training.target):,} rows, {training.threads} threads"
    return candidate


def _evaluate(
    config: RunConfig, shop: Workshop, rows: Rows, baselines: list[Candidate], candidate: Candidate, steps: Steps
) -> tuple[tuple[Entrant, ...], Reign]:
    """Write every model's bundle, load it as a server would, and score the test rows through it; the champion too."""
    with steps("evaluate") as step:
        kinds = [("baseline", model) for model in baselines] + [("candidate", candidate)]
        entrants = [_entrant(config, shop, rows, kind, model) for kind, model in kinds]
        reign = evaluate.reigning(shop.store, rows.contract, quota.threads(config.train.threads))
        if reign.served is not None:
            fair = seen.unseen(shop.store, str(reign.version), rows.test, rows.contract)
            reign, champion = evaluate.defend(reign, rows.test, rows.test_truth, fair)
            entrants += [champion] if champion else []
        step.says = f"{len(rows.test):,} test rows through {len(entrants)} bundles"
    return tuple(entrants), reign


def _entrant(config: RunConfig, shop: Workshop, rows: Rows, kind: str, model: Candidate) -> Entrant:
    """Stage one model's bundle and score it."""
    folder = shop.stage()
    probed = rows.frame if config.bundle.parity == "all" else rows.test.iloc[:PROBED]
    parity = model.write(folder, probed, config.bundle.onnx_tolerance)
    bundle.write_json(folder, "contract.json", rows.contract.to_dict())
    bundle.seal(folder)
    served = predictor.load(folder, quota.threads(config.train.threads), version=kind)
    scored = evaluate.score(kind, model.name, served, rows.test, rows.test_truth)
    return dataclasses.replace(scored, model=model, parity=parity)


def _gate(config: RunConfig, rows: Rows, entrants: tuple[Entrant, ...], reign: Reign, steps: Steps) -> Decision:
    """Decide who serves."""
    from . import metrics

    with steps("gate") as step:
        metric = metrics.metric(config.gate.metric, rows.contract.task)
        stays = reign.version if reign.rival else None
        decision = gate.decide(metric, config.gate, config.seed, rows.test_truth, entrants, stays)
        step.says = f"{metric.name}, {config.gate.resamples:,} paired resamples of {len(rows.test):,} rows"
    return decision
