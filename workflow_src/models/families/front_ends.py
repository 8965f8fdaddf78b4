"""The front ends of published audio encoders, in batches and in torch.

Each gives what the feature extractor of its model in transformers gives, in the domain
in which that gives it, from waveforms at the workflow's 32 kHz. The extractor says the
numbers (filters, hop, mean): those of a checkpoint are those of its own
`preprocessor_config.json`. Computed in double precision, as
`workflow_src.audio.frontend` says why.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workflow_src.audio.frontend import CLIPS_AT_ONCE, SAMPLE_RATE, reflect
from workflow_src.errors import InputError

FLOOR = 1e-10  # least mel power of CLAP and Whisper
KALDI_FLOOR = torch.finfo(torch.float32).eps  # of AST
KALDI_WINDOW, KALDI_HOP, KALDI_TRANSFORM = 400, 160, 512  # samples at 16 kHz
PREEMPHASIS = 0.97
WAVEFORM_FLOOR = 1e-7  # added to the variance of a waveform


class FrontEnd(nn.Module):
    """Waveforms at 32 kHz -> features (B, L, F), float32: the base of all here.

    A subclass computes a few clips at a time, at its own sampling rate.

    Args:
        rate: Hz, of the model.
        hop: samples at that rate from one row of the features to the next.
    """

    def __init__(self, rate: int, hop: int) -> None:
        super().__init__()
        self.rate, self.hop = rate, hop

    @property
    def frame_seconds(self) -> float:
        """From one row of the features to the next."""
        return self.hop / self.rate

    def features(self, waveforms: Tensor) -> Tensor:
        """Compute (B, L, F) of (B, T) float64 at the model's rate."""
        raise NotImplementedError

    def forward(self, waveforms: Tensor) -> Tensor:
        """Compute the features of clips.

        Args:
            waveforms: (B, T) float in [-1, 1] at 32 kHz.
        """
        from torchaudio.functional import resample

        clips = CLIPS_AT_ONCE.get(waveforms.device.type, 1)
        parts = []
        for part in waveforms.split(clips):
            own = resample(part.double(), SAMPLE_RATE, self.rate)
            parts.append(self.features(own).float())
        return torch.cat(parts)


