"""The store: bundles are published whole, and the pointer moves in one step."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.store import STAGING, Pointer, Store, open_store
from mlgen_runtime.core import process
from mlgen_runtime.core.errors import InputError


def _fill(store: Store, version: str) -> str:
    staged = store.stage()
    (staged / "parts").mkdir()
    (staged / "parts" / "model.bin").write_bytes(version.encode())
    bundle.write_json(staged, "contract.json", {"version": version})
    manifest = bundle.seal(staged)
    store.publish(staged, version)
    return manifest


@pytest.fixture(params=["folder", "url"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store in a local folder, and one behind an fsspec URL."""
    return open_store(tmp_path / "bundles" if request.param == "folder" else f"memory://{uuid.uuid4().hex}/bundles")


def test_a_published_bundle_can_be_fetched_and_verified(any_store: Store) -> None:
    """What comes out of a store is what went in, subfolders too."""
    manifest = _fill(any_store, "7")

    folder = any_store.fetch("7")

    bundle.verify(folder, manifest)
    assert (folder / "parts" / "model.bin").read_bytes() == b"7"


def test_versions_are_ordered_as_numbers(any_store: Store) -> None:
    """Version 10 comes after version 9."""
    for version in ("10", "9", "1"):
        _fill(any_store, version)

    assert any_store.versions() == ["1", "9", "10"]


def test_an_unknown_version_is_refused_with_those_that_exist(any_store: Store) -> None:
    """The message lists what is published."""
    _fill(any_store, "3")

    with pytest.raises(InputError, match="version '4' has no bundle.*published: 3"):
        any_store.fetch("4")


def test_a_version_is_never_overwritten(any_store: Store) -> None:
    """Publishing under a version that exists is refused, and the old bundle stays."""
    _fill(any_store, "1")

    with pytest.raises(InputError, match="exists already"):
        _fill(any_store, "1")
    bundle.verify(any_store.fetch("1"))


def test_the_pointer_says_who_is_champion(any_store: Store) -> None:
    """There is none at first; then it is what was written last."""
    assert any_store.champion() is None

    for version in ("1", "2"):
        any_store.point(Pointer(version, version, "0" * 64, at="2026-01-01T00:00:00Z", why="better"))

    assert any_store.champion() == Pointer("2", "2", "0" * 64, at="2026-01-01T00:00:00Z", why="better")


def test_lines_are_appended(any_store: Store) -> None:
    """Appending keeps what is there."""
    any_store.append("log", b"one\n")
    any_store.append("log", b"two\n")

    assert any_store.read("log") == b"one\ntwo\n"


def test_a_corrupt_pointer_is_refused(store: Store) -> None:
    """Half a pointer is an error with a next step, not a crash."""
    store.replace("champion.json", b'{"version": "1", "bun')

    with pytest.raises(InputError, match=r"champion\.json is corrupt.*promote version=N"):
        store.champion()


def test_readers_never_see_half_a_pointer(store: Store) -> None:
    """While one thread moves the pointer, another always reads a whole one."""
    pointers = [Pointer(str(number), str(number), str(number) * 64, why="x" * 5000) for number in range(2)]
    store.point(pointers[0])
    done = threading.Event()

    def move() -> None:
        for number in range(300):
            store.point(pointers[number % 2])
        done.set()

    mover = threading.Thread(target=move)
    mover.start()
    while not done.is_set():
        assert store.champion() in pointers
    mover.join()


def test_the_sweep_removes_what_dead_processes_staged(store: Store) -> None:
    """Folders of a process that is gone are removed; those of this one and of other machines stay."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mine = store.stage()
    host = process.name().removesuffix(f"-{os.getpid()}")
    dead = store.folder / f"{STAGING}{host}-{gone.pid}-abc"
    elsewhere = store.folder / f"{STAGING}another.host-{gone.pid}-abc"
    for place in (dead, elsewhere):
        place.mkdir()

    assert store.sweep() == [dead.name]
    assert mine.is_dir()
    assert elsewhere.is_dir()


def test_staged_bundles_are_no_versions(store: Store, publish: Callable[[str], None]) -> None:
    """A sealed bundle that is still staged is not published."""
    publish("1")
    bundle.seal(store.stage())

    assert store.versions() == ["1"]


def test_the_lock_lets_one_in_at_a_time(store: Store) -> None:
    """Two threads with a store of their own each never hold the lock together."""
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with Store(store.folder).lock():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1


def test_an_unknown_kind_of_url_is_refused() -> None:
    """The message names the location."""
    with pytest.raises(InputError, match="nonsense://x"):
        open_store("nonsense://x")
