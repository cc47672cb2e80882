"""Answers become a project, by Copier's API: the same template, the same checks and the same bytes as `copier copy`.

Copier refuses an answer with a `ValueError` that holds a validator's sentence (src/mlgen/strict/rules.jinja); here it
becomes an `AnswerError` with that sentence. Nothing has been written by then.
"""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import AnswerError, DestinationError, SourceError, nearest
from .source import Source

if TYPE_CHECKING:
    from copier._jinja_ext import SandboxedEnvironment
    from copier._main import Worker

ANSWERS_FILE = ".copier-answers.yml"


def render(
    answers: Mapping[str, Any], destination: Path, source: Source, *, ask: bool = False, check: bool = False
) -> None:
    """Make a project at `destination`, which must be new, empty, or hold no more than `.git`.

    `ask` lets Copier put the open questions to the person at the terminal; `check` goes through all the motions and
    writes nothing.

    Raises:
        AnswerError: for answers that the template refuses.
        DestinationError: for a destination that is in use.
        SourceError: where the template cannot be read.
    """
    check_destination(destination)
    with told(source), _whole(destination):
        with _worker(answers, destination, source, ask=ask, check=check) as worker:
            worker.run_copy()
        if source.recorded and not check:
            _record(destination / ANSWERS_FILE, *source.recorded)


@contextmanager
def _whole(destination: Path) -> Iterator[None]:
    """Leave a whole project or none: whatever ends the block early (a full disk, Ctrl-C), what was made goes."""
    existed = destination.is_dir()
    try:
        yield
    except BaseException:
        for path in destination.iterdir() if destination.is_dir() else ():
            if path.name == ".git":
                continue
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink()
        if destination.is_dir() and not existed:
            destination.rmdir()
        raise


def check_destination(destination: Path) -> None:
    """Refuse a destination that holds anything but `.git`."""
    if destination.is_dir():
        found = sorted(path.name for path in destination.iterdir() if path.name != ".git")
        if found:
            raise DestinationError(f"the folder '{destination}' is not empty (it holds {found[0]}); name a new folder, "
                                   "or update the project in it with 'mlgen update'.")  # fmt: skip
    elif destination.exists():
        raise DestinationError(f"'{destination}' is a file; name a new folder.")


def files(folder: Path) -> list[Path]:
    """Every file of a project, relative to its root and sorted; what git keeps for itself is left out."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parts[0] != ".git")


def answers_of(project: Path) -> dict[str, Any]:
    """Read what a project was made from.

    Raises:
        DestinationError: where it was not made by this template.
    """
    import yaml

    path = project / ANSWERS_FILE
    if not path.is_file():
        raise DestinationError(
            f"'{project}' holds no {ANSWERS_FILE}, so it is no generated project; name its root folder."
        )
    try:
        content = yaml.safe_load(path.read_text("utf8"))
    except yaml.YAMLError as error:
        raise DestinationError(
            f"'{path}' is not YAML any more; restore it with 'git checkout -- {ANSWERS_FILE}'."
        ) from error
    if not isinstance(content, dict) or "_src_path" not in content:
        raise DestinationError(
            f"'{path}' does not say where its template is; restore it with 'git checkout -- {ANSWERS_FILE}'."
        )
    return content


def _worker(answers: Mapping[str, Any], destination: Path, source: Source, *, ask: bool, check: bool) -> Worker:
    """Copier's worker, without one process of git per file, and without compiling a text twice."""
    from copier._main import Worker
    from copier._settings import SettingsModel

    class NewFolder(Worker):
        @cached_property
        def jinja_env(self) -> SandboxedEnvironment:
            """Copier renders each part of each path anew, and most of them stand in many paths."""
            environment = super().jinja_env
            environment.from_string = cache(environment.from_string)  # type: ignore[method-assign, assignment]
            return environment

        def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
            """Copier asks git whether the file is tracked and its mode differs; in a new folder nothing is tracked."""

    return NewFolder(
        src_path=source.path,
        dst_path=destination,
        data=dict(answers),
        vcs_ref=source.ref,
        defaults=not ask,
        user_defaults={"project_name": destination.resolve().name},
        settings=SettingsModel(),  # a person's own Copier defaults would make the bytes depend on the machine
        pretend=check,
        quiet=True,
    )


@contextmanager
def told(source: Source) -> Iterator[None]:
    """Turn what Copier, git and the validators raise for expected reasons into this package's errors."""
    from copier.errors import CopierAnswersInterrupt, CopierError, UserMessageError
    from plumbum import ProcessExecutionError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Copier warns of changes that no commit holds; mlgen says so itself
            yield
    except CopierAnswersInterrupt as error:  # Ctrl-C at a prompt, which is a CopierError, too
        raise KeyboardInterrupt from error
    except UserMessageError as error:
        raise DestinationError(_sentence(str(error))) from error
    except ProcessExecutionError as error:
        last = [line for line in (error.stderr or "git failed").splitlines() if line.strip()][-1]
        raise SourceError(f"the template at '{source.path}' can't be read: {last.strip().rstrip('.')}.") from error
    except (CopierError, ValueError, TypeError) as error:
        if isinstance(error, CopierError) or str(error).startswith(("Unknown revision", "Local template")):
            raise SourceError(
                f"the template at '{source.path}' can't be read: {_sentence(str(error)).rstrip('.')}."
            ) from error
        if not (refused := _refused(str(error))):
            raise
        raise AnswerError(refused) from error


def _refused(message: str) -> str:
    """The sentence of a validator, with the nearest of the choices it names; empty where it is no such message."""
    match = re.match(r"Validation error for question '\w+': (.*)|(Invalid choice for .*)", message, re.DOTALL)
    if not match:
        return ""
    sentence = _sentence(match[1] or match[2])
    choices = re.search(r"'([^']*)'.* choose from ([^.]*)\.$", sentence)
    return sentence + (nearest(choices[1], choices[2].split(", ")) if choices else "")


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _record(path: Path, source: str, tag: str) -> None:
    """Write the canonical source and the release's tag in place of the folder that the wheel's template lay in."""
    lines = path.read_text("utf8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("_commit:", "_src_path:"))]
    at = next(n for n, line in enumerate(kept) if not line.startswith("#"))
    path.write_text("".join([*kept[:at], f"_commit: {tag}\n", f"_src_path: {source}\n", *kept[at:]]), "utf8")
