"""The lines of the files: how an entry is put down in a moment, and how it is read again without being in a hurry.

    {"id":"5f0c…","at":1767225600.0,"ms":1.2,"use_case":"tabular","request":{"records":[{…}]},"answer":{…}}
    {"id":"5f0d…","at":…,"ms":0.2,"path":"/predict","status":422,"version":"7","faults":[{"loc":[…],"msg":"…"}]}
    {"id":"9e01…","at":…,"source":"batch","version":"7","row":12,"key":"[\"A\"]","features":{…},"prediction":…,"output":{…}}

A request is put down as it came and an answer as it goes, so nothing is encoded twice. What is read stays JSON as far
as possible: `Raw` is a value that nobody has looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from ..hooks import Answered, Refusal

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Request(msgspec.Struct):
    """The records, and whatever stood beside them."""

    records: list[Raw] = []


class Version(msgspec.Struct):
    """Who gave an answer."""

    model_version: str = ""


class Entry(msgspec.Struct):
    """One line. A request and its answer, a refusal, or one row by itself. `use_case` knows how to read the answer."""

    id: str
    at: float
    ms: float | None = None
    source: str = "rest"
    use_case: str = ""
    version: str = ""
    request: Raw = Raw(b"")
    answer: Raw = Raw(b"")
    path: str = ""
    status: int = 0
    faults: Raw = Raw(b"[]")
    row: int = 0
    key: str | None = None
    features: Raw = Raw(b"{}")
    prediction: Raw = Raw(b"null")
    output: Raw = Raw(b"{}")


entry = msgspec.json.Decoder(Entry).decode
request = msgspec.json.Decoder(Request).decode
_version = msgspec.json.Decoder(Version).decode


def answered(found: Answered, redact: Collection[str]) -> bytes:
    """The line of an answered request."""
    asked, answer = found.request, found.answer
    if redact:
        asked, answer = without(asked, "records", redact), without(answer, "predictions", redact)
    if b"\n" in asked:  # a line break in JSON is a blank: inside of a text it would be written as \n
        asked = asked.replace(b"\n", b" ")
    case = found.model.use_case
    head = f'"id":"{found.id}","at":{found.at:.6f},"ms":{found.ms:.3f},"use_case":"{case}","request":'
    return b"".join((b"{", head.encode(), asked, b',"answer":', answer, b"}\n"))


def refused(refusal: Refusal, redact: Collection[str]) -> bytes:
    """The line of a refused request. A fault's words hold values, so they are left out where any column is redacted and
    they are not plainly of another one."""
    faults = [
        {"loc": list(where), "msg": "" if redact and not _harmless(where, redact) else message}
        for where, message in refusal.faults
    ]
    entries = {
        "id": refusal.id,
        "at": round(refusal.at, 6),
        "ms": round(refusal.ms, 3),
        "version": refusal.version,
        "path": refusal.path,
        "status": refusal.status,
        "faults": faults,
    }
    return bytes(_encode(entries)) + b"\n"


def rows(head: dict[str, Any]) -> Callable[[int, str | None, dict[str, Any], Any, dict[str, Any]], bytes]:
    """Write lines of rows by themselves, which share `head`: of a number, a key, features, a prediction, an output."""
    begin = _encode(head)[:-1] + b","

    def line(number: int, key: str | None, features: dict[str, Any], prediction: Any, output: dict[str, Any]) -> bytes:
        values = {"row": number, "key": key, "features": features, "prediction": prediction, "output": output}
        return begin + bytes(_encode(values))[1:] + b"\n"

    return line


def without(body: bytes, name: str, redact: Collection[str]) -> bytes:
    """JSON whose objects under `name` lack the redacted columns."""
    found: dict[str, Any] = _decode(body)
    entries: Iterable[Any] = found.get(name) or ()
    for each in entries:
        if isinstance(each, dict):
            for column in redact:
                each.pop(column, None)
    return bytes(_encode(found))


def _harmless(where: Sequence[str | int], redact: Collection[str]) -> bool:
    """Whether a fault is of one column, and that one is no secret."""
    return bool(where) and where[-1] not in redact and len(where) > 2 and isinstance(where[-1], str)


def version(answer: Raw) -> str:
    """Which version gave an answer."""
    return _version(answer).model_version
