"""Any audio file that libsndfile reads -> one clip: mono, int16, of a fixed form."""

import math
import re
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from workflow_src.audio.settings import ClipForm

# Read beyond the clip's end, so that the resampling filter sees the signal there
# and not a step to zero.
MARGIN_SECONDS = 0.1
# Hz; what lies outside is a damaged header, and would ask for absurd amounts.
SAMPLE_RATES = range(1000, 768_001)
# libsndfile's note on a chunk that is longer than the file, in its header log.
SHORTENED_CHUNK = re.compile(
    r"^\s*(?:data|SSND)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
# Lengths that a program writes which streams WAV and does not know the length.
UNKNOWN_LENGTHS = {0, 2**31 - 1, 2**32 - 1}
UNKNOWN_FRAMES = 2**63 - 1  # libsndfile's, for FLAC written to a pipe
MOST_CHANNELS = 64  # more take gigabytes of memory, and no recording has them
MP3_TOLERANCE = 2304  # samples: two MPEG frames


class BadAudio(Exception):
    """A clip that cannot be used.

    Args:
        state: of the manifest.
        reason: the message.
    """

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


PAPER_FORM = ClipForm()


def load_clip(path: str | Path, form: ClipForm = PAPER_FORM) -> NDArray[np.int16]:
    """Read the clip of an audio file.

    Channels are averaged, the rate is changed with soxr's HQ filter, a longer
    file is cut, a shorter one padded with zeros at its end.

    Args:
        path: any file that libsndfile reads.
        form: sample rate and length of the clip.

    Returns:
        (form.samples,), full scale 32768.

    Raises:
        BadAudio: with the state `corrupt` (not audio, truncated, not finite), `too
            short` (less than `form.min_seconds`), `silent` (all samples lie within
            one step of 16 bits, wherever that is) or `failed` (the file cannot be
            opened).
    """
    samples, rate = _read(path, form.seconds)
    if not np.isfinite(samples).all():
        raise BadAudio("corrupt", "samples that are not finite numbers")
    if len(samples) < max(form.min_seconds * rate, 1):
        duration = f"{len(samples) / rate:.3g} s"
        raise BadAudio("too short", f"{duration}, minimum {form.min_seconds:g} s")
    channels = samples.shape[1]
    mono = samples @ np.full(channels, 1 / channels, np.float32)
    if mono.max() - mono.min() < 1 / 32768:
        raise BadAudio("silent", "all samples lie within one 16-bit step")
    if rate != form.sample_rate:
        mono = soxr.resample(mono, rate, form.sample_rate, quality="HQ")
    mono = mono[: form.samples]
    clip = np.zeros(form.samples, np.int16)
    clip[: len(mono)] = np.clip(np.rint(mono * 32768), -32768, 32767)
    return clip


class _Sequential(soundfile.SoundFile):  # type: ignore[misc] # soundfile has no types
    """Reads forward only.

    Seeking, which soundfile does after every read, fails at the end of a FLAC
    stream whose header does not give its length.
    """

    def seekable(self) -> bool:
        return False


def _read(path: str | Path, seconds: float) -> tuple[NDArray[np.float32], int]:
    """Read the clip's part of a file: (T, channels) and the rate in Hz."""
    try:
        # Opened here, not by name in libsndfile: its errors do not say why.
        with open(path, "rb", buffering=0) as file:
            if not file.read(1):
                raise BadAudio("corrupt", "the file is empty")
            file.seek(0)
            with _Sequential(file.fileno(), closefd=False) as sound:
                if sound.samplerate not in SAMPLE_RATES:
                    raise BadAudio("corrupt", f"{sound.samplerate} samples a second")
                if sound.channels > MOST_CHANNELS:
                    raise BadAudio("corrupt", f"{sound.channels} channels")
                wanted = math.ceil((seconds + MARGIN_SECONDS) * sound.samplerate)
                samples = sound.read(wanted, dtype="float32", always_2d=True)
                _refuse_truncated(sound, len(samples), min(wanted, sound.frames))
                return samples, sound.samplerate
    except soundfile.LibsndfileError as error:
        raise BadAudio("corrupt", f"not readable: {error.error_string}") from None
    except OSError as error:
        raise BadAudio("failed", f"cannot be opened: {error.strerror}") from None


def _refuse_truncated(sound: soundfile.SoundFile, got: int, wanted: int) -> None:
    # MP3 lengths are estimates, a few of its frames off.
    tolerance = MP3_TOLERANCE if sound.format == "MP3" else 0
    if got < wanted - tolerance and sound.frames != UNKNOWN_FRAMES:
        raise BadAudio("corrupt", f"truncated: {got} of {wanted} samples could be read")
    if note := SHORTENED_CHUNK.search(sound.extra_info):
        announced, there = int(note[1]), int(note[2])
        if announced > there and announced not in UNKNOWN_LENGTHS:
            raise BadAudio(
                "corrupt", f"truncated: {there} of {announced} bytes of samples"
            )
