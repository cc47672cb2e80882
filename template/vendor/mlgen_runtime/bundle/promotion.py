"""Move the champion: the pointer that servers watch, the ledger's row, then the alias in MLflow.

The pointer is the truth and moves in one atomic step. What comes after it can be redone from it, so a process killed at
any point leaves a store that the next `mend` completes. Going back to an earlier champion must work in the night that
the tracking server is down, so a promotion does not need it: its alias follows with the next run that reaches it.
"""

from __future__ import annotations

import datetime

from ..core.command_line import override
from ..core.errors import InputError
from . import format as bundle
from . import ledger, shadow
from .store import Pointer, Store, listed


def promote(
    store: Store,
    version: str,
    why: str,
    *,
    expected: str | None = None,
    guarded: bool = False,
    run_id: str | None = None,
) -> Pointer:
    """Make a published version the champion.

    With `guarded`, refuse when the champion is no longer `expected`: the comparison that chose `version` was made with
    that one. Raises InputError naming the versions that exist, or the file of the bundle at fault.
    """
    with store.lock():
        champion = _current(store)
        if guarded and champion != expected:
            raise InputError(
                f"the champion moved from {expected or 'none'} to {champion or 'none'} during this run, so version "
                f"{version} was not compared with it; it stays a challenger: train again, or promote it"
            )
        return _move(store, version, "promote", why, run_id)


def rollback(store: Store, version: str | None = None) -> Pointer:
    """Go back to the champion before this one (or to `version`), by the ledger.

    Raises InputError where there was none, or its bundle is gone or broken.
    """
    with store.lock():
        _current(store)
        before, published = ledger.earlier(ledger.rows(store)), store.versions()
        if version is not None and version not in before:
            raise InputError(
                f"version {version!r} was no earlier champion; earlier champions: {listed(before)} "
                f"(`promote {override('version', version)}` serves a version that never was)"
            )
        target = version or next((name for name in before if name in published), None)
        if target is None:
            raise InputError(
                f"there is no earlier champion to go back to in {store}; published versions: {listed(published)}; "
                "choose one with `promote version=N`"
            )
        return _move(store, target, "rollback", "rolled back by hand", None)


def mend(store: Store) -> list[str]:
    """Complete what a killed process left: staged folders, a missing ledger row. Return what was done, in words."""
    done = [f"removed {name}, left by a process that died" for name in store.sweep()]
    with store.lock():
        row = ledger.mend(store)
    return done + ([f"wrote the ledger's missing row for version {row.version}"] if row else [])


def _move(store: Store, version: str, action: str, why: str, run_id: str | None) -> Pointer:
    """Verify the bundle, move the pointer, write the row. The caller holds the lock."""
    folder = store.fetch(version)
    bundle.verify(folder)
    pointer = Pointer(
        version=version,
        bundle=version,
        manifest=bundle.digest(folder / bundle.MANIFEST),
        at=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        action=action,
        previous=_current(store),
        why=why,
        run_id=run_id or bundle.read_json(folder, "lineage.json").get("run_id"),
    )
    store.point(pointer)
    ledger.record(store, pointer)
    shadow.drop(store, version)  # who serves needs no trial any more
    return pointer


def _current(store: Store) -> str | None:
    """The champion's version, its ledger row written if missing. A corrupt pointer is what a promotion mends, so the
    ledger answers for it."""
    try:
        ledger.mend(store)
        champion = store.champion()
    except InputError:
        history = ledger.rows(store)
        return history[-1].version if history else None
    return champion.version if champion else None
