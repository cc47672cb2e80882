"""A text file as blocks of bytes: unpacked, without a byte order mark, and in an encoding whose line ends are bytes."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Generator
from pathlib import Path

from ...core.errors import InputError
from .watched import Watched

#: Bytes read at once.
BLOCK = 4 * 1024 * 1024
#: Bytes of a row that are shown where it is broken.
SHOWN = 500
_MARK = codecs.BOM_UTF8


class TextFile:
    """A text file, plain or .gz, in the encoding that `data.encoding` declares.

    `encoding` is that of the blocks: the declared one, or UTF-8 where that one spreads a line end over two bytes.
    Raises InputError for an encoding that does not exist, and an empty file.
    """

    def __init__(self, place: Path, shown: str, encoding: str, setting: str) -> None:
        self.watched = Watched(place, shown, setting)
        self.shown = shown
        try:
            self._declared = codecs.lookup(encoding).name.removesuffix("-sig")
        except LookupError:
            raise InputError(
                f"data.encoding={encoding}: no such encoding; expected such as utf-8, latin-1, cp1252"
            ) from None
        self._packed = shown.casefold().endswith(".gz")
        if self._declared == "utf-8" and self._mark() in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            self._declared = "utf-16"  # the file says so itself, as Excel's Unicode text does
        self.encoding = self._declared if _keeps_ascii(self._declared) else "utf-8"
        self._taken = 0
        if not self.start():
            raise InputError(f"{shown} is empty, expected a header and rows; check {setting}")

    def start(self) -> bytes:
        """Return the first block."""
        blocks = self.blocks()
        try:
            return next(blocks, b"")
        finally:
            blocks.close()

    def blocks(self) -> Generator[bytes, None, None]:
        """Yield the file's bytes in `encoding`, in blocks.

        Raises InputError where the file vanished or changed, where a .gz is cut off, and where text that had to be
        decoded as a whole (UTF-16) cannot be.
        """
        decoder = None if self.encoding == self._declared else self._decoder()
        at_start = True
        self.watched.check()
        try:
            with self.watched.place.open("rb") as place, gzip.open(place) if self._packed else place as file:
                while raw := file.read(BLOCK):
                    self.watched.check()
                    self._taken = self._taken or place.tell()
                    block = decoder.decode(raw).encode() if decoder else raw
                    if at_start:
                        self._refuse_other(block)
                        block = block.removeprefix(_MARK)
                        at_start = False
                    if block:
                        yield block
            if decoder:
                decoder.decode(b"", final=True)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InputError(f"{self.shown} is no complete gzip file ({error}); fetch it again") from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.shown}: byte 0x{error.object[error.start]:02x} is not {self._declared}; set data.encoding"
            ) from error
        except OSError as error:
            raise InputError(f"{self.shown} cannot be read ({error.strerror}); check {self.watched.setting}") from error
        self.watched.check()

    def about(self, lines: int) -> int:
        """Return how many lines there are, to two digits, if all are as long as the `lines` of the first block."""
        return int(float(f"{lines * self.watched.size / self._taken:.2g}"))

    def fingerprint(self, *settings: object) -> str:
        """Return the SHA-256 of the file's bytes and of the settings that decide which rows they are."""
        return hashlib.sha256(f"{self.watched.sha256()} {self._declared} {settings!r}".encode()).hexdigest()

    def undecodable(self, line: bytes) -> str | None:
        """Return which byte of a line is not in the declared encoding, or None where all are."""
        try:
            line.decode(self.encoding)
        except UnicodeDecodeError as error:
            return f"byte 0x{line[error.start]:02x} is not {self._declared}; mend the row, or try data.encoding=cp1252"
        return None

    def readable(self, line: bytes) -> str:
        """Return the start of a line as text that can be shown, whatever its bytes are."""
        return line[: 4 * SHOWN].decode(self.encoding, "replace")[:SHOWN]

    def _mark(self) -> bytes:
        """The first two bytes, where they can be read: whoever reads on says what is wrong."""
        try:
            with self.watched.place.open("rb") as place, gzip.open(place) if self._packed else place as file:
                return file.read(2)
        except (OSError, EOFError, zlib.error):
            return b""

    def _decoder(self) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(self._declared)("strict")

    def _refuse_other(self, block: bytes) -> None:
        """UTF-16 read as something else would be one broken row after the other."""
        if block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise InputError(f"{self.shown}: byte 0x{block[0]:02x} is not {self._declared}; try data.encoding=utf-16")


def _keeps_ascii(encoding: str) -> bool:
    """Whether line ends, separators and quotation marks are one byte each, and no part of another character."""
    if encoding.startswith(("iso2022", "utf-7", "hz")):  # these shift into other characters and back
        return False
    try:
        return bytes(range(128)).decode(encoding) == "".join(map(chr, range(128)))
    except UnicodeDecodeError:
        return False
