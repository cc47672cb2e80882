"""Follow the champion: when its pointer moves, load the new bundle beside the old one and swap.

The work happens in a thread; requests go on with the model they took. Whatever is wrong with the new bundle, or with
the store, the old model goes on serving, and the log, `/health/ready` and `/metrics` say so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..bundle.store import Pointer, Store
from .served import Served
from .settings import RestSettings

logger = logging.getLogger(__name__)


class Watch:
    """One thread that looks at the pointer. `swapped` and `failed` are called on that thread."""

    def __init__(
        self,
        store: Store,
        settings: RestSettings,
        current: Pointer,
        swapped: Callable[[Served], object],
        failed: Callable[[str | None], object],
    ) -> None:
        self.store, self.settings, self.current = store, settings, current
        self.swapped, self.failed = swapped, failed
        self._stop = threading.Event()
        self._last_fault: str | None = None
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look, every `reload_seconds`; 0 never looks."""
        if self.settings.reload_seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        """End the thread; a load that is under way is abandoned with the process."""
        self._stop.set()

    def _run(self) -> None:
        wait = self.settings.reload_seconds
        while not self._stop.wait(wait):
            fine = self.look()
            # A broken bundle is tried again, ever more seldom: its repair may come without a new pointer.
            wait = self.settings.reload_seconds if fine else min(wait * 2, max(60.0, self.settings.reload_seconds))

    def look(self) -> bool:
        """Look once; returns whether the champion is the one being served."""
        try:
            pointer = self.store.champion()
            if pointer is None:
                raise FileNotFoundError(f"{self.store} has no champion any more")
            if _same(pointer, self.current):
                self._settled()
                return True
            served = Served.load(self.store.fetch(pointer.bundle), self.settings, pointer.version, pointer.manifest)
        except Exception as error:  # a store can fail in any way; the model in memory does not depend on it
            self._faulted(error)
            return False
        before, self.current = self.current, pointer
        self.swapped(served)
        logger.info("serving a new champion", extra={"fields": {"from": before.version, "to": pointer.version}})
        self._settled()
        return True

    def _faulted(self, error: Exception) -> None:
        """Report a fault once, not at every look."""
        fault = f"{type(error).__name__}: {error}"
        if fault != self._last_fault:
            self._last_fault = fault
            self.failed(fault)
            logger.error("the champion cannot be loaded; version %s goes on serving: %s", self.current.version, fault)

    def _settled(self) -> None:
        """Report that the champion is being served, if there had been a fault."""
        if self._last_fault is not None:
            self._last_fault = None
            self.failed(None)


def _same(one: Pointer, other: Pointer) -> bool:
    """Whether two pointers name the same bytes under the same version."""
    return (one.version, one.bundle, one.manifest) == (other.version, other.bundle, other.manifest)
