"""SpecAugment: random stripes of the spectrogram set to zero (Park et al. 2019)."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from workflow_src.augment.generators import or_default
from workflow_src.augment.settings import SpecAugmentSettings
from workflow_src.errors import InputError

# A stripe covers at most this share of its axis, whatever its width in frames
# or bins says: the upper bound "p" of Section 2 of Park et al. At 500 x 64 and
# the published widths it never binds; it keeps a shorter input from vanishing.
LARGEST_SHARE = 0.25

# What a model applies to its normalised spectrogram: (B, L, F) -> the same shape.
SpectrogramTransform = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class SpecAugment(SpecAugmentSettings):
    """Masks stripes of time and frequency, other ones in each sample.

    A stripe's width is uniform in 0, ..., its maximum, and its place uniform
    among those that fit. The masked value is zero, so the place for this is
    after the model's BatchNorm over mel bins (both baselines of the paper): zero
    is then the mean. The maximum width is the one given or a quarter of the axis,
    whichever is less.

        >>> import torch
        >>> from workflow_src.augment import SpecAugment
        >>> specaugment = SpecAugment(time_stripes=1, time_width=20)
        >>> normalised = torch.ones(4, 500, 64)
        >>> masked = specaugment(normalised, torch.Generator().manual_seed(1))
        >>> masked.unique().tolist()
        [0.0, 1.0]

    Attributes and errors are those of `SpecAugmentSettings`.
    """

    def masked(self, shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
        """Draws what is masked.

        Args:
            shape: (B, L, F) of the spectrograms.
            generator: of the draws.

        Returns:
            (B, L, F) bool on the generator's device.
        """
        in_time, in_frequency = self.stripes(shape, generator)
        return in_time[:, :, None] | in_frequency[:, None, :]

    def stripes(
        self, shape: tuple[int, int, int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draws which frames and which bins are masked.

        Args:
            shape: (B, L, F) of the spectrograms.
            generator: of the draws.

        Returns:
            (B, L) and (B, F) bool on the generator's device.
        """
        samples, frames, bins = shape
        in_time = _stripes(
            samples, frames, self.time_stripes, self.time_width, generator
        )
        in_frequency = _stripes(
            samples, bins, self.frequency_stripes, self.frequency_width, generator
        )
        return in_time, in_frequency

    def __call__(
        self, spectrogram: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draws and masks.

        Args:
            spectrogram: (B, L, F), or one (L, F); stays as it is.
            generator: of every draw; None takes torch's default generator.

        Returns:
            The same shape, new memory.

        Raises:
            InputError: another shape.
        """
        if spectrogram.ndim == 2:
            return self(spectrogram[None], generator)[0]
        if spectrogram.ndim != 3:
            raise InputError(
                "specaugment: spectrograms are (B, L, F), not "
                f"{tuple(spectrogram.shape)}"
            )
        samples, frames, bins = spectrogram.shape
        masked = self.masked((samples, frames, bins), or_default(generator))
        return spectrogram.masked_fill(masked.to(spectrogram.device), 0)


@dataclass(frozen=True)
class Stripes:
    """Stripes that were drawn before: what a model applies, without another draw.

    Attributes:
        in_time: (B, L) bool, on the device of the spectrograms.
        in_frequency: (B, F) bool, there too.
    """

    in_time: Tensor
    in_frequency: Tensor

    def __call__(self, spectrogram: Tensor) -> Tensor:
        """Masks (B, L, F); the result is new memory."""
        masked = self.in_time[:, :, None] | self.in_frequency[:, None, :]
        return spectrogram.masked_fill(masked, 0)

    def part(self, rows: slice) -> "Stripes":
        """Those of some of the samples."""
        return Stripes(self.in_time[rows], self.in_frequency[rows])


def _stripes(
    samples: int, length: int, stripes: int, width: int, generator: torch.Generator
) -> Tensor:
    """Draws random stripes along an axis of `length`: (samples, length) bool."""
    width = min(width, int(length * LARGEST_SHARE))
    uniform = torch.rand(
        2, samples, stripes, 1, generator=generator, device=generator.device
    )
    # The clamp: a product just below width + 1 may round up to it.
    widths = (uniform[0] * (width + 1)).floor().clamp_max(width)
    starts = (uniform[1] * (length - widths + 1)).floor()
    place = torch.arange(length, device=generator.device)
    return ((place >= starts) & (place < starts + widths)).any(dim=1)
