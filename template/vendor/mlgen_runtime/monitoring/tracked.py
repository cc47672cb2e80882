"""The figures of a run's windows in MLflow: one run of an experiment beside that of the training, a step a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError
from .settings import written

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from .run import Seen

#: MLflow's limit for one request.
MOST = 1000


def keep(seen: Seen) -> list[str]:
    """Log the windows of this run. MLflow away is a note and no failure: it is returned."""
    from ..training import tracking
    from ..training.mlflow_connection import connect, knock, located, reached

    settings = seen.config.tracking
    uri = located(settings.uri, seen.config.root)
    try:
        knock(uri)
        client = connect(uri)
        with reached(uri):
            _log(client, tracking.experiment(client, f"{settings.experiment}-monitor", uri), seen)
    except InputError as error:
        return [f"the figures are not in MLflow: {error}"]
    return []


def _log(client: MlflowClient, experiment: str, seen: Seen) -> None:
    from mlflow.entities import Metric, RunTag

    newest = seen.windows[-1]
    figures = [
        Metric(_name(figure.metric, figure.subject), float(figure.value), int(window.end * 1000), step)
        for step, window in enumerate(seen.windows)
        for figure in window.measures
        if figure.value is not None
    ]
    said = {
        "stream": newest.stream,
        "window": newest.id,
        "windows": len(seen.windows),
        "end": written(newest.end),
        "rows": sum(window.rows for window in seen.windows),
        "model_version": newest.model_version,
        "fired": ", ".join(event.words for event in seen.events if event.kind == "fired")[:5000],
    }
    run = client.create_run(experiment, run_name=f"{newest.stream} {newest.id}"[:250]).info.run_id
    client.log_batch(run, tags=[RunTag(name, str(value)) for name, value in said.items()])
    for start in range(0, len(figures), MOST):
        client.log_batch(run, metrics=figures[start : start + MOST])
    client.set_terminated(run, "FINISHED")


def _name(metric: str, subject: str) -> str:
    """A name that MLflow takes."""
    whole = f"{metric}/{subject}" if subject else metric
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in whole)[:250]
