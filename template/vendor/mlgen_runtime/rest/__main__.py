"""The slim entry for containers: serves a bundle with settings from REST_… variables; needs neither Hydra nor conf/.

REST_BUNDLE=/bundle REST_HOST=0.0.0.0 python -m mlgen_runtime.rest
"""

from __future__ import annotations

import sys


def main() -> int:
    """Serve until told to stop; 2 where the settings or the bundle are wrong, said in one line; 130 where Ctrl-C comes
    before there is a service."""
    try:
        return _run()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


def _run() -> int:
    from ..core.errors import InputError

    try:
        from .settings import from_environment
        from .workers import run

        run(from_environment())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
