"""Log-mel spectrograms as small PNGs with a palette, written without a library.

A picture has one pixel a frame (or a few frames) and mel bin; the browser enlarges it.
"""

from __future__ import annotations

import base64
import struct
import zlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

RANGE = 80.0  # decibels below the loudest point that are shown
FRAMES = 250  # most columns of a picture
SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3  # colour type of a PNG with a palette


def log_mel_picture(log_mel: NDArray[np.floating], loudest: float | None = None) -> str:
    """Draw a log-mel spectrogram: time to the right, low frequencies below.

    Args:
        log_mel: (L, F) in dB.
        loudest: decibels of the brightest colour; None: the clip's own maximum.

    Returns:
        A `data:` address of a PNG.
    """
    frames = np.asarray(log_mel, np.float64)
    step = -(-len(frames) // FRAMES)
    whole = len(frames) // step * step
    frames = frames[:whole].reshape(-1, step, frames.shape[1]).mean(1)
    top = float(frames.max()) if loudest is None else loudest
    share = (frames - (top - RANGE)) / RANGE
    pixels = (share.clip(0, 1) * 255).round().astype(np.uint8).T[::-1]
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Write (H, W) indices into the palette as a PNG."""
    height, width = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0)
    # Every row begins with its filter: none.
    rows = np.pad(pixels, ((0, 0), (1, 0))).tobytes()
    parts = [
        (b"IHDR", header),
        (b"PLTE", palette()),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return (
        struct.pack(">I", len(content))
        + checked
        + struct.pack(">I", zlib.crc32(checked))
    )


@cache
def palette() -> bytes:
    """256 colours from dark to bright, as RGB bytes: matplotlib's magma."""
    import matplotlib

    colours = matplotlib.colormaps["magma"](np.arange(256), bytes=True)
    return bytes(np.asarray(colours, np.uint8)[:, :3].tobytes())
