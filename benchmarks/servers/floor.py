"""What the floors share: the model as an onnxruntime session, and a typed decoder."""

import os

import msgspec
import numpy as np
import onnxruntime

names = os.environ["FEATURES"].split(",")
_options = onnxruntime.SessionOptions()
_options.intra_op_num_threads = 1
run = onnxruntime.InferenceSession(os.environ["MODEL_ONNX"], _options, providers=["CPUExecutionProvider"]).run
_record = msgspec.defstruct("Record", [(name, float) for name in names], array_like=False)
decode = msgspec.json.Decoder(msgspec.defstruct("Request", [("records", list[_record])])).decode


def predict(request):
    """Return the answer as JSON bytes."""
    matrix = np.array([msgspec.structs.astuple(record) for record in request.records], dtype=np.float32)
    return msgspec.json.encode({"predictions": run(["scores"], {"features": matrix})[0][:, -1].tolist()})
