"""A bundle's folder in, a predictor out, of whichever use case the bundle names.

predictor = load(Path("bundles/7"))
predictor = load_champion(config)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..bundle.predictor import Predictor
from ..bundle.store import open_store
from ..contract.schema import Contract
from ..core import cpu_quota, extensions
from ..core.errors import InputError
from ..core.registry import ROOT
from . import registry

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..core.extensions import Extension
    from .protocol import UseCase


def describe(folder: Path, config: RunConfig, needed: Sequence[Extension] = ()) -> None:
    """Write what opens a bundle: its use case, and the name and hash (never the code) of the user's that it needs."""
    entries = [{"kind": e.kind, "name": e.name, "module": e.module, "sha256": e.sha256} for e in needed]
    bundle.write_json(folder, bundle.DESCRIPTION, {"use_case": config.project.use_case, "extensions": entries})


def _refuse_other_code(folder: Path, needed: Sequence[Mapping[str, Any]]) -> None:
    """Raise InputError where a bundle needs code of the user's that is not here, or is not what it was."""
    for entry in needed:
        kind, name = entry["kind"], entry["name"]
        if name not in extensions.registered(kind) and _is_own(str(entry.get("module"))):
            extensions.load([entry["module"]])  # a server reads no conf/, where the modules are listed
        found = extensions.registered(kind).get(name)
        if found is None:
            raise InputError(
                f"bundle {folder}: it needs the {kind} {name!r} of the project's own code, which is not registered; "
                "list its module under project.extensions, or train again"
            )
        if found.sha256 != entry["sha256"]:
            raise InputError(
                f"bundle {folder}: the {kind} {name!r} in {found.module} is not the code that it was made with; "
                "bring that code back, or train again"
            )


def _is_own(module: str) -> bool:
    """Whether a module stands in the project's own src/: a bundle has nothing else imported."""
    path = ROOT.parents[1].joinpath("src", *module.split("."))
    return all(part.isidentifier() for part in module.split(".")) and path.with_suffix(".py").is_file()


def _use_case(folder: Path, name: object) -> UseCase:
    """The use case that a bundle names. Raises InputError where it names none, or one that is not in this project."""
    if name is None:
        raise InputError(f"bundle {folder}: {bundle.DESCRIPTION} names no use case; train again with this release")
    return registry.find(str(name))


def contract_of(folder: Path) -> Contract:
    """The contract that a bundle's folder holds. Raises InputError where it names no use case that is here."""
    case = _use_case(folder, bundle.read_json(folder, bundle.DESCRIPTION).get("use_case"))
    return Contract.from_json(folder / "contract.json", case.vocabulary)


def load(
    folder: Path,
    threads: int | None = None,
    version: str | None = None,
    manifest: str | None = None,
    bulk: bool = False,
) -> Predictor:
    """Verify a bundle against its manifest and load it.

    `threads` bounds the threads of one prediction of many rows (None: what the machine grants). `version` defaults to
    the folder's name, which is the version of a published bundle. `manifest` is the sha256 that a champion pointer
    promises. `bulk` is for who predicts many rows at a time: what the bundle says is quickest then computes them, with
    the same answers, at the price of importing it. Raises InputError naming every missing, corrupt or foreign file.
    """
    bundle.verify(folder, manifest)
    described = bundle.read_json(folder, bundle.DESCRIPTION)
    _refuse_other_code(folder, described.get("extensions", ()))
    case = _use_case(folder, described.get("use_case"))
    contract = contract_of(folder)
    inference = case.inference.load(folder, contract, threads, bulk)
    return Predictor(
        use_case=case.name,
        folder=folder,
        version=version or folder.name,
        contract=contract,
        answers=case.answers,
        card=bundle.read_json(folder, "card.json"),
        metrics=bundle.read_json(folder, "metrics.json"),
        lineage=bundle.read_json(folder, "lineage.json"),
        inference=inference,
        needed=inference.needed,
    )


def load_champion(config: RunConfig, threads: int | None = None, bulk: bool = False) -> Predictor:
    """Load the champion, or the published version that `version=` names.

    `threads` (of one prediction of many rows) is `train.threads` unless given; `bulk` is for who has many rows.
    """
    store = open_store(config.bundle.store, config.root)
    granted = cpu_quota.threads(config.train.threads) if threads is None else threads
    if config.version is not None:
        return load(store.fetch(str(config.version)), granted, str(config.version), bulk=bulk)
    pointer = store.champion()
    if pointer is None:
        raise InputError(f"no champion in {store} yet; run `{config.project.name} train`, or name a version")
    return load(store.fetch(pointer.bundle), granted, pointer.version, pointer.manifest, bulk)
