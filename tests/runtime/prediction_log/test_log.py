"""The log of predictions: what is kept, also in a crash, on a full disk, without a database, and what never gets in."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from asking import Asking, everything, ids, kept, refusal
from mlgen_runtime.bundle import shadow
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.prediction_log import entry, place, segment, settings, ship
from mlgen_runtime.prediction_log import hook as observing
from mlgen_runtime.prediction_log.database import Away, Database, open_database
from mlgen_runtime.prediction_log.journal import Journal
from mlgen_runtime.prediction_log.settings import LogSettings, from_environment, to_environment
from sample_projects import TEMPLATE

pytest_plugins = ["postgres"]

#: This module runs in each use case.
EACH_USE_CASE = True


@pytest.fixture(scope="module")
def asking(trained_once: Path) -> Asking:
    return Asking(trained_once)


@pytest.fixture
def wanted(tmp_path: Path) -> LogSettings:
    """Settings of a log in a folder of the test's own."""
    return LogSettings(folder=str(tmp_path / "log"), database=f"sqlite:///{tmp_path / 'log.db'}")


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, wanted: LogSettings) -> LogSettings:
    """The same, once for each kind of database."""
    if request.param == "sqlite":
        return wanted
    return dataclasses.replace(wanted, database=request.getfixturevalue("database"))


