"""Judge every model on the same rows, none of which the model that answers has seen.

Rows held apart (a test file, or one part without a refit) are scored by what will be served: every model's own bundle,
loaded by the predictor. Where the served model is fitted again on all rows, no row is left that could judge it; then
the answers that its fits gave to the rows they did not see are judged, and the bundle is held to its fitted model
(parity).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..bundle.reference import summarise
from ..core import cpu_quota as quota
from ..core import extensions, moments
from ..core.figures import figure
from ..usecase.evaluated import ChampionStatus, EvaluatedModel, Latency, champion_status, timed
from ..usecase.loading import describe, load
from . import class_figures as described
from . import imbalance, moment, row_hashes, target, weights

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Column, Contract
    from ..usecase.protocol import Staging
    from .decision.decided import Scores
    from .preparation import Prepared
    from .settings import RowsConfig
    from .training import Candidate

#: Single rows timed per model.
ROWS = 300
#: Test rows (they are in random order, or the earliest) on which the bundle's model is compared with the fitted one,
#: unless `bundle.parity=all` asks for every row there is.
PROBED = 20_000
#: Answers that were kept have been rounded once.
DECIMALS = 12


def judge(
    config: RowsConfig, staging: Staging, prepared: Prepared, baselines: Sequence[Candidate], candidate: Candidate
) -> tuple[tuple[EvaluatedModel, ...], ChampionStatus]:
    """Write every model's bundle, load it as a server would, and score the test rows through it; the champion too."""
    from .decision import answers

    kinds = [("baseline", model) for model in baselines] + [("candidate", candidate)]
    found = [_evaluated(config, staging, prepared, kind, model) for kind, model in kinds]
    status = champion_status(config, staging.store, prepared.contract, quota.threads(config.train.threads))
    if status.served is not None:
        known = row_hashes.known(staging.store, str(status.version), prepared.test, prepared.contract)
        status, champion = defend(config, status, prepared, known)
        found += [champion] if champion else []
        said = answers.unmoved(config.decision, config.gate.metric, prepared.contract, str(status.version))
        if champion is not None and said is not None:
            status = dataclasses.replace(status, note=f"{status.note}; {said}" if status.note else said)
    return tuple(found), status


def remember(staging: Staging, version: str, prepared: Prepared, chosen: EvaluatedModel) -> None:
    """Keep beside the bundle what a later comparison needs: the marks of the rows that trained it, and what its fits
    answered to those that they had not seen."""
    from .decision.decided import probabilities

    rows = prepared.frame.iloc[prepared.parts.train]
    row_hashes.record(staging.store, version, rows, prepared.contract)
    if not prepared.parts.held_apart:
        row_hashes.record_answers(
            staging.store, version, prepared.test, prepared.contract, probabilities(chosen.scores)
        )


def reference(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, Any]:
    """The reference that travels in the bundle: how the training rows and the predictions looked."""
    rows = prepared.frame.iloc[prepared.parts.train]
    return summarise(rows, prepared.contract, chosen.outputs, derived(prepared, chosen, rows))


