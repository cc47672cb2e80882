"""MLflow: the run, its parameters, metrics and files, the registered version, the aliases.

`train` has a `Tracker` run in a process of its own (`tracking_process`). What a killed training left half done carries
its process's mark, and the next run on the same machine ends it: a run still RUNNING becomes KILLED, a version without
a bundle is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import process
from ..core.errors import InputError
from . import experiment_page, native_model
from .mlflow_connection import connect, knock, located, reached

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from ..config.settings import TrackingSettings

CHAMPION, CHALLENGER = "champion", "challenger"
#: Tags of our own on runs and versions: the process that made them, the store that holds the bundle.
PROCESS, STORE = "process", "bundle_store"
#: The text that MLflow shows as the description of a run.
NOTE = "mlflow.note.content"


@dataclass(frozen=True)
class Dataset:
    """The data of a run as MLflow shows it. `types` is column to type, `digest` the data's fingerprint; `version` is
    None where it has none.
    """

    name: str
    source: str
    digest: str
    version: str | None
    rows: int
    types: Mapping[str, str]


class Tracker:
    """One run in MLflow, which its `page` shows; `open` comes first. Methods raise InputError where MLflow is away.

    `mark` names the process that trains (`core.process.name`): a run is dead when that is gone. `store` is that of the
    bundles.
    """

    def __init__(self, settings: TrackingSettings, root: Path, store: str, mark: str) -> None:
        self.settings = settings
        self.uri = located(settings.uri, root)
        self.store = store
        self.mark = mark
        self.run_id = self.page = ""
        self._experiment = ""
        self._source: str | None = None
        self._made: list[str] = []
        self._client: MlflowClient | None = None

    @property
    def client(self) -> MlflowClient:
        """MLflow's own client."""
        assert self._client is not None, "open() comes first"
        return self._client

    def open(self, tags: Mapping[str, str], published: Sequence[str], metrics: Sequence[str] = ()) -> list[str]:
        """Connect, end what dead processes left, start a run with these tags. Returns what was ended, in words.

        `published` are the versions that have a bundle; `metrics` those that MLflow's pages begin with, the deciding
        one first.
        """
        self._client = client = connect(self.uri)
        name, marks = tags.get("mlflow.runName"), {tag: value for tag, value in tags.items() if tag != "mlflow.runName"}
        with reached(self.uri):
            place = self._experiment = experiment(client, self.settings.experiment, self.uri)
            experiment_page.begin_with(client, place, [key(metric) for metric in metrics])
            self.page = experiment_page.address(self.uri, place)
            swept = sweep(client, place, self.settings.model_name, self.store, published)
            self.run_id = client.create_run(place, tags={**marks, PROCESS: self.mark}, run_name=name).info.run_id
        return swept

    def log(self, params: Mapping[str, object], metrics: Mapping[str, float], dataset: Dataset, note: str = "") -> None:
        """Log parameters (as text of at most 6000 characters), finite metrics, the data set of the run, and what there
        is to say about it in words."""
        client = self.client
        from mlflow.entities import Dataset as Entity
        from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag

        now, version = _milliseconds(), dataset.version
        named = {key(name): value for name, value in metrics.items() if _finite(value)}
        texts = [Param(name, str(value)[:6000]) for name, value in {key(n): v for n, v in params.items()}.items()]
        figures = [Metric(name, float(value), now, 0) for name, value in named.items()]
        entity = Entity(
            name=dataset.name,
            digest=dataset.digest[:36],  # MLflow's limit; the tag holds all of it
            source_type="local",
            source=json.dumps({"uri": dataset.source} | ({"version": version} if version else {})),
            schema=json.dumps({"mlflow_colspec": [{"name": n, "type": t} for n, t in dataset.types.items()]}),
            profile=json.dumps({"num_rows": dataset.rows, "num_elements": dataset.rows * len(dataset.types)}),
        )
        with reached(self.uri):
            for start in range(0, len(texts), 100):  # the protocol's limits: 100 parameters, 1000 metrics at a time
                client.log_batch(self.run_id, params=texts[start : start + 100])
            for start in range(0, len(figures), 1000):
                client.log_batch(self.run_id, metrics=figures[start : start + 1000])
            marks = {"data.fingerprint": dataset.digest} | ({"data.version": version} if version else {})
            marks |= {NOTE: note} if note else {}
            client.log_batch(self.run_id, tags=[RunTag(name, text) for name, text in marks.items()])
            client.log_inputs(self.run_id, [DatasetInput(entity, [InputTag("mlflow.data.context", "training")])])

    def files(self, folder: Path, name: str | None = None) -> None:
        """Log all files of a folder as the run's artifacts, below `name`."""
        client = self.client
        with reached(self.uri):
            client.log_artifacts(self.run_id, str(folder), name)

    def model(self, library: str, path: Path, outputs: int) -> None:
        """Log a model from its library's own file: see `native_model.log`."""
        with reached(self.uri):
            self._source = native_model.log(library, path, self.run_id, self._experiment, outputs)

    def register(self, tags: Mapping[str, str], description: str) -> str:
        """Make a version of the registered model, from the logged model or the bundle, and return its number."""
        client = self.client
        from mlflow.exceptions import MlflowException

        marks = {**tags, PROCESS: self.mark, STORE: self.store}
        source = self._source or f"runs:/{self.run_id}/bundle"
        with reached(self.uri):
            try:
                client.create_registered_model(self.settings.model_name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            made = client.create_model_version(
                self.settings.model_name, source, self.run_id, tags=marks, description=description
            )
        self._made.append(str(made.version))
        return self._made[-1]

    def forget(self, version: str) -> None:
        """Delete a version that has no bundle."""
        with reached(self.uri):
            self.client.delete_model_version(self.settings.model_name, version)
        self._made.remove(version)

    def alias(self, champion: str | None, challenger: str | None) -> list[str]:
        """Point the aliases at versions; None leaves an alias alone. Returns what could not be, in words."""
        client = self.client
        model = self.settings.model_name
        with reached(self.uri):
            if challenger is not None:
                client.set_registered_model_alias(model, CHALLENGER, challenger)
            known = {str(version.version) for version in client.search_model_versions(f"name = '{model}'")}
            if champion is not None and champion in known:
                _align(client, model, champion)
            elif champion is not None:
                return [f"this MLflow does not know the champion (version {champion}), so no alias points at it"]
        return []

    def finish(self, status: str = "FINISHED", published: str | None = None) -> None:
        """End the run. One that is not FINISHED forgets the versions that it made, but for the `published` one."""
        for version in [] if status == "FINISHED" else [made for made in self._made if made != published]:
            self.forget(version)
        with reached(self.uri):
            self.client.set_terminated(self.run_id, status)


def follow(settings: TrackingSettings, root: Path, champion: str) -> None:
    """Point the alias champion at a version, and take the alias challenger from it. Raises InputError where MLflow is
    away, or does not know the version."""
    uri = located(settings.uri, root)
    knock(uri)
    client = connect(uri)
    with reached(uri):
        _align(client, settings.model_name, champion)


def sweep(client: MlflowClient, experiment: str, model: str, store: str, published: Sequence[str]) -> list[str]:
    """End the runs and delete the versions that dead processes of this machine left; return what was done, in words."""
    done = []
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        if process.is_gone(run.data.tags.get(PROCESS, "")):
            client.set_terminated(run.info.run_id, "KILLED")
            done.append(f"marked run {run.info.run_id} as KILLED, its process died")
    for version in client.search_model_versions(f"name = '{model}'"):
        ours = version.tags.get(STORE) == store and process.is_gone(version.tags.get(PROCESS, ""))
        if ours and str(version.version) not in published:
            client.delete_model_version(model, version.version)
            done.append(f"deleted version {version.version}, its process died before the bundle was published")
    return done


def _align(client: MlflowClient, model: str, champion: str) -> None:
    aliases = client.get_registered_model(model).aliases
    client.set_registered_model_alias(model, CHAMPION, champion)
    if str(aliases.get(CHALLENGER)) == champion:  # MLflow 3.17 gives numbers where it documents text
        client.delete_registered_model_alias(model, CHALLENGER)


def experiment(client: MlflowClient, name: str, uri: str) -> str:
    """Return the id of the experiment, made where it does not exist; SQLite's files lie beside the database. It is one
    of classical training, unless somebody has called it something else."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "deleted":
        if experiment_page.KIND not in found.tags:
            client.set_experiment_tag(found.experiment_id, experiment_page.KIND, experiment_page.CLASSICAL)
        return str(found.experiment_id)
    if found is not None:
        raise InputError(
            f"tracking.experiment: {name!r} was deleted in MLflow; restore it there, or choose another name"
        )
    beside = Path(uri.removeprefix("sqlite:///")).parent / "mlruns" if uri.startswith("sqlite:///") else None
    location = beside.as_uri() if beside else None
    tags = {experiment_page.KIND: experiment_page.CLASSICAL}
    return str(client.create_experiment(name, artifact_location=location, tags=tags))


def key(name: str) -> str:
    """A name that MLflow takes: letters, digits and `_-. /`; anything else becomes an underscore."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)[:250]


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")


def _milliseconds() -> int:
    import time

    return int(time.time() * 1000)
