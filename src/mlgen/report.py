"""What is printed when a project was made, would be made, or was updated."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from .ownership import KEPT, RUNTIME, kind_of
from .render import answers_of, files

if TYPE_CHECKING:
    from .change import Change

#: Whose the files of a kind are, for people.
WHOSE = {"user": "yours", "merged": "merged with your edits", "template": "the template's"}


def made(folders: Sequence[Path]) -> str:
    """What was made and the next three commands."""
    lines = [
        f"Made {folder}: {len(_beside(files(folder)))} files beside the runtime ({_chosen(answers_of(folder))})."
        for folder in folders
    ]
    cd = shlex.quote(str(folders[0])) + ("" if len(folders) == 1 else "   # and so on for each")
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
    own = _beside(found)
    return "\n".join([
        f"Would make {folder}: {len(own)} files beside the runtime. Nothing was written.",
        *(f"  {path.as_posix()}" for path in own),
        f"  {RUNTIME}/  ({len(found) - len(own)} files)",
        "",
        "The same as a declaration (mlgen new … --from FILE):",
        *(f"  {line}" for line in declaration.splitlines()),
    ])  # fmt: skip


def dropping(change: Change) -> str:
    """What goes although people edited it, said before it goes."""
    return (f"This drops {', '.join(change.dropped)}, which you edited or added; your versions are kept in "
            f"{KEPT}/.")  # fmt: skip


def updated(
    folder: Path, before: str, after: str, status: Sequence[str], conflicts: Sequence[str], change: Change
) -> str:
    """What an update did, and what is left for a person to do. `status` is git's, a line for each changed file."""
    moved = f"from {before} to {after}" if before != after else f"at {after}"
    if not status:
        return f"{folder} is up to date {moved}; nothing changed."
    lines = [f"Updated {folder} {moved}: {len(status)} files changed.", *_by_kind(status)]
    if change.offered:
        lines.append(f"Yours, and left as they are; a new project has others now: {', '.join(change.offered)}.")
    if forked := change.forked(RUNTIME):
        lines.append(f"The runtime is a fork: it holds your edits in {', '.join(forked)}.")
    if conflicts:
        lines.append(f"These files hold both your lines and the template's: {', '.join(conflicts)}. Resolve the "
                     "conflict markers in them, then commit.")  # fmt: skip
    else:
        lines.append("Read the change with 'git diff', run 'make test', then commit.")
    return "\n".join(lines)


def _by_kind(status: Sequence[str]) -> Iterator[str]:
    """Git's lines, grouped by whose the files are; those of the runtime are counted."""
    for kind, whose in WHOSE.items():
        lines = [line for line in status if kind_of(_path(line)) == kind]
        runtime = [line for line in lines if _path(line).startswith(f"{RUNTIME}/")]
        if lines:
            yield f"  {whose}:"
            yield from (f"    {line}" for line in lines if line not in runtime)
        for what, count in Counter(line[:2] for line in runtime).items():
            yield f"    {what} {RUNTIME}/  ({count} file{'s' if count > 1 else ''})"


def _path(line: str) -> str:
    """The path in a line of `git status --short`, such as ` M conf/config.yaml`."""
    return line[3:].strip('"')


def _beside(found: Sequence[Path]) -> list[Path]:
    """The files of a project that are not the runtime's."""
    return [path for path in found if not path.is_relative_to(PurePath(RUNTIME))]


def _chosen(answers: Mapping[str, Any]) -> str:
    """The answers that chose something, in a few words: `tabular, rest, cron, github`."""
    from .questions import load

    chosen: list[str] = []
    for question in load().questions.values():
        value = answers.get(question.name)
        given = value if isinstance(value, list) else [value]
        chosen += [choice.layer for choice in question.choices if choice.value in given and choice.layer]
    return ", ".join(chosen)
