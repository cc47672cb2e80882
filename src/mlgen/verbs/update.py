"""Bring a project to a newer release, or change its answers."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DestinationError
from ..questions import SETTINGS, load
from ..source import Source

EXAMPLES = """\
examples:
  mlgen update                          the project in this folder, to the latest release
  mlgen update churn ci=gitlab          another answer: a layer comes, another goes, your edits stay
  mlgen update churn settings.rest.port=9000
  mlgen update churn --to v0.2.0        that release

What is yours (src/, tests/, the contract, README.md, schedule/jobs.toml) is never written over. In conf/ and elsewhere
both sides' changes are merged in place; read the outcome with 'git diff' before you commit it. Where the template and
you changed the same lines, both stand in the file between conflict markers: the files are named, the exit code is 3.
Edited files of a layer that goes are put aside in kept/.
"""


def parser() -> argparse.ArgumentParser:
    """The command line of `mlgen update`."""
    parser = argparse.ArgumentParser(
        prog="mlgen update",
        usage="mlgen update [PROJECT] [QUESTION=ANSWER ...] [--to TAG]",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "given", nargs="*", metavar="PROJECT", help="the project's folder (default: this one), then answers"
    )
    parser.add_argument("--to", metavar="TAG", help="a release or commit of the template (default: the latest release)")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Update one project and say what changed; 3 where conflicts are left to resolve."""
    from ..change import foresee
    from ..render import answers_of
    from ..report import dropping, updated

    project, overrides = _split(arguments.given)
    before = answers_of(project)
    _check_state(project)
    data = _answers(overrides, before)
    source = Source(before["_src_path"], arguments.to)
    change = foresee(project, before, data, source)
    if change.dropped:
        print(dropping(change))
    _update(project, data, source)
    change.keep(project)
    after = answers_of(project)
    conflicts = _git(project, "diff", "--name-only", "--diff-filter=U").split()
    status = _git(project, "-c", "core.quotePath=false", "status", "--short", "--untracked-files=all", "--", ".")
    print(updated(project, before["_commit"], after["_commit"], status.splitlines(), conflicts, change))
    return 3 if conflicts else 0


def _split(given: Sequence[str]) -> tuple[Path, list[str]]:
    """The project's folder, if the first word is no override, and the overrides."""
    if given and "=" not in given[0]:
        return Path(given[0]), list(given[1:])
    return Path(), list(given)


def _check_state(project: Path) -> None:
    """Refuse what an update could harm: a project outside git, with open changes or unresolved conflicts."""
    if subprocess.run(["git", "rev-parse"], cwd=project, capture_output=True, check=False).returncode:
        raise DestinationError(f"'{project}' is not in git, and an update needs its history; run 'git init', "
                               "'git add -A' and 'git commit' in it first.")  # fmt: skip
    if conflicts := _git(project, "diff", "--name-only", "--diff-filter=U").split():
        raise DestinationError(
            f"'{project}' has conflicts of an earlier merge in {', '.join(conflicts)}; resolve and commit them."
        )
    if _git(project, "status", "--porcelain", "--", ".").strip():
        raise DestinationError(f"'{project}' has changes that no commit holds; commit them first, so that the update "
                               "can be read and undone.")  # fmt: skip


def _answers(overrides: Sequence[str], before: dict[str, Any]) -> dict[str, Any]:
    """The answers that change. Settings are laid over the recorded ones, since Copier replaces a whole mapping.

    Raises:
        AnswerError: for a key or value that is not offered.
    """
    from ..compose import combinations, overlay

    questionnaire = load()
    [changes] = combinations(overrides, sweep=False, questionnaire=questionnaire, preset=False)
    recorded = {SETTINGS: before.get(SETTINGS) or {}}
    return questionnaire.accept(overlay(recorded, changes.values())) if changes else {}


def _update(project: Path, data: dict[str, Any], source: Source) -> None:
    from copier import Settings, run_update

    from ..render import told

    with told(source):
        run_update(
            project, data=data, vcs_ref=source.ref, defaults=True, overwrite=True, settings=Settings(), quiet=True
        )


def _git(project: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True).stdout
