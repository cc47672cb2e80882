"""What is printed when a project was made, would be made, or was updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .render import answers_of, files


def made(folders: Sequence[Path]) -> str:
    """What was made and the next three commands."""
    lines = [f"Made {folder}: {len(files(folder))} files ({_chosen(answers_of(folder))})." for folder in folders]
    cd = str(folders[0]) if len(folders) == 1 else f"{folders[0]}   # and so on for each"
    return "\n".join([
        *lines,
        "",
        "Next:",
        f"  cd {cd}",
        "  make setup    # a virtual environment from the pinned lock",
        "  make all      # train, deploy and predict on the sample data",
        "",
        "Keep it in git (git init, git add, git commit): then 'mlgen update' brings later releases to it.",
    ])  # fmt: skip


def would_make(folder: Path, answers: Mapping[str, Any], found: Sequence[Path]) -> str:
    """The files of a project that was not written, and the declaration that makes it."""
    import yaml

    declaration = yaml.safe_dump(dict(answers), sort_keys=False, allow_unicode=True)
    return "\n".join([
        f"Would make {folder}: {len(found)} files. Nothing was written.",
        *(f"  {path.as_posix()}" for path in found),
        "",
        "The same as a declaration (mlgen new … --from FILE):",
        *(f"  {line}" for line in declaration.splitlines()),
    ])  # fmt: skip


def updated(folder: Path, before: str, after: str, changed: Sequence[str], conflicts: Sequence[str]) -> str:
    """What an update did, and what is left for a person to do."""
    moved = f"from {before} to {after}" if before != after else f"at {after}"
    if conflicts:
        return (f"Updated {folder} {moved}, but these files hold both your lines and the template's: "
                f"{', '.join(conflicts)}. Resolve the conflict markers in them, then commit.")  # fmt: skip
    if not changed:
        return f"{folder} is up to date {moved}; nothing changed."
    return "\n".join([
        f"Updated {folder} {moved}: {len(changed)} files changed.",
        *(f"  {line}" for line in changed),
        "Read the change with 'git diff', run 'make test', then commit.",
    ])  # fmt: skip


def _chosen(answers: Mapping[str, Any]) -> str:
    """The answers that chose something, in a few words: `tabular, rest, cron, github`."""
    from .questions import load

    chosen: list[str] = []
    for question in load().questions.values():
        value = answers.get(question.name)
        given = value if isinstance(value, list) else [value]
        chosen += [choice.layer for choice in question.choices if choice.value in given and choice.layer]
    return ", ".join(chosen)
