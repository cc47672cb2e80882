"""The way to MLflow: which server or database a tracking URI means, whether it answers, one error for all faults."""

from __future__ import annotations

import contextlib
import os
import socket
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import disk, process
from ..core.errors import InputError
from ..core.jsonable import masked

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: A request to a tracking server is given up after this many seconds and tries (MLflow's own defaults take minutes).
_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "20", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
_VARIABLE = "MLFLOW_TRACKING_URI"
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def located(uri: str, root: Path) -> str:
    """Return the URI with a relative SQLite file placed in the project's root, wherever the command was started."""
    prefix = "sqlite:///"
    if uri.startswith(prefix) and not Path(uri.removeprefix(prefix)).is_absolute() and ":memory:" not in uri:
        return prefix + (root.resolve() / uri.removeprefix(prefix)).as_posix()
    return uri


def knock(uri: str) -> None:
    """Raise InputError where nothing listens at a server's URI, in seconds instead of MLflow's minutes."""
    parts = urllib.parse.urlsplit(uri)
    usual = _PORTS.get(parts.scheme.partition("+")[0])
    if usual is None or not parts.hostname:
        return
    try:
        socket.create_connection((parts.hostname, parts.port or usual), timeout=10).close()
    except OSError as error:
        raise _away(uri, error) from error


def check_writable(uri: str) -> None:
    """Raise InputError where a database that is a file lies on a disk that takes nothing: MLflow says that late, and at
    length."""
    if uri.startswith("sqlite:///") and ":memory:" not in uri:
        disk.check_writable(Path(uri.removeprefix("sqlite:///")).parent)


def connect(uri: str) -> MlflowClient:
    """Import MLflow and connect to a tracking URI. Raises InputError where it cannot be reached."""
    for name, value in (*_QUIET.items(), *_PATIENCE.items()):
        os.environ.setdefault(name, value)
    import logging

    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # logs a trace, then raises: that is told
    with reached(uri), _alone(uri):
        _probe(uri)
        _use(uri)
        client = mlflow.MlflowClient(uri)
        client.search_experiments(max_results=1)
    return client


@contextlib.contextmanager
def reached(uri: str) -> Iterator[None]:
    """Turn the many ways in which MLflow says that it cannot be reached into one InputError."""
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
        raise _away(uri, error) from error


@contextlib.contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Hold a database that is a file against others who would create it, too: the process of a training that was killed
    may still be at it, and two who migrate at once spoil it. A file beside it is locked; an end frees it."""
    if not uri.startswith("sqlite:///") or ":memory:" in uri:
        yield
        return
    place = Path(uri.removeprefix("sqlite:///"))
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("a+b") as file:
        process.lock(file.fileno())
        yield


def _use(uri: str) -> None:
    """Make a URI MLflow's own for this process. MLflow also writes it into the environment, from where it would get
    into the configuration of the next run of a multirun, or into another project's: that is undone."""
    import mlflow

    before = os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    if before is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = before


def _probe(uri: str) -> None:
    """Open a database once: MLflow tries ten times, for 100 seconds, before it says that it cannot."""
    import sqlalchemy

    if uri.startswith("sqlite:///"):
        Path(uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    elif urllib.parse.urlsplit(uri).scheme.partition("+")[0] not in ("postgresql", "mysql", "mssql"):
        return
    engine = sqlalchemy.create_engine(uri)
    engine.connect().close()
    engine.dispose()


def _away(uri: str, error: Exception) -> InputError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return InputError(
        f"tracking.uri: MLflow at {masked(uri)!r} failed ({masked(reason[:200])}); check that it runs and that you may "
        "write to it, or choose another, for example tracking.uri=sqlite:///mlflow.db"
    )