def derived(prepared: Prepared, chosen: EvaluatedModel, frame: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """The features [n] that a model derives from conformed rows [n], by name."""
    if not prepared.contract.features:
        return {}
    return load(chosen.folder).derived(rows(frame, prepared.contract), prepared.now)


def facts(config: RowsConfig, prepared: Prepared, chosen: EvaluatedModel) -> dict[str, str]:
    """What the model card shows in large figures, label to value."""
    latency = chosen.latency
    found = {
        "test rows": f"{len(prepared.test):,}",
        **described.facts(chosen, prepared.contract),
        "one row, p99": f"{figure(latency.p99_ms, 2)} ms" if latency else "unknown",
        f"bundle ({chosen.parity.format if chosen.parity else 'unknown'})": f"{figure(chosen.megabytes, 2)} MB",
    }
    if prepared.contract.is_amount:
        found |= target.facts(config.target)
    bulk = chosen.parity.bulk if chosen.parity else None
    if bulk is not None and bulk.rate is not None:
        found[f"rows a second and thread, in bulk ({bulk.engine})"] = f"{bulk.rate:,}"
    if "coverage" in chosen.metrics:
        found[f"of outcomes in the {config.bundle.coverage:.0%} interval"] = f"{chosen.metrics['coverage']:.1%}"
    return found


def tables(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, list[dict[str, str]]]:
    """What the model card shows as tables, heading to rows: precision, recall and F1 of each class."""
    return described.tables(chosen, prepared.contract)


def details(prepared: Prepared, chosen: EvaluatedModel) -> dict[str, Any]:
    """Figures of parts of the test rows, for the report: those of each class, and of the decision between two."""
    return described.details(chosen, prepared.contract, prepared.truth)


def rule(prepared: Prepared, chosen: EvaluatedModel) -> str | None:
    """How the answer follows from what the model computes, in a sentence: which class is looked for, from which
    probability on it is predicted."""
    from .decision.decided import served

    found = served(chosen.scores)
    return None if found is None else found.sentence(prepared.contract)


def notes(config: RowsConfig, prepared: Prepared, chosen: EvaluatedModel) -> list[str]:
    """What the reader should know of the model that becomes a version: how it decides, classes that it does not
    recognise, amounts that lean to one side, and what a baseline has to say."""
    said = rule(prepared, chosen)
    weighted = config.train.class_weight != "none"
    found = imbalance.note(prepared.contract, prepared.truth, chosen, weighted=weighted)
    own = chosen.model.notes if chosen.kind == "baseline" and chosen.model is not None else ()
    truth = prepared.truth
    leaning = target.leaning(config.target, chosen.metrics, float(truth.mean()), len(truth))
    told = (None if said is None else f"{said}.", found, leaning)
    return [*(note for note in told if note is not None), *own]


def _evaluated(config: RowsConfig, staging: Staging, prepared: Prepared, kind: str, model: Candidate) -> EvaluatedModel:
    """Stage one model's bundle and score it."""
    from .decision import answers

    folder = staging.stage()
    probed = prepared.frame if config.bundle.parity == "all" else prepared.test.iloc[:PROBED]
    parity = model.write(folder, probed, config.bundle.onnx_tolerance)
    if config.explanation.served:
        model.explain(folder, probed)
    bundle.write_json(folder, "contract.json", prepared.contract.to_dict())
    describe(folder, config, extensions.needed(feature.function for feature in prepared.contract.features))
    bundle.seal(folder)
    served = load(folder, quota.threads(config.train.threads), version=kind)
    if model.held_out is None:
        found = served.predict(rows(prepared.test, served.contract), **moment.option(prepared.frame, served.contract))
    else:
        found = _outputs(served.contract, model.held_out, model.decimals)
    scores, outputs = answers.settled(config.decision, served, found, prepared.truth, _fold(config, prepared))
    bundle.seal(folder)  # with the threshold that its answers have chosen
    scored = score(kind, model.name, served, prepared.test, prepared.truth, outputs, scores, config.gate.metric)
    return dataclasses.replace(scored, model=model, parity=parity)


def _fold(config: RowsConfig, prepared: Prepared) -> np.ndarray:
    """Which test rows [n] were held out together; where all of them were, parts of them drawn by the seed."""
    from .decision import threshold

    parts = prepared.parts
    return parts.fold if len(parts.parts) > 1 else threshold.dealt(prepared.truth, config.seed)


def _outputs(contract: Contract, answers: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
    """Answers [n, width] as the predictor would give them: by name, and rounded."""
    import numpy as np

    rounded = np.rint(answers * 10.0**decimals) / 10.0**decimals + 0.0
    if not contract.labels:
        names = ("prediction", "prediction_low", "prediction_high")
        return dict(zip(names, rounded.T, strict=False))
    labels = np.array(contract.label_values, dtype=object)
    named = {f"probability_{label}": rounded[:, at] for at, label in enumerate(contract.labels)}
    return {"prediction": labels[answers.argmax(axis=1)], **named}


def score(
    kind: str,
    name: str,
    served: Predictor,
    frame: pd.DataFrame,
    truth: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    scores: Scores,
    decides: str | None = None,
) -> EvaluatedModel:
    """The figures of a loaded bundle on conformed test rows; `truth` is [n] values, or codes into its labels.

    `outputs` are the answers by the predictor's names: its own, or those of fits that did not see the rows; `scores`
    are what metrics take of them. `decides` names a metric that must be among the figures.
    """
    import numpy as np

    from . import metrics

    contract = served.contract
    columns = rows(frame, contract)
    figures = metrics.score(contract.task, truth, scores, contract.labels, decides)
    if (weight := weights.column(frame, contract)) is not None:
        decisive = metrics.metric(decides, contract.task)
        figures[f"weighted_{decisive.name}"] = decisive.value(truth, scores, weight)
    if "prediction_low" in outputs:
        inside = (outputs["prediction_low"] <= truth) & (truth <= outputs["prediction_high"])
        figures = {**figures, "coverage": float(np.mean(inside))}
    if contract.is_amount:
        figures["mean_error"] = float(np.mean(np.asarray(outputs["prediction"], dtype="float64") - truth))
    return EvaluatedModel(
        kind=kind,
        name=name,
        folder=served.folder,
        version=served.version if kind == "champion" else None,
        scores=scores,
        outputs=outputs,
        metrics=figures,
        latency=latency(served, columns),
        megabytes=bundle.size(served.folder) / 1e6,
    )


def defend(
    config: RowsConfig, status: ChampionStatus, prepared: Prepared, known: row_hashes.Known
) -> tuple[ChampionStatus, EvaluatedModel | None]:
    """Score the champion, if it can be compared, on the test rows [n] by answers of fits that did not see them.

    Rows that it was not trained on are answered by itself; the others by what was kept of its own evaluation. Where too
    few are left, the champion is not compared, and the note says so.
    """
    import numpy as np

    from .decision import answers

    if status.served is None:
        return status, None
    count, fair = len(known.fair), known.fair
    lost = count - int(fair.sum())
    if count - lost < min(row_hashes.ENOUGH, count):
        note = (
            f"the champion (version {status.version}) was trained on {lost:,} of the {count:,} test rows, so it cannot "
            "be compared and the candidate faces the baseline alone"
        )
        return dataclasses.replace(status, served=None, note=note), None
    name = str(status.served.card.get("model", "champion"))
    served, frame, truth = status.served, prepared.test, prepared.truth
    now = moment.option(prepared.frame, served.contract)
    outputs = {key: values.copy() for key, values in served.predict(rows(frame, served.contract), **now).items()}
    at = np.flatnonzero(known.kept)
    if len(at):
        kept = _outputs(served.contract, known.answers[at], DECIMALS)
        for key in outputs.keys() & kept.keys():
            outputs[key][at] = kept[key]
        outputs = {key: values for key, values in outputs.items() if key in kept}
    fold = np.where(known.kept, _fold(config, prepared), answers.NEW)
    chosen = {key: values[fair] for key, values in outputs.items()}
    scores = answers.standing(config.decision, served, chosen, truth[fair], fold[fair])
    champion = score("champion", name, served, frame[fair], truth[fair], chosen, scores, config.gate.metric)
    if not lost:
        return status, champion
    note = (
        f"the champion (version {status.version}) was trained on {lost:,} of the {count:,} test rows; "
        f"the two are compared on the other {count - lost:,}"
    )
    return dataclasses.replace(status, note=note), dataclasses.replace(champion, fair=fair)


def latency(served: Predictor, columns: Mapping[str, Any]) -> Latency:
    """Measure the time of one row at a time through the predictor, with values as a server would hand them over."""
    count = min(ROWS, len(next(iter(columns.values()))))
    held = {column.name: column for column in served.contract.inputs}
    plain = {name: _plain(values[:count], held[name]) for name, values in columns.items()}
    records = [{name: values[row : row + 1] for name, values in plain.items()} for row in range(count)]
    return timed([functools.partial(served.predict, record) for record in records])


def rows(frame: pd.DataFrame, contract: Contract) -> dict[str, np.ndarray]:
    """Return the inputs of conformed rows as the predictor takes them: name to values [n]."""
    return {column.name: frame[column.name].to_numpy() for column in contract.inputs}


def _plain(values: np.ndarray, column: Column) -> list[Any]:
    """The values as JSON would hold them: numbers, text or None."""
    if values.dtype.kind == "M":
        return list(moments.formatted(values, column.format, column.zone))
    return [None if value != value else value for value in values.tolist()]  # only NaN differs from itself
