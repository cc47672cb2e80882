"""The command line: `<project> VERB [key=value ...] [flags]`; `--help` explains it.

Exit codes: 0 done; 2 the input, the configuration or the disk is wrong (one line, nothing half written); 3 done, but
not promoted while `gate.strict=true`; 130 stopped by Ctrl-C; 1 a bug, with its trace.

Nothing is imported before `main` runs: Ctrl-C may come at any time.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .command import Command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second one ends the process at once, and without a trace
        print(f"{script()}: stopped", file=sys.stderr, flush=True)
        if arguments is None:
            # Not by way of the interpreter's end, which waits for threads: one that Ctrl-C met while it and this one
            # imported something waits for this one's lock on imports for ever.
            os._exit(130)
        return 130
    except BrokenPipeError:
        # The reader of our output (`| head`) has left. Nothing more can be said, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command line; what a user can mend is a line and 2."""
    from ..core import disk
    from ..core.errors import InputError
    from .command import parse

    try:
        code = dispatch(parse(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()  # here a full disk behind `> file` can still be told
    except InputError as error:
        return _refused(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        line = disk.told(error)
        if line is None:
            raise
        return _refused(line)
    return code


def _refused(line: str) -> int:
    """Say what is wrong. What could not be written to standard output by now never will."""
    from ..core.errors import one_line

    print(f"{script()}: {one_line(line)}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2


def dispatch(command: Command) -> int:
    """Show help, or hand over to Hydra, whose import is left until it is needed."""
    if command.wants_help:
        print(_page(command))
        return 0
    if command.completes:
        from . import completion

        if completion.answered(command):
            return 0
    from ..config.tree import project_root
    from .run import run

    return run(command, project_root())


def script() -> str:
    """The name of the console script; where it was started as a module, the project's name, which is the same."""
    from pathlib import Path

    from ..config.tree import ConfTree, project_root
    from ..core.errors import InputError
    from ..core.registry import PACKAGE

    name = Path(sys.argv[0]).stem
    if name not in ("__main__", "-c", "-m", "pytest"):
        return name
    try:
        page = ConfTree(project_root()).page("config")
    except InputError:
        page = None
    return page.settings["project.name"].value if page and "project.name" in page.settings else PACKAGE


def _page(command: Command) -> str:
    from ..config.tree import ConfTree, project_root
    from ..core.errors import InputError
    from . import help as pages
    from .verbs import find

    try:
        tree = ConfTree(project_root(), command.config_dirs)
    except InputError:
        tree = None
    if command.verb is None:
        return pages.overall(script(), tree)
    return pages.of_verb(script(), find(command.verb), tree)


if __name__ == "__main__":
    sys.exit(main())
