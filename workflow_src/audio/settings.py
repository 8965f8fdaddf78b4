"""The form of a clip and of its log-mels, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workflow_src.errors import InputError
from workflow_src.settings import Settings

FrontEndName = Literal["act", "panns"]
# Samples from frame to frame in the published systems.
PUBLISHED_HOP_LENGTH: dict[str, int] = {"act": 640, "panns": 320}


@dataclass(frozen=True)
class AudioForm(Settings):
    """The form of every clip that a model sees.

    Attributes:
        sample_rate: Hz.
        seconds: shorter clips are padded with zeros at the end, longer ones cut.

    Raises:
        InputError: a value that is not positive.
    """

    sample_rate: int = 32_000
    seconds: float = 10.0

    def __post_init__(self) -> None:
        for key, value in vars(self).items():
            if not value > 0:
                raise InputError(f"{key} is above 0, not {value}")

    @property
    def samples(self) -> int:
        """Samples of a clip, T."""
        return round(self.sample_rate * self.seconds)


@dataclass(frozen=True)
class ClipForm(AudioForm):
    """What every clip is brought to when it is decoded.

    Attributes:
        min_seconds: a shorter file is refused.
    """

    min_seconds: float = 0.5


@dataclass(frozen=True)
class FrontEndSettings(Settings):
    """Which log-mels a model is fed.

    Attributes:
        name: `act` or `panns`: the two systems the paper builds on.
        hop_length: samples from frame to frame; see `PUBLISHED_HOP_LENGTH`.

    Raises:
        InputError: a hop below 1.
    """

    name: FrontEndName
    hop_length: int

    def __post_init__(self) -> None:
        if self.hop_length < 1:
            raise InputError(f"hop_length is at least 1, not {self.hop_length}")

    def frames(self, samples: int) -> int:
        """Count the frames of a clip: centred ones, of ACT without the last."""
        return samples // self.hop_length + (self.name == "panns")

    @property
    def published_frames(self) -> float:
        """How many frames of the published system one frame lasts."""
        return self.hop_length / PUBLISHED_HOP_LENGTH[self.name]
