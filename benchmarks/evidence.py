"""How often the gate promotes on pure noise, and how often it finds a signal that is there: 100 seeds of each.

    python benchmarks/evidence.py [--seeds 100] [--rows 400] [--model auto]

Every seed makes a table of its own (ten inputs, of which two carry the signal, if there is one), draws the folds, fits
the baselines and the model with the settings that a project starts with, and lets the gate decide as a first training
does. "Found" is counted among the seeds in which a plain paired test (Student's t of the rows' squared errors; for
classes of their logarithmic losses; 5 %, two-sided) tells the model from the constant. Writes the section Evidence of
benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
import yaml
from mlgen_runtime import contract as contracts
from mlgen_runtime.config.schema import convert
from mlgen_runtime.config.settings import GateSettings
from mlgen_runtime.rows import metrics, split
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.settings import SplitSettings, TargetSettings
from mlgen_runtime.rows.training import Training
from mlgen_runtime.tabular import baseline, model
from mlgen_runtime.tabular.settings import BaselineSettings, TrainSettings
from mlgen_runtime.training import gate
from mlgen_runtime.usecase.evaluated import EvaluatedModel

CONF = Path(__file__).resolve().parent.parent / "template"
#: How strong the signal is: its standard deviation, where that of the noise is 1.
SIGNAL = 0.6


def main() -> None:
    """Count, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--model", default="auto")
    given = parser.parse_args()
    lines = []
    for task in ("regression", "binary"):
        kept, told, found, shown, seconds = 0, 0, 0, 0, []
        for seed in range(given.seeds):
            started = time.perf_counter()
            decision, _ = _decided(given.model, task, given.rows, seed, 0.0)
            kept += decision.promoted is not None and decision.promoted.name in ("mean", "majority")
            seconds.append(time.perf_counter() - started)
            decision, plain = _decided(given.model, task, given.rows, seed, SIGNAL)
            promoted = decision.promoted is not None and decision.promoted.name not in ("mean", "majority")
            told, shown, found = told + plain, shown + promoted, found + (plain and promoted)
        lines.append(
            f"| {task} | {kept} of {given.seeds} (goal ≥ 95 %) | {told} of {given.seeds} | "
            f"{found} of {told} (goal ≥ 90 %) | {shown} of {given.seeds} | {np.median(seconds):.1f} |"
        )
        print(lines[-1], file=sys.stderr)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    results.write(
        "Evidence",
        f"`python benchmarks/evidence.py`: {given.rows} rows x 10 inputs, `model={given.model}`, first promotions; the "
        f"signal's deviation is {SIGNAL} of the noise's. {platform.system()} {machine}, "
        f"Python {platform.python_version()}.\n\n"
        "| task | noise: the constant stays | signal: a plain paired test tells it | of these, promoted | promoted in "
        "all | seconds a seed |\n|---|---|---|---|---|---|\n" + "\n".join(lines),
    )


def _decided(name: str, task: str, rows: int, seed: int, signal: float) -> tuple[gate.Decision, bool]:
    """The decision of a first training on a made table, and whether a plain paired test tells model and constant."""
    training = _training(task, rows, seed, signal)
    fitted = [*baseline.fit(training, _settings(BaselineSettings, "baseline/linear")), _fit(name, training)]
    index = np.concatenate([part.held for part in training.parts])
    truth = training.target[index]
    entrants = []
    for at, made in enumerate(fitted):
        answers = made.held_out
        assert answers is not None
        scores = answers if training.classes else answers[:, 0]
        figures = metrics.score(task, truth, scores, training.contract.labels)
        kind = "candidate" if at == len(fitted) - 1 else "baseline"
        entrants.append(EvaluatedModel(kind, made.name, Path(), None, scores, {}, figures, None, 0.0, made))
    decision = gate.decide(
        training.metric,
        _settings(GateSettings, "gate/default", "rows"),
        seed,
        truth,
        entrants,
        folds=len(training.parts),
    )
    return decision, _told(truth, entrants[0].scores, entrants[-1].scores)


def _told(truth: Any, constant: Any, scores: Any) -> bool:
    """Whether Student's paired t tells the rows' losses apart, the model's being the smaller ones."""
    from scipy import stats

    def losses(found: Any) -> Any:
        return (found - truth) ** 2 if found.ndim == 1 else -np.log(found[np.arange(len(truth)), truth])

    test = stats.ttest_rel(losses(constant), losses(scores))
    return bool(test.pvalue < 0.05 and test.statistic > 0)


def _training(task: str, rows: int, seed: int, signal: float) -> Training:
    """A made table as a first training would get it."""
    random = np.random.default_rng(seed)
    inputs = random.normal(size=(rows, 10))
    shape = inputs[:, 0] + np.sin(2 * inputs[:, 1])
    values = signal * shape / shape.std() + random.normal(size=rows)
    frame = pd.DataFrame(inputs, columns=[f"input_{number}" for number in range(10)])
    frame["answer"] = values if task == "regression" else np.where(values > 0, "yes", "no")
    found = infer(frame, target="answer", task=task)
    typed = contracts.conform(frame, found)
    asked = _settings(SplitSettings, "split/auto", "rows")
    train = _settings(TrainSettings, "train/default")
    drawn = split.split(typed, found, found.task, asked, seed, refit=True)
    return Training(
        frame=typed,
        contract=found,
        target=contracts.truth(typed, found),
        weight=None,
        group=None,
        time=None,
        settings=train,
        learnt=_settings(TargetSettings, "target/default", "rows"),
        seed=seed,
        threads=os.cpu_count() or 1,
        coverage=0.9,
        parts=drawn.parts,
        metric=metrics.main(task),
    )


def _fit(name: str, training: Training) -> Any:
    cls, fit = model.MODELS[name]
    return fit(training, convert(cls, _composed(f"model/{name}"), "model", lambda key: "conf/model"))


def _composed(page: str, layer: str = "tabular") -> dict[str, Any]:
    """A page of conf/ with the pages that it starts from."""
    folder = CONF / f"{{{{{layer}}}}}" / "conf"
    entries = yaml.safe_load((folder / f"{page}.yaml").read_text("utf8"))
    found: dict[str, Any] = {}
    for base in entries.pop("defaults", []):
        name, _, place = str(base).partition("@")
        if name != "_self_":
            below = _composed(f"{page.partition('/')[0]}/{name}", layer)
            found |= {place: below} if place else below
    for key, value in entries.items():
        found[key] = {**found[key], **value} if isinstance(found.get(key), dict) and key != "extra" else value
    return found


def _settings(cls: Any, page: str, layer: str = "tabular") -> Any:
    return convert(cls, _composed(page, layer), page.partition("/")[0], lambda key: "conf")


if __name__ == "__main__":
    main()
