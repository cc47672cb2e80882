"""Make the file at data.path the next version with DVC, and say which it is.

The content goes to DVC's cache and remote; a small .dvc file beside the data stands for it in git. Commit that with
data/contract.yaml, which git keeps: snapshot prints the commands and leaves them to you. A tag makes a name for the
version: `train data.version=v1` reads the data, and the contract, as they were. A file that has not changed, or that
git keeps itself, is left alone. data.test_path is kept along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.report import VerbReport

if TYPE_CHECKING:
    from pathlib import Path

    from ...config.run import RunConfig
    from .keeping import Kept

SETTINGS = ("data.path", "data.test_path", "dvc")
FLAGS = {"--dry-run": "dvc.dry_run=true"}


def run(config: RunConfig) -> VerbReport:
    """Keep the data, and say what is left to do in git."""
    from . import keeping
    from .settings import DvcSettings

    settings = config.layer("dvc", DvcSettings)
    paths = [path for path in (config.data.path, config.data.test_path) if path is not None]
    done, pushed = keeping.keep(settings, paths, config.root)
    for kept in done:
        print(kept.message)
    if pushed:
        print(f"{pushed} file{'s' if pushed > 1 else ''} copied to the remote")
    new = [kept for kept in done if kept.new]
    commands = [] if settings.dry_run or not new else _commands(new, config.contract.path, config.root)
    if commands:
        print("\ngit is yours:", *commands, sep="\n  ")
    return VerbReport(
        {
            "headline": {"version": done[0].version, "new": bool(new), "pushed": pushed},
            "files": [
                {"path": kept.file, "version": kept.version, "new": kept.new, "pointer": kept.pointer} for kept in done
            ],
            "version": done[0].version,
            "new": bool(new),
            "dry_run": settings.dry_run,
            "pushed": pushed,
            "git": commands,
        }
    )


def _commands(new: list[Kept], contract: str, root: Path) -> list[str]:
    """What to type so that git knows the version: the files that stand for it, and the contract that goes with it."""
    import shlex
    from pathlib import PurePosixPath

    beside = [(PurePosixPath(kept.file).parent / ".gitignore").as_posix() for kept in new]
    files = [*(kept.pointer for kept in new if kept.pointer), *beside, contract]
    named = " ".join(shlex.quote(file) for file in dict.fromkeys(files) if (root / file).is_file())
    return [f"git add {named}", f"git commit -m {shlex.quote(f'Data: {new[0].version}')}"]
