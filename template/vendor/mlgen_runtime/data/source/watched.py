"""A file that must stay as it is while its rows are read: rows of two versions of a file are rows of neither."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...core.errors import InputError

#: Bytes hashed at once.
_BLOCK = 8 * 1024 * 1024


class Watched:
    """A file at `place`, called `shown` in messages, which a `setting` names.

    Raises InputError where it is not there to begin with.
    """

    def __init__(self, place: Path, shown: str, setting: str) -> None:
        self.place = place
        self.shown = shown
        self.setting = setting
        self._stamp = self._look()

    @property
    def size(self) -> int:
        """The file's bytes."""
        return self._stamp[1]

    def check(self) -> None:
        """Raise InputError where the file vanished or was written to since it was opened."""
        if self._look() != self._stamp:
            raise InputError(
                f"{self.shown} changed while it was read: read a file that nobody writes to, and start again"
            )

    def sha256(self) -> str:
        """Return the hash of the file's bytes as hexadecimal text."""
        digest = hashlib.sha256()
        try:
            with self.place.open("rb", buffering=0) as file:
                block = memoryview(bytearray(_BLOCK))
                while count := file.readinto(block):
                    digest.update(block[:count])
        except OSError as error:
            raise InputError(f"{self.shown} cannot be read ({error.strerror}); check {self.setting}") from error
        self.check()
        return digest.hexdigest()

    def _look(self) -> tuple[int, int, int]:
        try:
            found = self.place.stat()
        except OSError as error:
            raise InputError(f"{self.shown} is not there any more ({error.strerror}); check {self.setting}") from error
        return found.st_ino, found.st_size, found.st_mtime_ns
