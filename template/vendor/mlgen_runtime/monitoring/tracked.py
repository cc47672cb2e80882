"""The figures of a run's windows in MLflow: one run of an experiment beside that of the training, a step a window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import InputError
from .settings import written

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..config.settings import TrackingSettings
    from .measure import Measure
    from .window import Window

#: MLflow's limit for one request.
MOST = 1000


def keep(settings: TrackingSettings, root: Path, windows: Sequence[Window], fired: str) -> list[str]:
    """Log the windows of a run, and in words what `fired` in them. MLflow away is a note and no failure: it is
    returned."""
    from ..training import tracking
    from ..training.mlflow_connection import connect, knock, located, reached

    uri = located(settings.uri, root)
    try:
        knock(uri)
        client = connect(uri)
        with reached(uri):
            _log(client, tracking.experiment(client, f"{settings.experiment}-monitor", uri), windows, fired)
    except InputError as error:
        return [f"the figures are not in MLflow: {error}"]
    return []


def _log(client: MlflowClient, experiment: str, windows: Sequence[Window], fired: str) -> None:
    from mlflow.entities import Metric, RunTag

    newest = windows[-1]
    figures = [
        Metric(_name(figure, window.deployment), float(figure.value), int(window.end * 1000), step)
        for step, whole in enumerate(windows)
        for window in (whole, *whole.apart)
        for figure in window.measures
        if figure.value is not None
    ]
    tags = {
        "stream": newest.stream,
        "window": newest.id,
        "windows": len(windows),
        "end": written(newest.end),
        "rows": sum(window.rows for window in windows),
        "model_version": newest.model_version,
        "fired": fired[:5000],
    }
    run = client.create_run(experiment, run_name=f"{newest.stream} {newest.id}"[:250]).info.run_id
    client.log_batch(run, tags=[RunTag(name, str(value)) for name, value in tags.items()])
    for start in range(0, len(figures), MOST):
        client.log_batch(run, metrics=figures[start : start + MOST])
    client.set_terminated(run, "FINISHED")


def _name(figure: Measure, deployment: str) -> str:
    """A name that MLflow takes, such as rest/input_drift/age."""
    whole = "/".join(filter(None, (deployment, figure.metric, figure.subject)))
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in whole)[:250]
