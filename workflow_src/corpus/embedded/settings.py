"""What the embedded corpus is made from: sizes, a seed and a clip form."""

from __future__ import annotations

from dataclasses import dataclass

from workflow_src.errors import InputError
from workflow_src.settings import Settings

EMBEDDED_SPLITS = ("train", "val", "test", "tagged")


@dataclass(frozen=True)
class EmbeddedSettings(Settings):
    """Sizes of the four splits, the seed and the form of a clip.

    A clip depends on the seed, its split and its index in the split, so a larger
    corpus begins with the clips of a smaller one.

    Attributes:
        seed: of all draws.
        train_clips: number of clips, with one caption each.
        val_clips: number of clips, with five captions each.
        test_clips: likewise.
        tagged_clips: number of clips, with tags alone.
        sample_rate: Hz.
        seconds: of each clip.

    Raises:
        InputError: a size is negative, the sample rate is outside 16-48 kHz
            or a clip is shorter than 8 s or longer than 30 s.
    """

    seed: int = 1
    train_clips: int = 1000
    val_clips: int = 100
    test_clips: int = 200
    tagged_clips: int = 2000
    sample_rate: int = 32000  # Hz
    seconds: float = 10.0

    def __post_init__(self) -> None:
        for name in ("seed", *(f"{split}_clips" for split in EMBEDDED_SPLITS)):
            if getattr(self, name) < 0:
                raise InputError(f"embedded.{name} is negative: {getattr(self, name)}")
        if not 16000 <= self.sample_rate <= 48000:
            raise InputError(
                f"sample_rate {self.sample_rate} Hz: the embedded corpus is "
                "synthesised at 16000 to 48000 Hz"
            )
        if not 8 <= self.seconds <= 30:
            raise InputError(
                f"seconds {self.seconds}: clips of the embedded corpus last 8 to 30 s"
            )

    @property
    def samples(self) -> int:
        """Samples of a clip."""
        return round(self.sample_rate * self.seconds)

    def clips(self, split: str) -> int:
        """Number of clips of a split."""
        return int(getattr(self, f"{split}_clips"))
