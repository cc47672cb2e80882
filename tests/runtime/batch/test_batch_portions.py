"""A database sink by itself: whatever the portions and wherever writing fails, the table ends the same; and the line
that says how far a run is."""

from __future__ import annotations

import io
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.batch.pump import after, loads, pump
from mlgen_runtime.batch.sink import Run, Standing, open_sink
from mlgen_runtime.core.row_progress import Progress
from mlgen_runtime.usecase.batches import Field, Form, Portion, Rejected

FORM = Form((Field("id", "text"), Field("prediction", "number")), key=("id",), lasting=True)
RUN = Run(id="a1", job="j", source="rows", fingerprint="f", model_version="1", date="2026-01-31")


class Stopped(Exception):
    """What a test breaks a run off with."""


def portions(keys: list[int], size: int, begin: int) -> Iterator[Portion]:
    """Rows with these keys, `size` at a time, from one on; a negative one is a row at fault."""
    for start in range(begin, len(keys), size):
        part = list(enumerate(keys[start : start + size], start=start + 1))
        good = [(number, key) for number, key in part if key >= 0]
        table = pa.table(
            {"id": [f"k{key}" for _, key in good], "prediction": [number / 7 for number, _ in good]}, FORM.schema
        )
        rejected = tuple(Rejected(number, "at fault", "{}") for number, key in part if key < 0)
        numbers = np.asarray([number for number, _ in good], dtype=np.int64)
        yield Portion(table, rejected, read=len(part), mark=start + len(part), numbers=numbers)


def attempt(folder: Path, keys: list[int], size: int, chunk: int, fails: int | None, run: Run = RUN) -> Standing:
    """One process of a run: from where the last one was to the end, or to the `fails`-th load."""
    sink = open_sink("sqlite:///p.db", folder, False)
    try:
        with sink.hold(run, FORM, False):
            standing = sink.begin()
            count = [0]

            def write(load: Portion) -> None:
                nonlocal standing
                count[0] += 1
                if count[0] == fails:
                    raise Stopped
                to = after(load, standing)
                doubles = sink.write(load, to)
                standing = Standing(to.mark, to.read, to.written - doubles, to.rejected + doubles, to.started)

            pump(loads(portions(keys, size, standing.mark), chunk), write)
            sink.finish(standing)
            return standing
    finally:
        sink.close()


@settings(max_examples=25, deadline=None)
@given(
    keys=st.lists(st.integers(-2, 12), max_size=30),
    sizes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)), min_size=1, max_size=3),
    before=st.lists(st.integers(0, 12), max_size=8),
)
def test_any_portions_make_the_same_table(
    keys: list[int], sizes: list[tuple[int, int, int]], before: list[int]
) -> None:
    """However the rows are cut, whenever a process fails, and over whatever rows of an earlier run: each key has the
    answer of its first row, every other row is in quarantine, and the standing counts both."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        attempt(folder, before, 4, 4, None, Run("b2", "other", "rows", "f", "1", "2026-01-30"))
        for size, chunk, fails in sizes:
            try:
                standing = attempt(folder, keys, size, chunk, fails)
            except Stopped:
                continue
        standing = attempt(folder, keys, 5, 5, None)

        connection = sqlite3.connect(folder / "p.db")
        table = dict(connection.execute("select id, prediction from predictions where run_id = 'a1'"))
        kept = dict(connection.execute("select id, run_id from predictions where run_id <> 'a1'"))
        rejected = [row for (row,) in connection.execute("select row from predictions_quarantine where run_id = 'a1'")]
        connection.close()
        first = {f"k{key}": number for number, key in reversed(list(enumerate(keys, start=1))) if key >= 0}
        assert table == {key: number / 7 for key, number in first.items()}
        assert sorted(rejected) == sorted(set(range(1, len(keys) + 1)) - set(first.values()))
        assert (standing.read, standing.written, standing.rejected) == (len(keys), len(table), len(rejected))
        assert set(kept) == {f"k{key}" for key in before} - set(first)


def test_what_the_writer_raises_reaches_the_reader() -> None:
    """A load that cannot be written ends the run with its own error, and no later load is written."""
    written = []

    def write(load: Portion) -> None:
        written.append(load.mark)
        if load.mark >= 4:
            raise Stopped

    with pytest.raises(Stopped):
        pump(loads(portions([1] * 40, 2, 0), 2), write)

    assert written == [2, 4]


def test_what_the_reader_raises_waits_for_the_writer() -> None:
    """Where reading fails, the loads before it are written, and then its error comes."""
    written = []

    def reading() -> Iterator[Portion]:
        yield from portions([1, 2, 3], 1, 0)
        raise Stopped

    with pytest.raises(Stopped):
        pump(reading(), lambda load: written.append(load.mark))

    assert written == [1, 2, 3]


@pytest.mark.parametrize(
    ("progress", "rows", "said"),
    [
        (Progress(5_000_000, 0), 1_250_000, "██░░░░░░  1,250,000 of 5,000,000 rows   125,000 rows/s   30 s left"),
        (Progress(400, 100, reckoned=True), 200, "████░░░░  200 of about 400 rows   10 rows/s   20 s left"),
        (Progress(400, 0, reckoned=True), 401, "401 rows   40 rows/s"),
        (Progress(400, 400), 400, "████████  400 of 400 rows   0 rows/s"),
        (Progress(None, 0, what="rows of the database"), 90, "90 rows of the database   9 rows/s"),
        (Progress(2**40, 0), 2**20, "░░░░░░░░  1,048,576 of 1,099,511,627,776 rows   104,858 rows/s   2912.7 h left"),
    ],
)
def test_the_line_of_a_terminal(progress: Progress, rows: int, said: str) -> None:
    """A bar, the rows, rows a second of this process, and the time that is left, as far as the total is known."""
    assert progress.line(rows, 10.0) == said


def test_only_a_terminal_is_shown_how_far_it_is() -> None:
    """Where output goes to a file, nothing is written; a terminal's line is gone at the end."""
    for terminal in (False, True):
        out = io.StringIO()
        out.isatty = lambda terminal=terminal: terminal  # type: ignore[method-assign]
        with Progress(10, 0, out=out) as progress:
            progress.show(5)
        assert ("5 of 10 rows" in out.getvalue()) == terminal
        assert out.getvalue().endswith(" \r") == terminal
