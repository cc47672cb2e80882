"""A picture as a PNG of at most 256 colours: a chart looks the same in them, and takes a third of the bytes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

#: The most colours that a palette holds.
MOST = 256


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode pixels [height, width, 3]: colours that are alike become one, the more alike the fewer there are."""
    for lost in range(4, 8):
        coarse = (pixels >> lost).astype(np.int64)
        colours, codes = np.unique(coarse @ np.array([1 << 16, 1 << 8, 1]), return_inverse=True)
        if len(colours) <= MOST:
            break
    parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    palette = (parts * 255 // (255 >> lost)).astype(np.uint8)
    height, width = pixels.shape[:2]
    lines = np.zeros((height, width + 1), dtype=np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = codes.reshape(height, width)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunk(name: bytes, content: bytes) -> bytes:
    """A part of the file: its length, name, content and check."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
