"""Any audio file that libsndfile reads -> one clip: mono int16, fixed rate and length."""

import io
import math
import re
from pathlib import Path

import numpy as np
import soundfile
import soxr

# Read beyond the clip's end, so that the resampling filter (under 0.01 s at any
# rate) sees the signal there and not a step to zero.
MARGIN_SECONDS = 0.1
# libsndfile's note on a chunk that is longer than the file, in its header log.
SHORTENED_CHUNK = re.compile(
    r"^\s*(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
# Lengths that a program writes which streams WAV and does not know the length.
UNKNOWN_LENGTHS = {0, 2**31 - 1, 2**32 - 1}


class BadAudio(Exception):
    """A clip that cannot be used: `state` of the manifest, reason as the message."""

    def __init__(self, state: str, reason: str):
        super().__init__(reason)
        self.state = state


def decode(
    audio: str | Path | bytes,
    sample_rate: int = 32000,
    seconds: float = 10.0,
    min_seconds: float = 0.5,
) -> np.ndarray:
    """The clip as int16 (sample_rate * seconds,).

    Channels are averaged, the rate is changed with soxr's HQ filter, a longer
    file is cut, a shorter one padded with zeros at its end. Raises BadAudio with
    the state `corrupt` (not audio, truncated, not finite), `too short` (less
    than `min_seconds`), `silent` (all samples lie within one step of 16 bits,
    wherever that is) or `failed` (the file cannot be opened).
    """
    samples, rate = _read(audio, seconds)
    if not np.isfinite(samples).all():
        raise BadAudio("corrupt", "samples that are not finite numbers")
    if len(samples) < max(min_seconds * rate, 1):
        duration = len(samples) / rate
        raise BadAudio("too short", f"{duration:.3g} s, minimum {min_seconds:g} s")
    channels = samples.shape[1]
    mono = samples @ np.full(channels, 1 / channels, np.float32)
    if mono.max() - mono.min() < 1 / 32768:
        raise BadAudio("silent", "all samples lie within one 16-bit step")
    if rate != sample_rate:
        mono = soxr.resample(mono, rate, sample_rate, quality="HQ")
    length = round(sample_rate * seconds)
    mono = mono[:length]
    clip = np.zeros(length, np.int16)
    clip[: len(mono)] = np.clip(np.rint(mono * 32768), -32768, 32767)
    return clip


def _read(audio: str | Path | bytes, seconds: float) -> tuple[np.ndarray, int]:
    """The clip's part of a file: float32 (T, channels) and the rate in Hz."""
    try:
        opened = io.BytesIO(audio) if isinstance(audio, bytes) else open(audio, "rb")
    except OSError as error:
        raise BadAudio("failed", f"cannot be opened: {error.strerror}") from None
    with opened as file:
        if not file.read(1):
            raise BadAudio("corrupt", "the file is empty")
        file.seek(0)
        try:
            with soundfile.SoundFile(file) as sound:
                wanted = math.ceil((seconds + MARGIN_SECONDS) * sound.samplerate)
                wanted = min(wanted, sound.frames)
                samples = sound.read(wanted, dtype="float32", always_2d=True)
                _refuse_truncated(sound, len(samples), wanted)
                return samples, sound.samplerate
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            reason = getattr(error, "error_string", None) or str(error)
            raise BadAudio("corrupt", f"not readable audio: {reason}") from None


def _refuse_truncated(sound: soundfile.SoundFile, got: int, wanted: int) -> None:
    if got < wanted:
        raise BadAudio("corrupt", f"truncated: {got} of {wanted} samples could be read")
    if note := SHORTENED_CHUNK.search(sound.extra_info):
        said, there = int(note[1]), int(note[2])
        if said > there and said not in UNKNOWN_LENGTHS:
            raise BadAudio("corrupt", f"truncated: {there} of {said} bytes of samples")
