"""FastAPI with a Pydantic body and onnxruntime."""

import os

import numpy as np
from fastapi import FastAPI
from floor import names, run
from pydantic import create_model

app = FastAPI()
Record = create_model("Record", **dict.fromkeys(names, (float, ...)))
Request = create_model("Request", records=(list[Record], ...))


@app.post("/predict")
async def predict(request: Request):
    """Predict records."""
    matrix = np.array([[getattr(record, name) for name in names] for record in request.records], dtype=np.float32)
    return {"predictions": run(["scores"], {"features": matrix})[0][:, -1].tolist()}


assert os.environ["OMP_NUM_THREADS"] == "1"
