"""The model in its library's own format, logged to MLflow with a signature; never as a pickle.

LightGBM and XGBoost are stored as their boosters, everything else as the bundle's ONNX graph. Such a model takes the
encoded features, one number each; raw rows are the predictor's business. Requirements are given, because inferring them
makes MLflow load the model in a second Python, for five seconds and more.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any


def log(native: Any, folder: Path, run_id: str, outputs: int) -> str | None:
    """Log one model to a run and return its URI, or None where it has neither a native format nor a graph.

    `native` is a LightGBM or XGBoost booster, or None; `folder` is the bundle; `outputs` the number of columns of a
    prediction.
    """
    import mlflow

    kind = type(native).__module__.partition(".")[0]
    uri = None
    with mlflow.start_run(run_id=run_id):
        if kind == "lightgbm":
            uri = _lightgbm(native, outputs)
        elif kind == "xgboost":
            uri = _xgboost(native, outputs)
        elif (folder / "model.onnx").is_file():
            uri = _onnx(folder / "model.onnx")
    # Leaving the block called the run finished; it is not before the bundle is published.
    mlflow.MlflowClient().update_run(run_id, status="RUNNING")
    return uri


def _lightgbm(booster: Any, outputs: int) -> str:
    import mlflow.lightgbm

    info = mlflow.lightgbm.log_model(
        booster,
        name="model",
        signature=_signature(booster.feature_name(), outputs),
        pip_requirements=_pinned("lightgbm", "numpy", "pandas", "scipy"),
    )
    return str(info.model_uri)


def _xgboost(booster: Any, outputs: int) -> str:
    import mlflow.xgboost

    names = booster.feature_names or [f"f{position}" for position in range(booster.num_features())]
    info = mlflow.xgboost.log_model(
        booster,
        name="model",
        signature=_signature(names, outputs),
        pip_requirements=_pinned("xgboost", "xgboost-cpu", "numpy", "pandas", "scipy"),
        model_format="ubj",
    )
    return str(info.model_uri)


def _onnx(path: Path) -> str:
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
    info = mlflow.onnx.log_model(
        graph,
        name="model",
        signature=ModelSignature(inputs=specs[0], outputs=specs[1]),
        pip_requirements=_pinned("onnx", "onnxruntime", "numpy"),
    )
    return str(info.model_uri)


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
