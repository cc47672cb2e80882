"""Promotion and rollback: the pointer moves, the ledger remembers, a dead process is no obstacle."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import ledger
from mlgen_runtime.bundle import promotion as registry
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.core.errors import InputError

Publish = Callable[[str], None]


def champion(store: Store) -> str | None:
    """The version that serves."""
    pointer = store.champion()
    return pointer.version if pointer else None


def test_a_promotion_moves_the_pointer_and_adds_a_row(store: Store, publish: Publish) -> None:
    """The pointer carries the manifest's sha256, the row who served before."""
    for version in ("1", "2"):
        publish(version)
        registry.promote(store, version, "better")

    pointer = store.champion()
    assert pointer is not None
    assert (pointer.version, pointer.previous) == ("2", "1")
    bundle.verify(store.fetch("2"), pointer.manifest)
    assert [(row.action, row.version, row.previous) for row in ledger.rows(store)] == [
        ("promote", "1", None),
        ("promote", "2", "1"),
    ]


def test_an_unknown_version_is_refused_with_those_that_exist(store: Store, publish: Publish) -> None:
    """The message lists the published versions, and nothing moves."""
    publish("1")

    with pytest.raises(InputError, match="version '9'.*published: 1"):
        registry.promote(store, "9", "typo")
    assert champion(store) is None


def test_a_corrupt_bundle_is_not_promoted(store: Store, publish: Publish) -> None:
    """The file at fault is named, and the champion stays."""
    for version in ("1", "2"):
        publish(version)
    registry.promote(store, "1", "good")
    (store.folder / "2" / "contract.json").write_text("{}")

    with pytest.raises(InputError, match=r"contract\.json is corrupt"):
        registry.promote(store, "2", "bad")
    assert champion(store) == "1"


def test_rollback_goes_back_one_champion_at_a_time(store: Store, publish: Publish) -> None:
    """Rolling back twice goes two champions back, not to and fro; then there is none left."""
    for version in ("1", "2", "3"):
        publish(version)
        registry.promote(store, version, "better")

    assert registry.rollback(store).version == "2"
    assert registry.rollback(store).version == "1"
    with pytest.raises(InputError, match="no earlier champion"):
        registry.rollback(store)


def test_a_promotion_after_a_rollback_starts_from_there(store: Store, publish: Publish) -> None:
    """1, 2, back to 1, then 3: the champion before 3 is 1."""
    for version in ("1", "2", "3"):
        publish(version)
    registry.promote(store, "1", "first")
    registry.promote(store, "2", "better")
    registry.rollback(store)
    registry.promote(store, "3", "better still")

    assert registry.rollback(store).version == "1"


def test_rollback_to_a_named_version_needs_one_that_served(store: Store, publish: Publish) -> None:
    """A version that never was champion is refused, with those that were."""
    for version in ("1", "2", "3", "4"):
        publish(version)
    for version in ("1", "2", "3"):
        registry.promote(store, version, "better")

    with pytest.raises(InputError, match="'4' was no earlier champion; earlier champions: 2, 1"):
        registry.rollback(store, "4")
    assert registry.rollback(store, "1").version == "1"


def test_a_guarded_promotion_gives_way_to_one_that_came_first(store: Store, publish: Publish) -> None:
    """A comparison with a champion that no longer reigns promotes nothing."""
    for version in ("1", "2", "3"):
        publish(version)
    registry.promote(store, "1", "first")
    registry.promote(store, "2", "by somebody else, meanwhile")

    with pytest.raises(InputError, match="moved from 1 to 2"):
        registry.promote(store, "3", "better than 1", expected="1", guarded=True)
    assert champion(store) == "2"


def test_a_row_lost_between_pointer_and_ledger_is_written_later(store: Store, publish: Publish) -> None:
    """A process killed after moving the pointer leaves no gap in the history."""
    publish("1")
    row = ledger.of(registry.promote(store, "1", "better"))
    (store.folder / ledger.NAME).unlink()

    done = registry.mend(store)

    assert ledger.rows(store) == [row]
    assert "version 1" in done[0]
    assert registry.mend(store) == []


def test_a_torn_line_does_not_hide_the_others(store: Store, publish: Publish) -> None:
    """Half a line at the end, as a power cut leaves it, costs that line only; the pointer restores it."""
    for version in ("1", "2"):
        publish(version)
        registry.promote(store, version, "better")
    path = store.folder / ledger.NAME
    path.write_bytes(path.read_bytes()[:-30])

    registry.mend(store)

    assert [row.version for row in ledger.rows(store)] == ["1", "2"]
    assert registry.rollback(store).version == "1"


def test_a_corrupt_pointer_is_mended_by_a_promotion(store: Store, publish: Publish) -> None:
    """The message of a corrupt pointer asks for `promote`; promote works then."""
    for version in ("1", "2"):
        publish(version)
        registry.promote(store, version, "better")
    store.replace("champion.json", b"{")

    assert registry.promote(store, "1", "mended").previous == "2"
    assert champion(store) == "1"


def test_promotions_at_the_same_time_leave_a_whole_history(store: Store, publish: Publish) -> None:
    """Eight promoters at once: every row follows on the row before, and the last row is the champion."""
    versions = [str(number) for number in range(1, 9)]
    for version in versions:
        publish(version)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda version: registry.promote(Store(store.folder), version, "race"), versions))

    rows = ledger.rows(store)
    assert sorted(row.version for row in rows) == sorted(versions)
    assert [row.previous for row in rows[1:]] == [row.version for row in rows[:-1]]
    assert rows[-1].version == champion(store)


def test_the_ledger_says_who_served_when(store: Store, publish: Publish) -> None:
    """Before the first promotion nobody; at a moment, whoever was promoted last before it."""
    for version in ("1", "2"):
        publish(version)
        registry.promote(store, version, "better")
    first, second = ledger.rows(store)

    assert ledger.served([first, second], "2000-01-01T00:00:00Z") is None
    assert ledger.served([first, second], first.at) == "1"
    assert ledger.served([first, second], "2999-01-01T00:00:00Z") == "2"


def test_the_ledger_is_one_json_object_a_line(store: Store, publish: Publish) -> None:
    """Other programs can read it."""
    publish("1")
    registry.promote(store, "1", "größer")

    [line] = (store.folder / ledger.NAME).read_text("utf8").splitlines()

    assert json.loads(line)["why"] == "größer"
