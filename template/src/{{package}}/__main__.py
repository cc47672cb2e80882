"""The command line: `<project> VERB [key=value ...] [flags]`; `--help` explains it.

Exit codes: 0 done; 2 the input or the configuration is wrong (one line, nothing written); 3 done, but not promoted
while `gate.strict=true`; 130 stopped by Ctrl-C; 1 a bug, with its trace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from . import usage
from .command import Command, parse
from .conftree import ConfTree, project_root
from .errors import InputError
from .verbs import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        return dispatch(parse(sys.argv[1:] if arguments is None else arguments))
    except InputError as error:
        print(f"{script()}: {error}", file=sys.stderr)
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
        from . import complete

        if complete.answered(command):
            return 0
    from . import compose

    return compose.run(command, project_root())


def script() -> str:
    """The name of the console script."""
    name = Path(sys.argv[0]).stem
    return name if name not in ("__main__", "-c", "-m", "pytest") else str(__package__).replace("_", "-")


def _page(command: Command) -> str:
    try:
        tree = ConfTree(project_root(), command.config_dirs)
    except InputError:
        tree = None
    if command.verb is None:
        return usage.overall(script(), tree)
    return usage.of_verb(script(), find(command.verb), tree)


if __name__ == "__main__":
    sys.exit(main())
