"""Where Hydra begins and ends: it composes `conf/` with the overrides, and steps get a typed `RunConfig`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core import extensions
from ..core.errors import InputError
from . import overrides
from .run import ConfigSchema, RunConfig, from_raw
from .tree import Composed, ConfTree

VERSION_BASE = "1.3"


def compose(changed: Sequence[str], tree: ConfTree, schema: ConfigSchema) -> RunConfig:
    """Compose the configuration of a project with overrides, outside of the command line.

    Raises InputError for overrides or files that do not fit.
    """
    import hydra

    composed = overrides.check(changed, tree, schema, sweep=False)
    _offer_own_models(tree.folders)
    folder = str((tree.root / "conf").absolute())
    with hydra.initialize_config_dir(folder, version_base=VERSION_BASE), failures():
        found = hydra.compose("config", overrides=[overrides.quoted(override, schema.mappings) for override in changed])
        return typed(found, tree.root, composed, schema)


def _offer_own_models(folders: Sequence[Path]) -> None:
    """Let Hydra find the project's own models that have no file in a `model/` of the folders: where there is one, it
    holds the settings."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for name, found in extensions.registered("model").items():
        store.repo.get("model", {}).pop(f"{name}.yaml", None)  # another project's, in this process
        if not any((folder / "model" / f"{name}.yaml").is_file() for folder in folders):
            store.store(group="model", name=name, node={"name": name, **found.options["settings"]})


def typed(composition: Any, root: Path, composed: Composed, schema: ConfigSchema) -> RunConfig:
    """Give Hydra's composition its shape; raises InputError that names the key and its file."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        raw = OmegaConf.to_container(composition, resolve=True)
    except OmegaConfBaseException as error:
        key = error.full_key or ""
        raise InputError(f"{key}: {str(error).splitlines()[0]} ({composed.file(key)})") from error
    assert isinstance(raw, dict)
    plain = {str(name): value for name, value in raw.items() if name != "hydra"}
    return from_raw(schema, plain, root, composed.file)


def run_hydra(job: Callable[[Any], None], arguments: list[str], root: Path) -> int:
    """Run Hydra's own main function in the project's root with these arguments."""
    import hydra

    _offer_own_models([root / "conf"])
    main = hydra.main(version_base=VERSION_BASE, config_path=str(root / "conf"), config_name="config")(job)
    with contextlib.chdir(root), _process(arguments), failures():
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
def failures() -> Iterator[None]:
    """Turn what Hydra refuses into one line; failures of verbs do not come this way."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        yield
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise InputError(overrides.explain(error)) from error
