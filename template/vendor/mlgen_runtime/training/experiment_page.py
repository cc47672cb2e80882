"""What MLflow's pages begin with: classical training instead of a chat application, and the figures that matter.

Without more to go by MLflow 3 opens an experiment as a GenAI application (traces, sessions, judges), with a table of
runs in which no metric is shown. The tags of an experiment say its kind and the metric that its charts begin with, and
hold views of the table that anybody can choose; the address that `train` prints opens the one that is written here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..core.jsonable import masked

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: Tags of an experiment that the pages read: its kind, the metric of its charts, and its saved views by their ids.
KIND, PRIMARY, VIEW = "mlflow.experimentKind", "mlflow.experiment.primaryMetric.name", "mlflow.sharedViewState."
#: The kind that is no chat application.
CLASSICAL = "custom_model_development"
#: The view of ours: its id, and its name in the list of views.
ID, NAME = "scorecard", "Scorecard"
#: Where `mlflow ui` answers, unless it is told otherwise.
LOCAL = "http://127.0.0.1:5000"


def begin_with(client: MlflowClient, experiment: str, metrics: Sequence[str]) -> None:
    """Have the pages of an experiment begin with some metrics, the deciding one first. A view of that name that shows
    them already is left as it is, with whatever else somebody has changed in it."""
    tags: Mapping[str, str] = client.get_experiment(experiment).tags
    if metrics and tags.get(PRIMARY) != metrics[0]:
        client.set_experiment_tag(experiment, PRIMARY, metrics[0])
    columns = [f"metrics.`{name}`" for name in metrics]
    if not all(column in tags.get(VIEW + ID, "") for column in columns):
        client.set_experiment_tag(experiment, VIEW + ID, _view(columns))


def address(uri: str, experiment: str) -> str:
    """The address of an experiment's runs: on the tracking server, or on `mlflow ui` where they are in a database; ""
    where neither shows them."""
    place = masked(uri).rstrip("/") if uri.startswith(("http://", "https://")) else LOCAL
    if "://" not in uri:
        return ""
    return f"{place}/#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={ID}"


def _view(columns: Sequence[str]) -> str:
    """A saved view of the table of runs as MLflow keeps it: its state is JSON in JSON."""
    now = int(time.time() * 1000)
    state = json.dumps({"selectedColumns": columns, "columnOrder": columns})
    return json.dumps({"name": NAME, "createdAt": now, "updatedAt": now, "state": state})
