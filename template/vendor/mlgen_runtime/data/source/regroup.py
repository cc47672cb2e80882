"""From pieces of any length, as reading gives them, to batches of the length that was asked for. Nothing is copied."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator

import numpy as np

from .rows import Batch


def regroup(pieces: Generator[Batch, None, None], size: int, after: int = 0) -> Iterator[Batch]:
    """Yield the rows after number `after` of consecutive `pieces` in batches of `size`; the last may be shorter."""
    held: list[Batch] = []
    wanted = size
    with contextlib.closing(pieces):
        for piece in pieces:
            start = max(piece.start, after)
            while start < piece.end:
                end = min(piece.end, start + wanted)
                held.append(part(piece, start, end))
                wanted -= end - start
                start = end
                if not wanted:
                    yield joined(held)
                    held, wanted = [], size
    if held:
        yield joined(held)


def part(batch: Batch, start: int, end: int) -> Batch:
    """Return the rows `start + 1` to `end` of a batch that holds them."""
    if (start, end) == (batch.start, batch.end):
        return batch
    low, high = (int(index) for index in np.searchsorted(batch.numbers, (start, end), side="right"))
    broken = tuple(line for line in batch.broken if start < line.number <= end)
    return Batch(start, end - start, batch.table.slice(low, high - low), batch.numbers[low:high], broken)


def joined(batches: list[Batch]) -> Batch:
    """Return consecutive batches of the same columns as one."""
    if len(batches) == 1:
        return batches[0]
    import pyarrow as pa

    return Batch(
        start=batches[0].start,
        length=sum(batch.length for batch in batches),
        table=pa.concat_tables([batch.table for batch in batches]),
        numbers=np.concatenate([batch.numbers for batch in batches]),
        broken=tuple(line for batch in batches for line in batch.broken),
    )
