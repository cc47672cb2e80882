"""`POST /outcome`: the truth that arrived later, kept for monitoring and retraining.

    {"request_id": "5f0c…", "row": 0, "truth": "Yes"}            what the prediction `row` of that request was about
    {"key": "7590-VHVEG", "truth": "No"}                          a row by its own key
    {"outcomes": [{…}, {…}]}                                      many at once

Appended as JSON lines with one write, and answered only when they are on the disk.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import msgspec

from ..contract.schema import Contract
from .fields import FLOAT_LIMIT, shorten
from .logs import stamp
from .records import parse
from .refusal import Fault, Refused
from .request import Receive, Request, Scope, Send, busy, read, refuse, reply, require_json
from .state import State

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Row = Annotated[float, msgspec.Meta(ge=0, le=10_000_000, multiple_of=1)]
FIELDS = ("request_id", "row", "key", "truth")


class Outcome:
    """The endpoint. One thread writes, so lines of one process come in order; `O_APPEND` keeps workers apart."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.writer = ThreadPoolExecutor(1, "outcome")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = scope["request"]
        try:
            body = await read(request, receive, self.state)
            require_json(request)
            entries = check(parse(body), self.state)
            await self._store(entries)
        except Refused as refused:
            return await refuse(send, request, refused)
        request.rows, request.version = len(entries), self.state.served.version
        stored = msgspec.json.encode({"stored": len(entries), "request_id": request.id})
        return await reply(send, request, 201, stored)

    async def _store(self, entries: list[dict[str, Any]]) -> None:
        """Append the lines and wait until they are on the disk; raises Refused 503 where that fails."""
        common = {"at": stamp(time.time()), "model_version": self.state.served.version}
        lines = b"".join(msgspec.json.encode(common | entry) + b"\n" for entry in entries)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self.writer, append, Path(self.state.settings.outcomes), lines)
        except OSError as error:
            self.state.metrics.count("outcomes_total", len(entries), result="lost")
            raise busy(f"the outcomes could not be stored ({error.strerror}); send them again later") from error
        self.state.metrics.count("outcomes_total", len(entries), result="stored")


def append(path: Path, lines: bytes) -> None:
    """Append lines durably. Should a write be cut short (a full disk), the file is cut back to whole lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        before = os.fstat(descriptor).st_size
        if os.write(descriptor, lines) < len(lines):
            os.ftruncate(descriptor, before)
            raise OSError(28, "no space left on device")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check(payload: Any, state: State) -> list[dict[str, Any]]:
    """Return the outcomes of a body, or raise Refused 422 with every fault by its field's name."""
    many = isinstance(payload, dict) and "outcomes" in payload
    given = payload["outcomes"] if many else [payload]
    limit = state.settings.batch_limit
    if many and set(payload) != {"outcomes"}:
        names = sorted(set(payload) - {"outcomes"})
        raise Refused(422, [Fault(("body", name), "unknown field beside 'outcomes'") for name in names])
    if not isinstance(given, list) or not 1 <= len(given) <= limit:
        raise Refused(422, [Fault(("body", "outcomes"), f"expected a list of 1 to {limit} outcomes")])
    faults = [
        fault
        for index, entry in enumerate(given)
        for fault in _faults(entry, ("body", "outcomes", index) if many else ("body",), state.served.contract)
    ]
    if faults:
        raise Refused(422, faults[:100])
    return [entry | {"row": int(entry["row"])} if "row" in entry else entry for entry in given]


def _faults(entry: Any, where: tuple[str | int, ...], contract: Contract) -> list[Fault]:
    """What is wrong with one outcome."""
    if not isinstance(entry, dict):
        return [Fault(where, f"expected an object with {', '.join(FIELDS)}")]
    found = [Fault((*where, name), "unknown field") for name in entry if name not in FIELDS]
    if ("request_id" in entry) == ("key" in entry):
        found.append(
            Fault((*where, "request_id"), "expected either request_id or key, to know what this is the truth of")
        )
    kinds = {"request_id": Name, "key": Name, "row": Row}
    words = {"row": "a prediction's position in its answer, from 0"}
    for name, kind in kinds.items():
        if name in entry and not _is(entry[name], kind):
            expected = words.get(name, "text of 1 to 200 characters")
            found.append(Fault((*where, name), f"expected {expected}, got {shorten(entry[name])}"))
    if "row" in entry and "request_id" not in entry:
        found.append(Fault((*where, "row"), "belongs to a request_id"))
    if "truth" not in entry:
        return [*found, Fault((*where, "truth"), "required field is missing")]
    if fault := _truth_fault(entry["truth"], contract):
        found.append(Fault((*where, "truth"), fault))
    return found


def _truth_fault(truth: Any, contract: Contract) -> str | None:
    """Whether the truth is a value that the target can have: a label as predictions write it, or a finite number."""
    if contract.labels:
        matches = any(type(truth) is type(label) and truth == label for label in contract.label_values)
        return (
            None if matches else f"expected one of {', '.join(map(repr, contract.label_values))}, got {shorten(truth)}"
        )
    number = isinstance(truth, int | float) and not isinstance(truth, bool) and abs(truth) <= FLOAT_LIMIT
    return None if number and math.isfinite(truth) else f"expected a number, got {shorten(truth)}"


def _is(value: Any, kind: Any) -> bool:
    """Whether a plain value is of a msgspec type."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
