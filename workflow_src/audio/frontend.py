"""The two log-mel front ends: waveforms in, decibels out.

`ActLogMel` gives what librosa 0.8 gives with the settings of the captioning
baseline (ACT, Mei et al. 2021); `PannsLogMel` what torchlibrosa gives with
those of PANNs (Kong et al. 2020), which the retrieval baseline uses.

Neither pads to 10 s: L frames come from the T samples there are, so a shorter
clip has to be padded before (workflow_src/audio/store.py does).
"""

import math
from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn

from workflow_src.audio.settings import FrontEndSettings

SAMPLE_RATE = 32_000  # Hz
WINDOW = 1_024  # samples, 32 ms; also the length of the Fourier transform
MEL_BINS = 64
FLOOR = 1e-10  # least power that the logarithm sees: -100 dB
CLIPS_AT_ONCE = {"cpu": 1, "cuda": 16}  # one clip's frames fit a CPU's cache


def slaney_mel(hertz: float) -> float:
    """Convert hertz to mels of Slaney's Auditory Toolbox.

    The scale is linear to 1 kHz, then logarithmic.
    """
    if hertz < 1_000:
        return 3 * hertz / 200
    return 15 + 27 * math.log(hertz / 1_000) / math.log(6.4)


def slaney_hertz(mel: Tensor) -> Tensor:
    """Convert mels to hertz: the inverse of `slaney_mel`, for a tensor."""
    return torch.where(mel < 15, mel * 200 / 3, 1_000 * 6.4 ** ((mel - 15) / 27))


def slaney_filters(low: float, high: float) -> Tensor:
    """Make triangles from `low` to `high` Hz on Slaney's scale, each of area 1.

    In double precision: torchaudio's filters are made in single precision, and
    off by up to 0.2 % at their feet.

    Args:
        low: lower edge of the lowest triangle, Hz.
        high: upper edge of the highest one, Hz.

    Returns:
        (WINDOW / 2 + 1, MEL_BINS), float64.
    """
    mels = torch.linspace(
        slaney_mel(low), slaney_mel(high), MEL_BINS + 2, dtype=torch.float64
    )
    corners = slaney_hertz(mels)
    left, peak, right = corners[:-2], corners[1:-1], corners[2:]
    hertz = torch.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1, dtype=torch.float64)
    rising = (hertz[:, None] - left) / (peak - left)
    falling = (right - hertz[:, None]) / (right - peak)
    return torch.minimum(rising, falling).clamp(min=0) * 2 / (right - left)


def reflect(waveform: Tensor, margin: int) -> Tensor:
    """Reflect (B, T) about its ends by `margin` samples, over and over if T is short.

    As `numpy.pad(mode="reflect")`; torch's refuses T <= margin.

    Args:
        waveform: (B, T).
        margin: samples at each end.

    Returns:
        (B, T + 2 margin).
    """
    samples = waveform.shape[1]
    period = max(2 * (samples - 1), 1)
    outside = torch.arange(1, margin + 1, device=waveform.device)
    places = torch.stack([-outside.flip(0), samples - 1 + outside]) % period
    left, right = torch.minimum(places, period - places)
    return torch.cat([waveform[:, left], waveform, waveform[:, right]], dim=1)


class LogMel(nn.Module):
    """Power spectrogram of Hann windows -> Slaney mels -> decibels.

    Computed in double precision whatever the input, because in single precision
    the quiet bins of a loud clip are rounding noise (0.25 dB off beside a pure
    tone). The result is float32.

    Args:
        hop_length: samples from one frame to the next.
        low: lower edge of the lowest mel bin, Hz.
        high: upper edge of the highest mel bin, Hz.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, hop_length: int, low: float, high: float) -> None:
        super().__init__()
        self.hop_length = hop_length
        window = torch.hann_window(WINDOW, dtype=torch.float64)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", slaney_filters(low, high), persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # A call such as .half() or .float() moves the constants, no more.
        window, filters = self.window, self.filters
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call] # torch's
        self.window = window.to(self.window.device)
        self.filters = filters.to(self.filters.device)
        return self

    def frames(self, samples: int) -> int:
        """Count the frames L of clips of so many samples."""
        return 1 + samples // self.hop_length

    def decibels(self, waveform: Tensor) -> Tensor:
        """Compute 10 log10 of mel power.

        Args:
            waveform: (B, T), float.

        Returns:
            (B, 1 + T // hop_length, 64) float64, dB.
        """
        padded = reflect(waveform, WINDOW // 2).to(self.window.dtype)
        spectrum = torch.stft(
            padded,
            WINDOW,
            self.hop_length,
            window=self.window,
            center=False,
            return_complex=True,
        ).transpose(1, 2)
        power = spectrum.real**2 + spectrum.imag**2
        return 10 * torch.log10((power @ self.filters).clamp(min=FLOOR))

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn waveforms into log-mel spectrograms.

        Args:
            waveform: (B, T), float, in [-1, 1] at 32 kHz, T >= 1.

        Returns:
            (B, L, 64) float32, decibels; L as the class says.

        Raises:
            ValueError: if the shape is not (B, T), T is 0 or the numbers are integers.
        """
        if waveform.ndim != 2 or waveform.shape[1] == 0:
            raise ValueError(
                f"a batch of waveforms must be (clips, samples), not "
                f"{tuple(waveform.shape)}"
            )
        if not waveform.is_floating_point():
            raise ValueError(
                f"waveforms must be floats in [-1, 1], not {waveform.dtype}: "
                "divide int16 samples by 32768"
            )
        clips = CLIPS_AT_ONCE.get(waveform.device.type, 1)
        parts = [self.decibels(part).float() for part in waveform.split(clips)]
        return torch.cat(parts)


class ActLogMel(LogMel):
    """The captioning baseline's: a frame each 20 ms, cut 80 dB below the clip's peak.

    (B, T) -> (B, T // hop_length, 64): 500 frames for 10 s. The last frame is dropped,
    after it has counted for the peak.

    Args:
        hop_length: samples from frame to frame; the published encoder was trained with
            640. A larger one makes small models cheaper.
    """

    RANGE = 80.0  # dB

    def __init__(self, hop_length: int = 640) -> None:
        super().__init__(hop_length=hop_length, low=0, high=16_000)

    def frames(self, samples: int) -> int:
        """Count the frames L of clips of so many samples."""
        return super().frames(samples) - 1

    def decibels(self, waveform: Tensor) -> Tensor:
        """As the base class, but at most 80 dB below the peak, and L - 1 frames."""
        decibels = super().decibels(waveform)
        peak = decibels.amax(dim=(1, 2), keepdim=True)
        return torch.maximum(decibels, peak - self.RANGE)[:, :-1]


class PannsLogMel(LogMel):
    """PANNs': a frame each 10 ms, 50 Hz to 14 kHz, no lower limit but -100 dB.

    (B, T) -> (B, 1 + T // hop_length, 64): 1001 frames for 10 s.

    Args:
        hop_length: samples from frame to frame; the published encoder was trained with
            320. A larger one makes small models cheaper.
    """

    def __init__(self, hop_length: int = 320) -> None:
        super().__init__(hop_length=hop_length, low=50, high=14_000)


def front_end(settings: FrontEndSettings) -> LogMel:
    """Make the front end that settings describe."""
    kind = ActLogMel if settings.name == "act" else PannsLogMel
    return kind(settings.hop_length)
