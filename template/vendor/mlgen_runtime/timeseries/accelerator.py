"""Where the transformer is trained: on a GPU where there is one."""

from __future__ import annotations

import shutil
import subprocess

from ..core.errors import InputError


def device(wanted: str) -> str:
    """Return "cuda" or "cpu". `auto` asks the driver, not PyTorch, whose import takes seconds that most runs can spare.

    Raises InputError where cuda is wanted and no GPU answers.
    """
    if wanted == "cpu":
        return "cpu"
    found = _answers()
    if wanted == "cuda" and not found:
        raise InputError("train.device=cuda, but no NVIDIA GPU answers (nvidia-smi); use train.device=auto or cpu")
    return "cuda" if found else "cpu"


def _answers() -> bool:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    asked = subprocess.run([tool, "--list-gpus"], capture_output=True, text=True, check=False, timeout=30)
    return asked.returncode == 0 and "GPU" in asked.stdout
