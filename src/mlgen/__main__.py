"""The console script: `mlgen VERB …`, and `mlgen --help`, which imports nothing heavy.

Exit codes: 0 done; 2 the answers, the place or the disk are wrong (one line, nothing half written); 3 updated, with
conflicts to resolve; 130 stopped by Ctrl-C; 1 our bug. Nothing is imported before `main` runs: Ctrl-C may come early.
"""

from __future__ import annotations

import gc
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = """\
mlgen makes ready machine-learning repositories from one declaration, and keeps them on one standard.

usage: mlgen VERB [arguments]

{verbs}

  mlgen VERB --help    everything about one verb
  mlgen --version

Start with:  mlgen new churn        (makes the folder churn, and says what to do next)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        print("mlgen: stopped.", file=sys.stderr)
        return 130


def _main(argv: Sequence[str] | None) -> int:
    from . import __version__
    from .errors import MlgenError, disk
    from .verbs import VERBS

    if argv is None:
        gc.disable()  # a short life: collecting what the imports leave costs a tenth of the time
    given = list(sys.argv[1:] if argv is None else argv)
    if not given or given[0] in ("-h", "--help", "help"):
        print(HELP.format(verbs="\n".join(f"  {verb:10} {line}" for verb, line in VERBS.items())), end="")
        return 0
    if given[0] in ("-V", "--version"):
        print(f"mlgen {__version__}")
        return 0
    try:
        return _run(given[0], given[1:])
    except MlgenError as error:
        print(f"mlgen: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        line = disk(error)
        if line is None:
            raise
        print(f"mlgen: {line}", file=sys.stderr)
        return 2


def _run(verb: str, rest: list[str]) -> int:
    import importlib

    from .errors import MlgenError, nearest
    from .verbs import VERBS

    if verb not in VERBS:
        raise MlgenError(f"'{verb}' is not a verb; choose from {', '.join(VERBS)}.{nearest(verb, VERBS)}")
    module = importlib.import_module(f".verbs.{verb}", __package__)
    exit_code: int = module.run(module.parser().parse_intermixed_args(rest))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
