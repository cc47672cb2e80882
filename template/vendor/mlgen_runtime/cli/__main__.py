"""The command line: `<project> VERB [key=value ...] [flags]`; `--help` explains it.

Exit codes: 0 done; 2 the input or the configuration is wrong (one line, nothing written); 3 done, but not promoted
while `gate.strict=true`; 130 stopped by Ctrl-C; 1 a bug, with its trace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..config.tree import ConfTree, project_root
from ..core.errors import InputError, one_line
from ..core.registry import PACKAGE
from . import help as pages
from .command import Command, parse
from .verbs import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        return dispatch(parse(sys.argv[1:] if arguments is None else arguments))
    except InputError as error:
        print(f"{script()}: {one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{script()}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (`| head`) has left. Nothing more can be said, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def dispatch(command: Command) -> int:
    """Show help, or hand over to Hydra, whose import is left until it is needed."""
    if command.wants_help:
        print(_page(command))
        return 0
    if command.completes:
        from . import completion

        if completion.answered(command):
            return 0
    from .run import run

    return run(command, project_root())


def script() -> str:
    """The name of the console script; where it was started as a module, the project's name, which is the same."""
    name = Path(sys.argv[0]).stem
    if name not in ("__main__", "-c", "-m", "pytest"):
        return name
    try:
        page = ConfTree(project_root()).page("config")
    except InputError:
        page = None
    return page.settings["project.name"].value if page and "project.name" in page.settings else PACKAGE


def _page(command: Command) -> str:
    try:
        tree = ConfTree(project_root(), command.config_dirs)
    except InputError:
        tree = None
    if command.verb is None:
        return pages.overall(script(), tree)
    return pages.of_verb(script(), find(command.verb), tree)


if __name__ == "__main__":
    sys.exit(main())
