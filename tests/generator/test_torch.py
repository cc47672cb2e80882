"""Which build of PyTorch `make setup` takes: asked of make/torch.sh, with stand-ins for the installer and the GPU."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "template" / "{{timeseries}}" / "make" / "torch.sh"
BUILDS = ("requirements-torch-cpu.lock", "requirements-torch-cuda.lock")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyTorch has one build")


def ask(folder: Path, build: str, *, gpu: bool = False, seen: bool = True, uv: str = "uv", index: str = "") -> str:
    """What the script prints, or its complaint. Installers and GPUs differ from machine to machine: both are faked."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    fakes = {"nvidia-smi": gpu, "uv": seen, "python3": True}
    for name, works in fakes.items():
        (commands / name).write_text(f"#!/bin/sh\necho {name} $* >> calls\nexit {int(not works)}\n", "utf8")
        (commands / name).chmod(0o755)
    (folder / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy(commands / "uv", folder / ".venv" / "bin" / "python")
    environment = {"PATH": f"{commands}:/usr/bin:/bin", "PIP_FIND_LINKS": "/wheels"}
    done = subprocess.run(
        ["sh", str(SCRIPT), build, "python3", uv, index],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else f"refused: {done.stderr.strip()}"


def test_a_gpu_that_answers_gets_cuda(tmp_path: Path) -> None:
    """Its lock comes from the usual index: nowhere else is looked."""
    assert ask(tmp_path, "auto", gpu=True, index="https://index.example/cpu") == BUILDS[1]


def test_without_a_gpu_the_smaller_build_is_taken_where_it_is_in_sight(tmp_path: Path) -> None:
    """uv is told of pip's folders of wheels and of the index that the user names; pip knows its own."""
    assert ask(tmp_path, "auto") == f"{BUILDS[0]} --find-links /wheels"
    assert ask(tmp_path, "auto", index="/other") == f"{BUILDS[0]} --find-links /wheels --find-links /other"
    assert ask(tmp_path, "auto", index="https://index.example/cpu") == (
        f"{BUILDS[0]} --find-links /wheels "
        "--extra-index-url https://index.example/cpu --index-strategy unsafe-best-match"
    )
    assert ask(tmp_path, "auto", uv="", index="https://index.example/cpu") == (
        f"--requirement {BUILDS[0]} --extra-index-url https://index.example/cpu"
    )


def test_where_it_is_not_in_sight_cuda_s_serves(tmp_path: Path) -> None:
    """It computes on a CPU as well; only who asked for the other one is refused, with what to do."""
    assert ask(tmp_path, "auto", seen=False) == BUILDS[1]
    assert ask(tmp_path, "auto", seen=False, uv="") == f"--requirement {BUILDS[1]}"
    assert "name PyTorch's CPU index: make setup TORCH_INDEX=" in ask(tmp_path, "cpu", seen=False)
    assert "expected auto, cpu or cuda" in ask(tmp_path, "rocm")


def test_a_choice_overrules_the_machine(tmp_path: Path) -> None:
    """TORCH=cpu beside a GPU, TORCH=cuda without one; an installed CPU build would pass for the latter, so it goes."""
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages" / "torch-2.13.0+cpu.dist-info").mkdir(parents=True)

    assert ask(tmp_path, "cpu", gpu=True).startswith(BUILDS[0])
    assert "uninstall" not in (tmp_path / "calls").read_text("utf8")
    assert ask(tmp_path, "cuda") == BUILDS[1]
    assert "uv pip uninstall --quiet --python .venv/bin/python torch" in (tmp_path / "calls").read_text("utf8")
