"""Where Hydra begins and ends: it composes `conf/` with the overrides, and a verb gets a typed `RunConfig`.

config = load(["model=xgboost", "seed=7"])      # in a test or a notebook
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from . import config, overrides, reports
from .command import Command, require_verb
from .conftree import Composed, ConfTree, project_root
from .errors import InputError
from .verbs import VerbReport, find

VERSION_BASE = "1.3"


@dataclass
class Outcome:
    """How one run of a verb ended: a report or a failure, the overrides that made it, where its report lies."""

    changed: list[str]
    folder: Path
    report: VerbReport | None = None
    error: Exception | None = None


def load(changed: Sequence[str] = (), root: Path | None = None) -> config.RunConfig:
    """Compose the configuration of `root` (found from the current folder by default) with overrides.

    Raises InputError for overrides or files that do not fit.
    """
    from hydra import compose, initialize_config_dir

    root = root or project_root()
    composed = overrides.check(changed, ConfTree(root), sweep=False)
    with initialize_config_dir(str((root / "conf").absolute()), version_base=VERSION_BASE), _hydra_failures():
        return typed(compose("config", overrides=[overrides.quoted(override) for override in changed]), root, composed)


def typed(composition: Any, root: Path, composed: Composed) -> config.RunConfig:
    """Give Hydra's composition its shape; raises InputError that names the key and its file."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        raw = OmegaConf.to_container(composition, resolve=True)
    except OmegaConfBaseException as error:
        key = error.full_key or ""
        raise InputError(f"{key}: {str(error).splitlines()[0]} ({composed.file(key)})") from error
    assert isinstance(raw, dict)
    return config.from_raw({str(name): value for name, value in raw.items() if name != "hydra"}, root, composed.file)


def run(command: Command, root: Path) -> int:
    """Hand the command line to Hydra and return the exit code; a failure of the verb is raised as it was."""
    if command.completes:
        return _hydra(lambda composition: None, [*command.hydra_flags, *command.overrides], root)
    verb = "" if command.only_shows and command.verb is None else find(require_verb(command)).name
    tree = ConfTree(root, command.config_dirs)
    composed = overrides.check(command.overrides, tree, sweep=command.is_multirun)
    runs: list[Outcome] = []

    def job(composition: Any) -> None:
        runs.append(_run_one(verb, composition, root, composed, several=command.is_multirun))

    changed = [*map(overrides.quoted, command.overrides), *([f"hydra.job.name={verb}"] if verb else [])]
    code = _hydra(job, [*command.hydra_flags, *changed], root)
    if not runs:
        return code
    if command.is_multirun:
        return reports.summarise(runs)
    [outcome] = runs
    if outcome.error is not None:
        raise outcome.error
    return outcome.report.exit_code if outcome.report else 0


def _run_one(verb: str, composition: Any, root: Path, composed: Composed, *, several: bool) -> Outcome:
    """Run a verb once. Hydra would print and wrap a failure, so it is carried out of Hydra by hand."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    state = HydraConfig.get()
    changed = OmegaConf.to_container(state.overrides.task, resolve=False)
    assert isinstance(changed, list)
    outcome = Outcome(changed, Path(state.runtime.output_dir) if several else root / "reports")
    if several:
        print(f"\nrun {state.job.num}: {' '.join(changed)}", flush=True)
    try:
        run_config = typed(composition, root, composed)
        outcome.report = import_module(f"{__package__}.verbs.{verb.replace('-', '_')}").run(run_config)
    except Exception as error:
        outcome.error = error
        if several:
            print(error if isinstance(error, InputError) else traceback.format_exc(), file=sys.stderr, flush=True)
    else:
        reports.write(root / "reports", verb, changed, outcome.report)
        if several:
            reports.write(outcome.folder, verb, changed, outcome.report)
    return outcome


def _hydra(job: Callable[[Any], None], arguments: list[str], root: Path) -> int:
    """Run Hydra's own main function in the project's root with these arguments."""
    import hydra

    main = hydra.main(version_base=VERSION_BASE, config_path=str(root / "conf"), config_name="config")(job)
    with contextlib.chdir(root), _process(arguments), _hydra_failures():
        main()
    return 0


@contextlib.contextmanager
def _process(arguments: list[str]) -> Iterator[None]:
    """Lend Hydra the command line, and ask it to raise failures, not to print them."""
    before, flag = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = [before[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before
        if flag is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = flag


@contextlib.contextmanager
def _hydra_failures() -> Iterator[None]:
    """Turn what Hydra refuses into one line; failures of verbs do not come this way."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        yield
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise InputError(overrides.explain(error)) from error
