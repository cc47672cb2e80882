"""A verb through Hydra: the command line's overrides checked, the configuration composed and typed, the report written.

Hydra would print and wrap a failure of a verb, so it is carried out of Hydra by hand, and raised as it was.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import overrides
from ..config.composition import run_hydra, typed
from ..config.tree import ConfTree
from ..core import disk
from ..core.errors import InputError
from ..usecase.configuration import schema_of
from . import reports
from .command import Command, require_verb
from .reports import VerbRun
from .verbs import Verb, find

if TYPE_CHECKING:
    from ..config.run import ConfigSchema
    from ..config.tree import Composed


#: Verbs that are worth running where their report cannot be written, such as a service on a disk that is only read.
LASTING = ("serve",)


def run(command: Command, root: Path) -> int:
    """Hand the command line to Hydra and return the exit code; a failure of the verb is raised as it was."""
    if command.completes:
        return run_hydra(lambda composition: None, [*command.hydra_flags, *command.overrides], root)
    verb = None if command.only_shows and command.verb is None else find(require_verb(command), root)
    tree = ConfTree(root, command.config_dirs)
    schema = schema_of(tree)
    composed = overrides.check(command.overrides, tree, schema, sweep=command.is_multirun)
    runs: list[VerbRun] = []

    def job(composition: Any) -> None:
        assert verb is not None, "Hydra runs nothing where it only shows something"
        runs.append(_run_one(verb, composition, root, composed, schema, several=command.is_multirun))

    changed = [overrides.quoted(override, schema.mappings) for override in command.overrides]
    changed += [f"hydra.job.name={verb.name}"] if verb else []
    code = run_hydra(job, [*command.hydra_flags, *changed], root)
    if not runs:
        return code
    if command.is_multirun:
        return reports.summarise(runs)
    [ended] = runs
    if ended.error is not None:
        raise ended.error
    return ended.report.exit_code if ended.report else 0


def _keep(folder: Path, verb: Verb, changed: list[str], ended: VerbRun) -> None:
    """Write the report of a verb; where it was of use without one, that is a line and no failure."""
    assert ended.report is not None
    try:
        reports.write(folder, verb.name, changed, ended.report)
    except OSError as error:
        line = disk.told(error)
        if line is None or verb.name not in LASTING:
            ended.error = error
        else:
            print(f"there is no report: {line}", file=sys.stderr)


def _run_one(
    verb: Verb, composition: Any, root: Path, composed: Composed, schema: ConfigSchema, *, several: bool
) -> VerbRun:
    """Run a verb once."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    state = HydraConfig.get()
    changed = OmegaConf.to_container(state.overrides.task, resolve=False)
    assert isinstance(changed, list)
    ended = VerbRun(changed, Path(state.runtime.output_dir) if several else root / "reports")
    if several:
        print(f"\nrun {state.job.num}: {' '.join(changed)}", flush=True)
    try:
        config = typed(composition, root, composed, schema)
        if verb.name not in LASTING:
            disk.check_writable(root / "reports")
        ended.report = verb.load()(config)
    except Exception as error:
        ended.error = error
        if several:
            print(error if isinstance(error, InputError) else traceback.format_exc(), file=sys.stderr, flush=True)
    else:
        _keep(root / "reports", verb, changed, ended)
        if several:
            reports.write(ended.folder, verb.name, changed, ended.report)
    return ended