@pytest.fixture
def observe(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A log that observes with given settings, and starts no process: tests ship themselves."""
    monkeypatch.setattr(observing.Log, "_start", lambda self: None)
    open_logs: list[observing.Log] = []

    def start(chosen: LogSettings) -> observing.Log:
        log = observing.observe(asking.place(chosen))
        assert isinstance(log, observing.Log)
        open_logs.append(log)
        return log

    yield start
    for log in open_logs:
        log.journal.close()


def lines(asking: Asking, count: int) -> list[bytes]:
    """Lines of so many requests."""
    return [entry.answered(asking.answered(f"request-{number:04d}"), ()) for number in range(count)]


def left_behind(folder: Path, *content: bytes) -> Path:
    """A file of a process that is no more."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"elsewhere-1-{time.time_ns():016x}-000001.jsonl"
    path.write_bytes(b"".join(content))
    return path


def test_a_prediction_is_kept_with_all_that_belongs_to_it(asking: Asking, observe: Any, either: LogSettings) -> None:
    """Id, moment, version, features and the whole answer are in the database; so is why a request was refused."""
    log = observe(either)
    told = asking.answered("one")

    log.predicted(told)
    log.refused(refusal("two", (("body", "records", 0, "age"), "expected a number, got 'x'")))
    shipped = ship.ship_once(either)

    rows = kept(either)
    assert (shipped.predictions, shipped.refusals) == (asking.rows, 1)
    assert [row["row"] for row in rows] == list(range(asking.rows))
    for row, (key, prediction, output) in zip(rows, asking.model.answers.decode(json.loads(told.answer)), strict=True):
        assert (row["request_id"], row["source"], row["model_version"]) == ("one", "rest", asking.model.version)
        assert (row["at"], row["ms"]) == (pytest.approx(told.at), 1.5)
        assert (json.loads(row["prediction"]), json.loads(row["output"])) == (prediction, output)
        if asking.model.answers.EACH_RECORD:
            assert json.loads(row["features"]) == asking.records[row["row"]]
        else:
            assert row["key"] == key
    (refused,) = kept(either, "refusal_log")
    assert (refused["request_id"], refused["status"]) == ("two", 422)
    assert json.loads(refused["faults"])[0]["loc"] == ["body", "records", 0, "age"]


def test_every_output_has_the_predictors_name(asking: Asking) -> None:
    """What comes with a prediction is called as the predictor calls its columns."""
    _, _, output = next(iter(asking.model.answers.decode(asking.plain)))

    assert set(output) <= set(asking.found)


@pytest.mark.only_in("tabular")  # forecasts have their own keys
def test_the_key_is_that_of_the_request_where_it_brings_one(asking: Asking, observe: Any, wanted: LogSettings) -> None:
    """A record with the columns that tell rows apart is found by them, however their cells are written."""
    log = observe(dataclasses.replace(wanted, key=("shop", "order")))

    log.predicted(asking.answered("with", shop="A", order=7.0))
    log.predicted(asking.answered("without", shop="A"))
    ship.ship_once(wanted)

    assert [(row["request_id"], row["key"]) for row in kept(wanted)] == [("with", '["A", "7"]'), ("without", None)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the shipper is killed in a fork")
def test_a_shipper_that_is_killed_anywhere_ships_each_entry_once(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before any of its steps, and followed by another, it has lost nothing and written nothing twice."""
    sent = lines(asking, 12)
    expected = sorted(f"request-{number:04d}" for number in range(12) for _ in range(asking.rows))
    monkeypatch.setattr(ship.tail, "PART", sum(map(len, sent)) // 4)
    for step in itertools.count(1):
        folder = tmp_path / f"killed-{step}"
        wanted = LogSettings(folder=str(folder), database=f"sqlite:///{folder / 'log.db'}")
        left_behind(folder, *sent)
        if (child := os.fork()) == 0:
            killed_before(step)
            ship.ship_once(wanted)
            os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

        ship.ship_once(wanted)

        assert ids(wanted) == expected
        assert not segment.segments(folder)
        if not killed:
            break
    assert step > 12


def killed_before(step: int) -> None:
    """Let this process end by SIGKILL before its `step`-th statement or removal."""
    left = [step]

    def before(of: Any, name: str) -> None:
        call = getattr(of, name)

        def counted(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        setattr(of, name, counted)

    for name in ("run", "many"):
        before(Database, name)
    before(Path, "unlink")
    before(ship.report, "keep")


def test_two_who_ship_at_once_ship_each_entry_once(asking: Asking, either: LogSettings) -> None:
    """Several shippers of one folder leave each entry to one of them."""
    for _ in range(3):
        left_behind(Path(either.folder), *lines(asking, 20))
    open_database(either.database).close()

    threads = [threading.Thread(target=ship.ship_once, args=(either,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ids(either) == sorted(f"request-{number:04d}" for number in range(20) for _ in range(asking.rows))


def test_entries_wait_for_a_database_that_is_away(asking: Asking, observe: Any, tmp_path: Path) -> None:
    """Nothing is lost while the database cannot be reached, and all of it is there once it can."""
    wanted = LogSettings(folder=str(tmp_path / "log"), database=f"sqlite:///{tmp_path / 'away' / 'log.db'}")
    (tmp_path / "away").write_text("a file where the folder should be")
    log = observe(wanted)

    log.predicted(asking.answered("one"))
    with pytest.raises(Away, match="log.database"):
        ship.ship_once(wanted)
    log.predicted(asking.answered("two"))
    (tmp_path / "away").unlink()
    ship.ship_once(wanted)

    assert set(ids(wanted)) == {"one", "two"}


def test_entries_wait_for_a_server_that_stops(asking: Asking, observe: Any, wanted: LogSettings, postgres: Any) -> None:
    """PostgreSQL that crashes and comes back gets each entry once."""
    wanted = dataclasses.replace(wanted, database=postgres.fresh())
    log = observe(wanted)
    log.predicted(asking.answered("one"))
    ship.ship_once(wanted)

    postgres.stop()
    log.predicted(asking.answered("two"))
    with pytest.raises(Away):
        ship.ship_once(wanted)
    postgres.start()
    ship.ship_once(wanted)

    assert ids(wanted) == sorted(["one", "two"] * asking.rows)


def test_a_torn_line_is_passed_over_once_nobody_can_finish_it(asking: Asking, wanted: LogSettings) -> None:
    """Of a process that is gone the half line is dropped; of one that runs it is waited for."""
    whole, half = lines(asking, 2)
    left_behind(Path(wanted.folder), whole, half[:40])
    writer = segment.Writer(Path(wanted.folder))
    writer.append(half[:40])

    ship.ship_once(wanted)
    assert set(ids(wanted)) == {"request-0000"}

    writer.append(half[40:])
    ship.ship_once(wanted)
    writer.close()
    assert set(ids(wanted)) == {"request-0000", "request-0001"}


def test_a_line_that_is_no_entry_does_not_hold_up_the_others(asking: Asking, wanted: LogSettings) -> None:
    """What a power cut left of a line is counted and passed over."""
    first, second = lines(asking, 2)
    left_behind(Path(wanted.folder), first, b"\0\0\0\n", b'{"id": 3}\n', second)

    shipped = ship.ship_once(wanted)

    assert shipped.broken == 2
    assert set(ids(wanted)) == {"request-0000", "request-0001"}


def test_what_waits_on_the_disk_is_bounded(asking: Asking, wanted: LogSettings) -> None:
    """Beyond the bound the oldest finished files go, and their entries are counted; the newest stays."""
    writer = segment.Writer(Path(wanted.folder), full=2000)
    sent = lines(asking, 30)
    for line in sent:
        writer.append(line)
    size = sum(map(len, sent))

    lost = segment.bound(Path(wanted.folder), size // 2, {})
    writer.close()
    ship.ship_once(wanted)

    survivors = sorted(set(ids(wanted)))
    assert 0 < lost < 30
    assert survivors == [f"request-{number:04d}" for number in range(lost, 30)]


class Slow(segment.Writer):
    """A disk on which each write takes its time, or fails, for as long as it is told to."""

    pause = 0.0
    fault: OSError | None = None

    def append(self, lines: bytes) -> None:
        time.sleep(self.pause)
        if self.fault:
            raise self.fault
        super().append(lines)


@pytest.fixture
def slow(wanted: LogSettings) -> Iterator[tuple[Slow, Journal]]:
    writer = Slow(Path(wanted.folder))
    journal = Journal(writer, 10_000, 0.02)
    yield writer, journal
    writer.pause, writer.fault = 0.0, None
    journal.close()


def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came true")


def test_a_slow_disk_holds_up_no_more_than_one_write(
    slow: tuple[Slow, Journal], asking: Asking, wanted: LogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a write that took too long others go on while the disk works; each entry comes, in order, and once."""
    writer, journal = slow
    monkeypatch.setattr(journal, "memory", 10_000_000)
    writer.pause = 0.2
    sent = lines(asking, 40)
    journal.write(sent[0])
    assert journal.detached

    for line in sent[1:]:
        journal.write(line)
    assert journal.tally.waiting_bytes > 0  # nobody waited for the disk
    writer.pause = 0.0
    until(lambda: not journal.detached)

    ship.ship_once(wanted)
    assert ids(wanted) == sorted(f"request-{number:04d}" for number in range(40) for _ in range(asking.rows))
    assert (journal.tally.written, journal.tally.dropped, journal.tally.waiting_bytes) == (40, 0, 0)


def test_what_the_memory_does_not_hold_is_dropped_and_counted(
    slow: tuple[Slow, Journal], asking: Asking, wanted: LogSettings
) -> None:
    """With a disk that takes nothing the queue grows to its bound; written and dropped together are what came."""
    writer, journal = slow
    writer.fault = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sent = lines(asking, 100)

    for line in sent:
        journal.write(line)
    assert journal.tally.waiting_bytes <= 10_000
    assert 0 < journal.tally.dropped < 100
    writer.fault = None
    until(lambda: not journal.detached)

    ship.ship_once(wanted)
    assert journal.tally.written == 100 - journal.tally.dropped == len(set(ids(wanted)))


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of 64 kB."""
    place = Path(tempfile.mkdtemp())
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a small file system takes root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_leaves_whole_lines(disk: Path, asking: Asking, wanted: LogSettings) -> None:
    """What fits is kept whole, what does not waits, and is written once there is room."""
    (disk / "ballast").write_bytes(b"x" * 40_000)
    wanted = dataclasses.replace(wanted, folder=str(disk / "log"))
    journal = Journal(segment.Writer(Path(wanted.folder)), 10_000_000, 0.02)
    sent = lines(asking, 1 + 40_000 // len(lines(asking, 1)[0]))

    for line in sent:
        journal.write(line)
    assert journal.detached
    assert not b"".join(path.read_bytes() for path in Path(wanted.folder).glob("*.jsonl")).rpartition(b"\n")[2]
    (disk / "ballast").unlink()
    until(lambda: not journal.detached)
    journal.close()

    ship.ship_once(wanted)
    assert len(set(ids(wanted))) == len(sent)


def test_a_share_of_the_requests_is_logged_the_same_everywhere(
    asking: Asking, observe: Any, wanted: LogSettings
) -> None:
    """About the share that is asked for is kept, chosen by the id alone, refusals among them; 0 keeps none."""
    chosen = dataclasses.replace(wanted, sample=0.25)
    names = [f"request-{number}" for number in range(2000)]

    log, other = observe(chosen), observe(dataclasses.replace(chosen, folder=chosen.folder + "-other"))
    kept_ones = [name for name in names if log._chosen(name)]
    for name in names[:40]:
        log.refused(refusal(name))
    ship.ship_once(chosen)

    assert 400 < len(kept_ones) < 600
    assert kept_ones == [name for name in names if other._chosen(name)]
    refused = {row["request_id"] for row in kept(chosen, "refusal_log")}
    assert refused == set(names[:40]) & set(kept_ones)
    assert observing.observe(asking.place(dataclasses.replace(wanted, sample=0.0))) is None


def test_a_redacted_column_gets_nowhere(asking: Asking, observe: Any, wanted: LogSettings) -> None:
    """No file and no table holds its values: not of a prediction, not in the words of a refusal."""
    name = next(iter(asking.records[0])) if asking.model.answers.EACH_RECORD else "note"
    log = observe(dataclasses.replace(wanted, redact=(name,), sync_seconds=0.01))
    secret = "s3cret-Value"

    log.predicted(asking.answered("one", **{name: secret}))
    log.refused(refusal("two", (("body", "records", 0, name), f"expected a number, got '{secret}'")))
    log.refused(refusal("three", (("body", "records"), f"the model has no answer for {secret}")))
    assert secret.encode() not in everything(Path(wanted.folder))
    ship.ship_once(wanted)

    assert secret.encode() not in everything(Path(wanted.folder).parent)
    assert {row["request_id"] for row in kept(wanted)} == {"one"}
    assert len(kept(wanted, "refusal_log")) == 2


def test_a_redacted_column_that_is_none_is_named(
    asking: Asking, observe: Any, wanted: LogSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error would let through what should be kept out: it is said, with the nearest name."""
    name = next(iter(asking.model.contract.columns)).name

    observe(dataclasses.replace(wanted, redact=(f"{name}x",)))

    assert f"no column '{name}x' (did you mean '{name}'?)" in capsys.readouterr().err


@pytest.mark.only_in("timeseries")  # rows are told apart by their request
def test_what_tells_forecasts_apart_is_not_redacted(asking: Asking, observe: Any, wanted: LogSettings) -> None:
    """Without its series or its moment an entry would say nothing."""
    with pytest.raises(InputError, match="tells forecasts apart"):
        observe(dataclasses.replace(wanted, redact=(asking.model.contract.with_role("time")[0].name,)))


def test_a_service_starts_where_nothing_can_be_written(asking: Asking, observe: Any, wanted: LogSettings) -> None:
    """With a folder that cannot be made entries wait in memory; once it can, they are written."""
    path = Path(wanted.folder)
    path.write_text("a file where the folder should be")
    log = observe(dataclasses.replace(wanted, sync_seconds=0.02))

    log.predicted(asking.answered("one"))
    assert log.journal.detached
    path.unlink()
    until(lambda: not log.journal.detached)

    ship.ship_once(wanted)
    assert set(ids(wanted)) == {"one"}


def test_old_entries_leave_the_database_and_others_stay(
    asking: Asking, either: LogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older than the retention goes, in portions, at most once an hour."""
    monkeypatch.setattr(ship.retention, "PORTION", 5)
    now, day = time.time(), 86_400.0
    ages = [*(now - 100 * day - number for number in range(23)), *(now - number for number in range(7))]
    told = [dataclasses.replace(asking.answered(f"request-{number:03d}"), at=at) for number, at in enumerate(ages)]
    left_behind(Path(either.folder), *(entry.answered(each, ()) for each in told))

    ship.ship_once(dataclasses.replace(either, retention_days=None))
    assert len(set(ids(either))) == 30
    ship.ship_once(either)
    assert sorted(set(ids(either))) == [f"request-{number:03d}" for number in range(23, 30)]

    left_behind(Path(either.folder), entry.answered(told[0], ()))
    ship.ship_once(either)
    assert len(set(ids(either))) == 8  # the hour is not over


def test_the_truth_is_shipped_and_a_later_one_replaces_it(asking: Asking, observe: Any, wanted: LogSettings) -> None:
    """Outcomes that the service was told stand under the request and row, or the key, that they are the truth of."""
    wanted = dataclasses.replace(wanted, retention_days=None)
    observe(wanted)
    around = place.read(Path(wanted.folder))
    told = around.outcomes_from(Path(wanted.folder))
    assert told is not None
    outcomes = [
        {"at": "2026-01-31T12:00:00.000Z", "request_id": "one", "row": 2, "truth": 1},
        {"at": "2026-01-31T12:00:00.000Z", "key": "7590", "truth": 2},
        {"at": "2026-01-31T12:00:00.000Z", "key": '["A", "2026-01-31T00:00:00"]', "truth": 3},
        {"at": "2026-01-31T13:00:00.000Z", "request_id": "one", "row": 2, "truth": 4},
    ]
    try:
        told.write_text("".join(json.dumps(each) + "\n" for each in outcomes[:3]), "utf8")
        ship.ship_once(wanted)
        with told.open("a") as file:
            file.write(json.dumps(outcomes[3]) + "\n")
        shipped = ship.ship_once(wanted)
    finally:
        told.unlink()

    assert shipped.outcomes == 1
    truths = {row["subject"]: json.loads(row["truth"]) for row in kept(wanted, "outcome_log")}
    assert truths == {"one/2": 4, 'key:["7590"]': 2, 'key:["A", "2026-01-31T00:00:00"]': 3}


@pytest.fixture
def rival(trained: Path) -> Asking:
    """A project whose champion was published a second time, as version 2."""
    import shutil

    shutil.copytree(trained / "bundles" / "1", trained / "bundles" / "2")
    return Asking(trained)


@pytest.mark.parametrize("by", ["setting", "file"])
def test_a_shadow_answers_the_same_requests(rival: Asking, wanted: LogSettings, by: str) -> None:
    """The other version's answers stand beside those that were sent, under its own version; nobody got them."""
    if by == "file":
        shadow.name(Store(rival.root / "bundles"), "2", "1")
    chosen = dataclasses.replace(wanted, shadow="2" if by == "setting" else None)
    Path(wanted.folder).mkdir()
    place.keep(Path(wanted.folder), place.LogOrigin(store=str(rival.root / "bundles")))
    left_behind(Path(wanted.folder), *lines(rival, 3))

    ship.ship_once(chosen)

    rows = kept(chosen)
    sent = [row for row in rows if row["source"] == "rest"]
    silent = [row for row in rows if row["source"] == "shadow"]
    assert len(sent) == len(silent) == 3 * rival.rows
    assert {row["model_version"] for row in silent} == {"2"}
    for one, other in zip(sent, silent, strict=True):
        names = ("request_id", "row", "at", "features", "prediction", "output")
        assert {name: one[name] for name in names} == {name: other[name] for name in names}


@pytest.mark.parametrize(("version", "why"), [("9", "has no bundle"), ("2", "log.redact keeps out")])
def test_a_shadow_that_cannot_answer_is_named_and_passed_over(
    rival: Asking, wanted: LogSettings, version: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says why: it is not published, or a column that it needs is kept out of the log. Shipping goes on."""
    redact = (next(iter(rival.records[0])),) if version == "2" else ()
    chosen = dataclasses.replace(wanted, shadow=version, redact=redact)
    Path(wanted.folder).mkdir()
    place.keep(Path(wanted.folder), place.LogOrigin(store=str(rival.root / "bundles")))
    left_behind(Path(wanted.folder), *lines(rival, 1))

    ship.ship_once(chosen)

    assert {row["source"] for row in kept(chosen)} == {"rest"}
    assert why in capsys.readouterr().err


def test_the_defaults_of_containers_are_those_of_conf() -> None:
    """conf/log/default.yaml and the settings that a container starts from are the same."""
    values = yaml.safe_load((TEMPLATE / "{{monitor}}" / "conf" / "log" / "default.yaml").read_text("utf8"))
    values |= {"key": [], "redact": []}

    defaults = dataclasses.asdict(LogSettings())
    assert values == {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}


def test_settings_come_through_the_environment() -> None:
    """What is set reaches the processes of a service unchanged, and others' LOG_… variables are left alone."""
    chosen = LogSettings(sample=0.5, redact=("a", "b, c"), retention_days=None, shadow="8", key=("id",))

    assert from_environment({**to_environment(chosen), "LOG_LEVEL": "info"}) == chosen
    assert from_environment({"LOG_REDACT": "name, street"}).redact == ("name", "street")


@pytest.mark.parametrize(("name", "text"), [("LOG_SAMPLE", "1.5"), ("LOG_DISK_MB", "much"), ("LOG_BATCH_ROWS", "0")])
def test_a_setting_that_cannot_be_read_is_named(name: str, text: str) -> None:
    """The message has the variable, what it says and what is possible."""
    with pytest.raises(InputError, match=f"{name} is '{text}'; expected"):
        settings.from_environment({name: text})


def test_a_database_that_is_none_is_named(asking: Asking, wanted: LogSettings) -> None:
    """An address that is neither SQLite nor PostgreSQL is refused, in words."""
    with pytest.raises(InputError, match=r"log\.database: mysql://x is no address"):
        ship.ship_once(dataclasses.replace(wanted, database="mysql://x"))
