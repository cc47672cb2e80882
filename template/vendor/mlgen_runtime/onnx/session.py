"""ONNX Runtime set up for answers that are quick and always the same: one thread for each call, no spinning.

Bulk predictions use more threads by making more calls at once (`inference`): then a row's answer cannot depend on how
the runtime cut a batch among its threads, and a server under load does not fight itself over cores.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def session(model: bytes | Path) -> Any:
    """Return an onnxruntime.InferenceSession of a serialised model or of a file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
