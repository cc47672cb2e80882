"""Which names of columns a kind of sink can hold, known before anything is written there.

SQLite      names that differ in the case of A to Z only are one; at most 2,000 columns; no NUL
PostgreSQL  at most 63 bytes of UTF-8, what is beyond is cut off; at most 1,600 columns; no NUL
Delta       names that differ in case only are one; no NUL
Parquet     any names
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...core.errors import InputError
from ...core.jsonable import masked
from .standing import STAMPS

#: Ways out.
RENAME = "rename one of them in the source"
RENAMED = "rename it in the source"
ELSEWHERE = "choose another place, such as batch.output=predictions.parquet"
#: What SQLite takes for the same: it knows the case of ASCII only.
_ASCII = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


@dataclass(frozen=True)
class Naming:
    """The rules of one kind: what two names have in common that are one there, and the limits."""

    kind: str
    same: Callable[[str], str] = str
    length: int | None = None
    most: int | None = None
    nul: bool = False

    def check(self, columns: Iterable[tuple[str, str]], address: str) -> None:
        """Raise InputError for the first of the columns (its name, and where that is from) that cannot be held."""
        found = [*columns, *((name, "a stamp of the run") for name in STAMPS)]
        fault = self._fault(found)
        if fault:
            raise InputError(f"batch (batch.output={masked(address)}): {self.kind} {fault}")

    def _fault(self, columns: list[tuple[str, str]]) -> str | None:
        """What cannot be held, and the way out."""
        seen: dict[str, tuple[str, str]] = {}
        for name, origin in columns:
            first = seen.setdefault(self.same(name), (name, origin))
            if first != (name, origin):
                out = RENAME if first[0] == name else f"{RENAME}, or {ELSEWHERE}"
                return f"takes {first[0]!r} ({first[1]}) and {name!r} ({origin}) for one column; {out}"
            if not self.nul and "\0" in name:
                return f"has no column {name!r} ({origin}), for no name can hold a NUL character; {RENAMED}"
            size = len(name.encode("utf8", "replace"))
            if self.length is not None and size > self.length:
                cut = f"cuts names off after {self.length} bytes, and {name!r} ({origin}) has {size}"
                return f"{cut}; {RENAMED}, or {ELSEWHERE}"
        if self.most is not None and len(columns) > self.most:
            return (
                f"holds {self.most:,} columns, and the answers have {len(columns):,}, one for each label; {ELSEWHERE}"
            )
        return None


PARQUET = Naming("Parquet", nul=True)
DELTA = Naming("Delta", same=str.lower)
SQLITE = Naming("SQLite", same=lambda name: name.translate(_ASCII), most=2000)
POSTGRESQL = Naming("PostgreSQL", length=63, most=1600)


def of(address: str) -> Naming:
    """The rules of the kind of sink that an address is of; those of Parquet where it is of none, which `open_sink`
    refuses."""
    scheme = address.partition("://")[0].partition("+")[0] if "://" in address else ""
    kinds = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "postgres": POSTGRESQL, "delta": DELTA}
    return kinds.get(scheme, PARQUET)
