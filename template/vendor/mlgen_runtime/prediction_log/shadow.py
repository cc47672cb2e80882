"""Another version answers the logged requests, too: in the process that ships, so no client waits for it.

Which version is `log.shadow`, or what shadow.json in the store of bundles says. Its answers are in the log beside those
that were sent, with the source `shadow`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ..bundle import shadow
from ..bundle.store import Store, open_store
from ..core.errors import InputError
from ..usecase.loading import load
from . import decode, entry
from .entry import Entry

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from .place import LogOrigin
    from .settings import LogSettings

#: Seconds between two looks at the store.
PAUSE = 5.0


class Shadow:
    """The version that answers along, if one does."""

    def __init__(self, settings: LogSettings) -> None:
        self.settings = settings
        self.model: Predictor | None = None
        self.version: str | None = None
        self.failed = 0
        self._looked = -PAUSE

    def follow(self, origin: LogOrigin) -> None:
        """Load the version that is set; one that cannot be loaded, or asked, is named once and passed over."""
        if origin.store is None or time.monotonic() - self._looked < PAUSE:
            return
        self._looked = time.monotonic()
        try:
            store = open_store(origin.store)
            version = self.settings.shadow or _named(store)
            if version == self.version:
                return
            self.version, self.model = version, None
            if version is not None:
                model = load(store.fetch(version), 1, version)
                self._check(model)
                self.model = model
        except Exception as error:  # a store can fail in any way; shipping does not depend on it
            print(f"log: version {self.version} does not answer along: {error}", file=sys.stderr, flush=True)

    def answers(self, found: Sequence[Entry], key: tuple[str, ...]) -> list[decode.Row]:
        """The rows of this version's answers to the requests among some entries, but for those that it gave itself."""
        model = self.model
        if model is None:
            return []
        rows: list[decode.Row] = []
        for each in found:
            if bytes(each.request):
                rows += self._answer(model, each, key)
        return rows

    def _answer(self, model: Predictor, each: Entry, key: tuple[str, ...]) -> list[decode.Row]:
        try:
            asked: dict[str, Any] = msgspec.json.decode(each.request)
            if entry.version(each.answer) == model.version:
                return []
            began = time.perf_counter()
            found = model.plain(model.predict(_columns(model, asked.pop("records")), **asked))
            ms = (time.perf_counter() - began) * 1000
            return list(decode.of_request(model.answers, each, found, "shadow", model.version, ms, key))
        except (InputError, msgspec.MsgspecError, LookupError, TypeError, ValueError):
            self.failed += 1
            return []

    def _check(self, model: Predictor) -> None:
        names = {column.name for column in model.contract.inputs}
        missing = sorted(names & set(self.settings.redact))
        if missing:
            raise InputError(f"it needs {', '.join(missing)}, which log.redact keeps out of the log")


def _named(store: Store) -> str | None:
    found = shadow.current(store)
    return found.version if found else None


def _columns(model: Predictor, records: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The records as columns of what the version's contract calls inputs, those that a record brings."""
    names = [column.name for column in model.contract.inputs]
    brought = [name for name in names if name in model.needed or any(name in record for record in records)]
    return {name: [record.get(name) for record in records] for name in brought}