class ClapFrontEnd(FrontEnd):
    """CLAP's: 10 log10 of mel power at 48 kHz, in decibels, not normalised.

    A shorter clip is repeated whole while it fits, then padded, as the extractor does;
    of a longer one the beginning counts, where the extractor takes a random part.

    Args:
        extractor: a ClapFeatureExtractor without feature fusion.

    Raises:
        InputError: the extractor is of a model with feature fusion.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, extractor: Any) -> None:
        super().__init__(extractor.sampling_rate, extractor.hop_length)
        if extractor.truncation == "fusion":
            raise InputError(
                "this CLAP fuses features of several parts of a clip; take one that "
                "does not, such as laion/clap-htsat-unfused"
            )
        self.samples = int(extractor.nb_max_samples)
        window = torch.hann_window(extractor.fft_window_size, dtype=torch.float64)
        filters = torch.from_numpy(extractor.mel_filters_slaney).double()
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, T) -> (B, 1001, 64) for 10 s."""
        repeats = max(1, self.samples // waveforms.shape[1])
        waveforms = waveforms.repeat(1, repeats)[:, : self.samples]
        waveforms = F.pad(waveforms, (0, self.samples - waveforms.shape[1]))
        power = centred_power(waveforms, self.window, self.hop)
        return 10 * (power @ self.filters).clamp(min=FLOOR).log10()


class WhisperFrontEnd(FrontEnd):
    """Whisper's: log10 of mel power, cut 8 below the clip's peak, (x + 4) / 4.

    Clips are padded with zeros to the length that the encoder has positions for, 30 s
    for the published ones.

    Args:
        extractor: a WhisperFeatureExtractor.
        frames: that the encoder reads: twice its positions.
    """

    RANGE = 8.0

    window: Tensor
    filters: Tensor

    def __init__(self, extractor: Any, frames: int) -> None:
        super().__init__(extractor.sampling_rate, extractor.hop_length)
        self.samples = frames * self.hop
        window = torch.hann_window(extractor.n_fft, dtype=torch.float64)
        filters = torch.from_numpy(extractor.mel_filters).double()
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, T) -> (B, frames, 80)."""
        waveforms = F.pad(waveforms[:, : self.samples], (0, self._missing(waveforms)))
        power = centred_power(waveforms, self.window, self.hop)[:, :-1]
        log = (power @ self.filters).clamp(min=FLOOR).log10()
        peak = log.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(log, peak - self.RANGE) + 4) / 4

    def _missing(self, waveforms: Tensor) -> int:
        return max(0, self.samples - waveforms.shape[1])


class AstFrontEnd(FrontEnd):
    """AST's: natural logarithm of Kaldi's mel power, normalised by (x - mean) / (2 sd).

    After the last whole frame zeros follow, before the normalisation.

    Args:
        extractor: an ASTFeatureExtractor.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, extractor: Any) -> None:
        super().__init__(extractor.sampling_rate, KALDI_HOP)
        from torchaudio.compliance.kaldi import get_mel_banks

        self.frames = int(extractor.max_length)
        self.mean, self.deviation = 0.0, 1.0
        if extractor.do_normalize:
            self.mean, self.deviation = extractor.mean, 2 * extractor.std
        banks, _ = get_mel_banks(
            extractor.num_mel_bins,
            KALDI_TRANSFORM,
            float(self.rate),
            20.0,  # Hz; up to half of the rate
            0.0,
            100.0,
            -500.0,
            1.0,  # no warping of the vocal tract
        )
        window = torch.hann_window(KALDI_WINDOW, periodic=False, dtype=torch.float64)
        filters = F.pad(banks, (0, 1)).T.double()  # nothing of the highest frequency
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", filters, persistent=False)

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, T) -> (B, 1024, 128)."""
        cut = waveforms.unfold(1, KALDI_WINDOW, KALDI_HOP)[:, : self.frames]
        cut = cut - cut.mean(dim=2, keepdim=True)
        before = torch.cat([cut[:, :, :1], cut[:, :, :-1]], dim=2)
        cut = (cut - PREEMPHASIS * before) * self.window
        spectrum = torch.fft.rfft(cut, KALDI_TRANSFORM)
        power = spectrum.real**2 + spectrum.imag**2
        log = (power @ self.filters).clamp(min=KALDI_FLOOR).log()
        log = F.pad(log, (0, 0, 0, self.frames - log.shape[1]))
        return (log - self.mean) / self.deviation


class WaveformFrontEnd(FrontEnd):
    """wav2vec2's: the waveform itself, of mean 0 and variance 1, cut into rows.

    A row is what one frame of the encoder stands for. So the features are a waveform
    for whoever flattens them, and mixing them mixes normalised waveforms.

    Args:
        extractor: a Wav2Vec2FeatureExtractor.
        hop: samples of a row.
    """

    def __init__(self, extractor: Any, hop: int) -> None:
        super().__init__(extractor.sampling_rate, hop)
        self.normalised = bool(extractor.do_normalize)

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, T) -> (B, T // hop, hop)."""
        if self.normalised:
            mean = waveforms.mean(dim=1, keepdim=True)
            variance = waveforms.var(dim=1, keepdim=True, correction=0)
            waveforms = (waveforms - mean) / (variance + WAVEFORM_FLOOR).sqrt()
        rows = waveforms.shape[1] // self.hop
        return waveforms[:, : rows * self.hop].reshape(-1, rows, self.hop)


def centred_power(waveforms: Tensor, window: Tensor, hop: int) -> Tensor:
    """Power spectrogram of centred windows, the ends reflected.

    Args:
        waveforms: (B, T).
        window: (W,), as long as the transform.
        hop: samples from window to window.

    Returns:
        (B, 1 + T // hop, W / 2 + 1).
    """
    padded = reflect(waveforms, len(window) // 2)
    spectrum = torch.stft(
        padded, len(window), hop, window=window, center=False, return_complex=True
    ).transpose(1, 2)
    return spectrum.real**2 + spectrum.imag**2
