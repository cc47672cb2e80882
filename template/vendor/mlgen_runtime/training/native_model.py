"""The model in its library's own format, logged to MLflow with a signature; never as a pickle.

LightGBM and XGBoost are stored as their boosters, everything else as the bundle's ONNX graph. Such a model takes the
encoded features, one number each; raw rows are the predictor's business. It goes to the process that knows MLflow as a
file. Requirements are given, because inferring them makes MLflow load the model in a second Python, for five seconds
and more.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from pathlib import Path
from typing import Any


def write(native: Any, bundle: Path, folder: Path) -> tuple[str, Path] | None:
    """The library of a model and the file that holds it, or None where it has neither a native format nor a graph.

    `native` is a LightGBM or XGBoost booster, which is written to `folder`, or None; `bundle` may hold the graph.
    """
    library = type(native).__module__.partition(".")[0]
    if library in ("lightgbm", "xgboost"):
        path = folder / f"model.{'txt' if library == 'lightgbm' else 'ubj'}"
        native.save_model(path)
        return library, path
    graph = bundle / "model.onnx"
    return ("onnx", graph) if graph.is_file() else None


def log(library: str, path: Path, run_id: str, experiment: str, outputs: int) -> str:
    """Log a model from its file (see `write`) to a run of an experiment and return its URI; `outputs` is the number of
    columns of a prediction."""
    flavor, given = _FLAVORS[library](path, outputs)
    import mlflow
    from mlflow.models import Model

    mlflow.set_experiment(experiment_id=experiment)
    # By the class, not by `mlflow.lightgbm.log_model`: that asks for a run of this thread, and ends it.
    info = Model.log(artifact_path=None, name="model", flavor=flavor, run_id=run_id, **given)
    return str(info.model_uri)


def _lightgbm(path: Path, outputs: int) -> tuple[Any, dict[str, Any]]:
    import lightgbm
    import mlflow.lightgbm

    booster = lightgbm.Booster(model_file=path)
    return mlflow.lightgbm, {
        "lgb_model": booster,
        "signature": _signature(booster.feature_name(), outputs),
        "pip_requirements": _pinned("lightgbm", "numpy", "pandas", "scipy"),
    }


def _xgboost(path: Path, outputs: int) -> tuple[Any, dict[str, Any]]:
    import mlflow.xgboost

    xgboost = importlib.import_module("xgboost")  # not in every project: there where a booster of its kind can be
    booster = xgboost.Booster(model_file=path)
    names = booster.feature_names or [f"f{position}" for position in range(booster.num_features())]
    return mlflow.xgboost, {
        "xgb_model": booster,
        "signature": _signature(names, outputs),
        "pip_requirements": _pinned("xgboost", "xgboost-cpu", "numpy", "pandas", "scipy"),
        "model_format": "ubj",
    }


def _onnx(path: Path, outputs: int) -> tuple[Any, dict[str, Any]]:
    """A graph says by itself how wide it is."""
    import mlflow.onnx
    import numpy as np
    import onnx
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    graph = onnx.load(path)
    specs = [
        Schema([TensorSpec(np.dtype("float32"), (-1, *_shape(value)[1:]), value.name) for value in values])
        for values in (graph.graph.input, graph.graph.output)
    ]
    return mlflow.onnx, {
        "onnx_model": graph,
        "signature": ModelSignature(inputs=specs[0], outputs=specs[1]),
        "pip_requirements": _pinned("onnx", "onnxruntime", "numpy"),
    }


_FLAVORS = {"lightgbm": _lightgbm, "xgboost": _xgboost, "onnx": _onnx}


def _signature(features: list[str], outputs: int) -> Any:
    """Doubles in, doubles out: nullable integers or booleans would make MLflow drop the signature."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    shape = (-1,) if outputs == 1 else (-1, outputs)
    return ModelSignature(
        inputs=Schema([ColSpec("double", name) for name in features]),
        outputs=Schema([TensorSpec(np.dtype("float64"), shape)]),
    )


def _shape(value: Any) -> list[int]:
    return [axis.dim_value or -1 for axis in value.type.tensor_type.shape.dim]


def _pinned(*names: str) -> list[str]:
    """Requirements of those distributions that are installed, pinned to the installed version."""
    found = []
    for name in names:
        try:
            found.append(f"{name}=={importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
