"""Scoring and writing at the same time: portions gather into loads, and a thread of its own writes one after another.

At most two loads wait for the writer, so a slow sink holds the scoring up instead of filling the memory.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..usecase.batches import Portion
from .sink import Standing

#: Loads that may wait for the writer.
WAITING = 2


def after(portion: Portion, standing: Standing) -> Standing:
    """The standing once a portion is written."""
    return Standing(
        mark=portion.mark,
        read=standing.read + portion.read,
        written=standing.written + len(portion.table),
        rejected=standing.rejected + len(portion.rejected),
        started=standing.started,
    )


def loads(portions: Iterable[Portion], size: int) -> Iterator[Portion]:
    """Gather portions into larger ones: until at least `size` rows were read or answered."""
    gathered: list[Portion] = []
    held = 0
    for portion in portions:
        gathered.append(portion)
        held += max(portion.read, len(portion.table))
        if held >= size:
            yield _load(gathered)
            gathered, held = [], 0
    if gathered:
        yield _load(gathered)


def _load(portions: list[Portion]) -> Portion:
    import pyarrow as pa

    numbers = [portion.numbers for portion in portions if portion.numbers is not None]
    return Portion(
        table=pa.concat_tables([portion.table for portion in portions]),
        rejected=tuple(row for portion in portions for row in portion.rejected),
        numbers=np.concatenate(numbers) if numbers else None,
        read=sum(portion.read for portion in portions),
        mark=portions[-1].mark,
    )


def pump(loads: Iterable[Portion], write: Callable[[Portion], None]) -> None:
    """Hand every load to `write`, in order, in a thread of its own; raises what either side raised, once both rest."""
    waiting: queue.Queue[Portion | None] = queue.Queue(WAITING)
    failed: list[BaseException] = []

    def writer() -> None:
        while (load := waiting.get()) is not None:
            if not failed:
                try:
                    write(load)
                except BaseException as error:  # carried to the thread that waits for it
                    failed.append(error)

    thread = threading.Thread(target=writer, name="writer")
    thread.start()
    try:
        for load in loads:
            if failed:
                break
            waiting.put(load)
    finally:
        waiting.put(None)
        thread.join()
    if failed:
        raise failed[0]
