"""The container image, as far as that goes without a container engine: its steps, and the rules for its file."""

from __future__ import annotations

import shutil
from pathlib import Path

from service import Service, run


def test_the_dockerfiles_steps_run(project: Path, tmp_path: Path) -> None:
    """The commands of the image, run in a clean folder, give a service that answers as another user would start it."""
    steps = instructions(project / "Dockerfile")
    commands = [text for word, text in steps if word == "RUN" and "useradd" not in text]
    root = tmp_path / "image"
    for name in ("venv", "app", "build"):
        (root / name).mkdir(parents=True)
    shutil.copy(project / "requirements-serving.lock", root / "build")
    shutil.copytree(project / "src", root / "app/src")
    shutil.copytree(project / "vendor", root / "app/vendor")
    shutil.copytree(project / "bundles", root / "app/bundles")

    for command in commands:
        inside = command.replace("/venv", str(root / "venv")).replace("/app", str(root / "app"))
        run(root / "build", "sh", "-ec", inside)
    path = f"{root}/app/src:{root}/app/vendor"
    service = Service(root / "venv/bin/python", root / "app/bundles", tmp_path, PYTHONPATH=path)

    assert service.predict(service.example())["model_version"]
    assert service.stop() == 0


def test_the_dockerfile_keeps_the_rules(project: Path) -> None:
    """Two stages, a pinned base, not root, a health check, exec form, and every file it copies is let through."""
    steps = instructions(project / "Dockerfile")
    words = [word for word, _ in steps]
    after_last = words[len(words) - words[::-1].index("FROM") :]

    assert words.count("FROM") == 2
    assert all(":" in text and ":latest" not in text for word, text in steps if word == "FROM")
    assert after_last.index("USER") < after_last.index("CMD") and "HEALTHCHECK" in after_last
    assert not any(text.strip() in ("root", "0") for word, text in steps if word == "USER")
    assert all(text.startswith("[") for word, text in steps if word in ("CMD", "ENTRYPOINT"))
    assert not any(secret in text for _, text in steps for secret in ("API_KEY=", "PASSWORD", "TOKEN"))
    allowed = (project / ".dockerignore").read_text("utf8").split()
    for text in (text for word, text in steps if word == "COPY" and "--from" not in text):
        name = text.split()[0].replace("${BUNDLE}", "bundles")
        assert f"!{name}" in allowed and (project / name).exists(), name


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continuation lines joined, comments left out."""
    lines = [line for line in dockerfile.read_text("utf8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in joined if line.strip()]
