"""Noise and reverberation on waveforms (Section 4.3 of the paper).

Each effect draws, for each clip on its own, whether it applies and how strongly;
only the clips that were drawn cost time.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from workflow_src.augment.generators import on_device, or_default
from workflow_src.augment.responses import measured_responses
from workflow_src.augment.settings import (
    SAMPLE_RATE,
    EffectSettings,
    NoiseSettings,
    ReverbSettings,
)
from workflow_src.errors import InputError

DECAY_AT_RT60 = 1e-3  # of amplitude: -60 dB


@dataclass(frozen=True)
class _Effect(EffectSettings):
    """What both effects share: the draw, and the work on drawn clips only."""

    @property
    def _strength_range(self) -> tuple[float, float]:
        raise NotImplementedError

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws for `count` clips whether the effect applies, and its strength.

        Args:
            count: B.
            generator: of the draws.

        Returns:
            (count,) float32 on the CPU: the strength, uniform in its range; NaN
            for a clip that stays as it is.
        """
        low, high = self._strength_range
        uniform = torch.rand(2, count, generator=generator, device=generator.device)
        chosen, position = uniform.cpu()
        strength: Tensor = low + (high - low) * position
        return strength.masked_fill(chosen >= self.probability, torch.nan)

    def apply(
        self, waveforms: Tensor, strength: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Applies drawn strengths.

        Args:
            waveforms: (B, T) float, stays as it is.
            strength: (B,) as `draw` gives it.
            generator: source of the noise samples.

        Returns:
            (B, T), new memory; clips of strength NaN are equal to the input.
        """
        out = waveforms.clone()
        self.apply_(out, strength, generator)
        return out

    def apply_(
        self, waveforms: Tensor, strength: Tensor, generator: torch.Generator
    ) -> None:
        """As `apply`, in place."""
        rows, strength = drawn_rows(strength)
        device = waveforms.device
        self.apply_to_(waveforms, rows.to(device), strength.to(device), generator)

    def apply_to_(
        self,
        waveforms: Tensor,
        rows: Tensor,
        strength: Tensor,
        generator: torch.Generator,
    ) -> None:
        """Applies strengths to some clips, in place, without a wait for the device.

        Args:
            waveforms: (B, T) float.
            rows: (R,) which of them, on their device.
            strength: (R,) none of them NaN, on their device.
            generator: source of the noise samples.
        """
        if len(rows):
            strength = strength.to(waveforms.dtype)
            generator = on_device(generator, waveforms.device)
            waveforms[rows] = self._transform(waveforms[rows], strength, generator)

    def __call__(
        self, waveforms: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draws and applies.

        Args:
            waveforms: (B, T) float, or one clip (T,); stays as it is.
            generator: of every draw; None takes torch's default generator.

        Returns:
            The same shape, new memory.

        Raises:
            InputError: another shape, or integers.
        """
        if not waveforms.is_floating_point():
            raise InputError(f"{self.name}: samples are floats, not {waveforms.dtype}")
        if waveforms.ndim == 1:
            return self(waveforms[None], generator)[0]
        if waveforms.ndim != 2:
            raise InputError(
                f"{self.name}: waveforms are (B, T), not {tuple(waveforms.shape)}"
            )
        generator = or_default(generator)
        return self.apply(waveforms, self.draw(len(waveforms), generator), generator)

    def _transform(
        self, waveforms: Tensor, strength: Tensor, generator: torch.Generator
    ) -> Tensor:
        raise NotImplementedError


@dataclass(frozen=True)
class Noise(NoiseSettings, _Effect):
    """Adds white Gaussian noise at a signal-to-noise ratio drawn per clip.

    The ratio is that of mean powers over the whole clip, padding included, and
    is met exactly. A silent clip stays silent: it has no such ratio.

        >>> import torch
        >>> from workflow_src.augment import Noise
        >>> noise = Noise(probability=1.0, snr_db=(10, 10))
        >>> waveforms = torch.rand(2, 32_000) - 0.5
        >>> added = noise(waveforms, torch.Generator().manual_seed(1)) - waveforms
        >>> round(float(10 * (waveforms.var() / added.var()).log10()))
        10

    Attributes and errors are those of `NoiseSettings`.
    """

    @property
    def _strength_range(self) -> tuple[float, float]:
        return self.snr_db[0], self.snr_db[1]

    def _transform(
        self, waveforms: Tensor, strength: Tensor, generator: torch.Generator
    ) -> Tensor:
        noise = torch.empty_like(waveforms).normal_(generator=generator)
        gain = _rms(waveforms) / _rms(noise) * 10 ** (-strength[:, None] / 20)
        return torch.addcmul(waveforms, gain.expand_as(noise), noise)


@dataclass(frozen=True)
class Reverb(ReverbSettings, _Effect):
    """Convolves with the impulse response of a room, made for each clip or measured.

    A made response is a direct path at time 0 and then a tail: white Gaussian noise
    under 10^(-3 t / RT60), the statistical model of a diffuse room, as long as the
    longest RT60. RT60 and the energy of the direct path above the tail's are drawn
    for each clip. The output has the length and the root-mean-square level of the
    input, and is not shifted against it.

        >>> import torch
        >>> from workflow_src.augment import Reverb
        >>> reverb = Reverb(probability=1.0, rt60=(0.2, 0.4))
        >>> click = torch.zeros(1, 32_000)
        >>> click[0, 100] = 1
        >>> heard = reverb(click, torch.Generator().manual_seed(1))
        >>> int(heard[0].abs().argmax()), bool(heard[0, 101:1000].any())
        (100, True)

    Attributes and errors are those of `ReverbSettings`, and

    Attributes:
        sample_rate: Hz.
    """

    sample_rate: int = SAMPLE_RATE

    @property
    def _strength_range(self) -> tuple[float, float]:
        return self.rt60[0], self.rt60[1]

    def impulse_responses(self, rt60: Tensor, generator: torch.Generator) -> Tensor:
        """Makes or draws one response a clip.

        Args:
            rt60: (G,) seconds, of the tail; not used by measured responses.
            generator: of what else is drawn, on the device of `rt60`.

        Returns:
            (G, R), R the longest RT60 or that of the longest measured response.
        """
        if self.responses is not None:
            known = measured_responses(self.responses, self.sample_rate).to(rt60)
            shape, device = rt60.shape, rt60.device
            chosen = torch.randint(
                len(known), shape, generator=generator, device=device
            )
            return known[chosen]
        length = max(1, round(self.rt60[1] * self.sample_rate))
        time = torch.arange(length, device=rt60.device, dtype=rt60.dtype)
        decay = DECAY_AT_RT60 ** (time / (rt60[:, None] * self.sample_rate))
        tail = decay.mul_(torch.empty_like(decay).normal_(generator=generator))
        if self.direct_to_tail_db is None:
            return tail
        low, high = self.direct_to_tail_db
        position = torch.empty_like(rt60).uniform_(generator=generator)
        level = 10 ** ((low + (high - low) * position) / 20)
        # The direct path, 1, takes the place of the tail's first sample.
        norm = torch.linalg.vector_norm(tail[:, 1:], dim=1)
        tail /= (level * norm).clamp_min(torch.finfo(tail.dtype).tiny)[:, None]
        tail[:, 0] = 1
        return tail

    def _transform(
        self, waveforms: Tensor, strength: Tensor, generator: torch.Generator
    ) -> Tensor:
        responses = self.impulse_responses(strength, generator)
        wet = convolve(waveforms, responses)
        floor = torch.finfo(wet.dtype).tiny
        return wet.mul_(_rms(waveforms) / _rms(wet).clamp_min(floor))


def drawn_rows(strength: Tensor) -> tuple[Tensor, Tensor]:
    """Finds the clips that a draw changes: (B,) -> their rows (R,), strengths (R,)."""
    rows = (~strength.isnan()).nonzero().flatten()
    return rows, strength[rows]


def convolve(signals: Tensor, responses: Tensor) -> Tensor:
    """Convolves each signal linearly with its response, by overlapping blocks.

    Overlap-save (Oppenheim and Schafer, Discrete-Time Signal Processing, section
    8.7.3): blocks of two to four times the response's length suit a CPU's cache better
    than one transform of a whole clip.

    Args:
        signals: (B, T).
        responses: (B, R), R of any length.

    Returns:
        (B, T), the beginning of the convolution; what rings on after it is cut.
    """
    samples, ringing = signals.shape[1], responses.shape[1] - 1
    size = 2 << ringing.bit_length()
    step = size - ringing
    count = -(-samples // step)
    padded = F.pad(signals, (ringing, count * step - samples))
    spectrum = torch.fft.rfft(padded.unfold(1, size, step))
    spectrum *= torch.fft.rfft(responses, size).unsqueeze(1)
    # The circular transform wraps what rings on into the beginning of each block,
    # which the block before it has whole.
    whole: Tensor = torch.fft.irfft(spectrum, size)[:, :, ringing:]
    return whole.flatten(1)[:, :samples]


def _rms(waveforms: Tensor) -> Tensor:
    """Measures the root mean square of each clip: (B, T) -> (B, 1)."""
    norm: Tensor = torch.linalg.vector_norm(waveforms, dim=1, keepdim=True)
    return norm / math.sqrt(waveforms.shape[1])
