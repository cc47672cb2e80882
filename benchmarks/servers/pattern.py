"""The usual pattern, as tutorials show it: FastAPI, a dict, a DataFrame, `mlflow.pyfunc` from the registry."""

import os
from typing import Any

import mlflow.pyfunc
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = mlflow.pyfunc.load_model(os.environ["MODEL_URI"])


class Request(BaseModel):
    """One row."""

    features: dict[str, float]


class Batch(BaseModel):
    """Many rows."""

    records: list[dict[str, float]]


@app.post("/predict")
def predict(request: Request) -> dict[str, Any]:
    """Predict one row."""
    return {"predictions": model.predict(pd.DataFrame([request.features])).tolist()}


@app.post("/batch")
def batch(request: Batch) -> dict[str, Any]:
    """Predict many rows."""
    return {"predictions": model.predict(pd.DataFrame(request.records)).tolist()}
