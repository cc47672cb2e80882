"""A job that is killed at any step, and the same command again: the table is the one of a job that nobody disturbed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_runs import answers, few, quarantine
from killing import Victims

pytest_plugins = ["postgres"]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a job is killed in a fork")

#: Every which step a job is killed at; 1 is for those with time.
STRIDE = int(os.environ.get("BATCH_KILL_STRIDE", "7"))
SINKS = ("sqlite", "postgresql", "folder", "file", "delta")
#: Sinks do not know what their rows are of; the portions of forecasts meet a database and a folder.
MET = [*(("tabular", sink) for sink in SINKS), ("timeseries", "sqlite"), ("timeseries", "folder")]
met = pytest.mark.parametrize(("use_case", "sink"), MET, indirect=True)


@pytest.fixture
def victims(trained: Path) -> Iterator[Victims]:
    few(trained)
    forked = Victims(trained)
    yield forked
    forked.close()


@pytest.fixture
def sink(request: pytest.FixtureRequest) -> str:
    """An address in which N is for the number of the try."""
    if request.param == "postgresql":
        return f"{request.getfixturevalue('database')}#try-N"
    places = {"sqlite": "sqlite:///try-N.db", "folder": "out-N", "file": "one-N.parquet", "delta": "delta://table-N"}
    return places[request.param]


def timeless(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows without the moment of scoring, which is their last column."""
    return [row[:-1] for row in rows]


@pytest.mark.parametrize("over", [False, True], ids=["new", "over"])
@met
def test_a_killed_job_goes_on(trained: Path, victims: Victims, sink: str, over: bool) -> None:
    """Killed before a step, and run again, a job leaves every row once, all of one moment, and the same rejected
    rows: in a new table, and over the answers of another day."""
    output = f"batch.output={sink}"
    if over and sink.startswith(("out", "one", "delta")):
        pytest.skip("a folder's files change places, whatever was there")
    yesterday = "batch.date=2026-01-30"

    def start(number: int) -> list[str]:
        if over:
            assert victims.run(0, output.replace("N", str(number)), yesterday) == 0
        return [output.replace("N", str(number))]

    assert victims.run(0, *start(0)) == 0
    expected = answers(trained, sink.replace("N", "0")), quarantine(trained, sink.replace("N", "0"))
    assert expected[0] and expected[1]

    for step in range(STRIDE, 500, STRIDE):
        settings = start(step)
        ended = victims.run(step, *settings)
        if ended == 0:
            break
        assert ended == -9
        assert victims.run(0, *settings) == 0, f"killed before step {step}"
        found = answers(trained, sink.replace("N", str(step)))
        assert timeless(found) == timeless(expected[0]), f"killed before step {step}"
        assert len({row[-1] for row in found}) == 1
        assert quarantine(trained, sink.replace("N", str(step))) == expected[1], f"killed before step {step}"
    assert step >= 3 * STRIDE or STRIDE > 8


@met
def test_a_job_that_is_killed_again_and_again_ends(trained: Path, victims: Victims, sink: str) -> None:
    """Killed some steps after each start, a bit later every time, a job still ends with the table as it should be."""
    output = f"batch.output={sink}"
    assert victims.run(0, output.replace("N", "a")) == 0
    tries = 1
    while victims.run(4 * tries, output.replace("N", "b")) == -9:
        tries += 1
    assert tries > 3

    assert timeless(answers(trained, sink.replace("N", "b"))) == timeless(answers(trained, sink.replace("N", "a")))
    assert quarantine(trained, sink.replace("N", "b")) == quarantine(trained, sink.replace("N", "a"))
