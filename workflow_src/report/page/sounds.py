"""Clips as small sound files inside the page, and how many of them fit."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

OPUS_RATE, FLAC_RATE = 24_000, 16_000  # Hz
# Of libsndfile: from 0, large, to 1, small. This is about 30 kbit/s for one channel.
COMPRESSION = 0.9
PAGE, SERIAL, CHECKSUM = b"OggS", slice(14, 18), slice(22, 26)  # of an Ogg page
POLYNOMIAL = 0x04C11DB7  # of the checksum of Ogg pages


def has_opus() -> bool:
    """Whether this machine's libsndfile writes Opus."""
    return "OPUS" in soundfile.available_subtypes("OGG")


def sound(samples: NDArray[np.floating], rate: int) -> str:
    """Encode one channel: Opus, or FLAC at 16 kHz where libsndfile is too old.

    The same samples give the same text.

    Args:
        samples: (T,) in [-1, 1].
        rate: of the samples, Hz.

    Returns:
        A `data:` address.
    """
    if has_opus():
        content = _encode(samples, rate, OPUS_RATE, "OGG", "OPUS")
        return _address("audio/ogg", _with_serial_zero(content))
    content = _encode(samples, rate, FLAC_RATE, "FLAC", "PCM_16")
    return _address("audio/flac", content)


def _encode(
    samples: NDArray[np.floating], rate: int, to_rate: int, form: str, subtype: str
) -> bytes:
    resampled = soxr.resample(np.asarray(samples, np.float32), rate, to_rate)
    file = io.BytesIO()
    lossy = {"compression_level": COMPRESSION} if subtype == "OPUS" else {}
    soundfile.write(
        file, resampled.clip(-1, 1), to_rate, format=form, subtype=subtype, **lossy
    )
    return file.getvalue()


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _with_serial_zero(content: bytes) -> bytes:
    """An Ogg file whose streams have no random number: libsndfile draws one."""
    pages = []
    for page in _pages(content):
        page[SERIAL] = bytes(4)
        page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = struct.pack("<I", _checksum(page))
        pages.append(bytes(page))
    return b"".join(pages)


def _pages(content: bytes) -> Iterator[bytearray]:
    start = 0
    while content[start : start + 4] == PAGE:
        segments = content[start + 26]
        header = 27 + segments
        size = header + sum(content[start + 27 : start + header])
        yield bytearray(content[start : start + size])
        start += size


def _checksum(page: bytearray) -> int:
    table, found = _table(), 0
    for byte in page:
        found = (found << 8 & 0xFFFFFFFF) ^ table[found >> 24 ^ byte]
    return found


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        value <<= 24
        for _ in range(8):
            value = value << 1 ^ (POLYNOMIAL if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


class Budget:
    """How many bytes may still go into the page.

    Args:
        size: in bytes, at the beginning.
    """

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, text: str) -> bool:
        """Whether a text fits, as UTF-8; if it does, its room is gone."""
        size = len(text.encode())
        if size > self.left:
            return False
        self.left -= size
        return True

    def fitting(self, texts: Iterable[tuple[int, str]]) -> dict[int, str]:
        """Of numbered texts, in order, those before the first that does not fit."""
        found: dict[int, str] = {}
        for number, text in texts:
            if not self.take(text):
                break
            found[number] = text
        return found
