"""Audio sources: each hands out one clip's audio, or the reason why it cannot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workflow_src.corpus.captions import Clip

# Of a clip's encoded audio, at most: ten seconds of 8 channels at 192 kHz.
CLIP_BYTES = 64 << 20


@dataclass(frozen=True)
class FetchedAudio:
    """A clip's encoded audio.

    Attributes:
        path: of the file.
        attempts: fetches that it took; 0: it was there.
    """

    path: Path
    attempts: int = 0


class LostClip(Exception):
    """A clip that the source cannot give.

    Args:
        state: of its manifest row.
        reason: of its manifest row.
        attempts: fetches that were tried.
    """

    def __init__(self, state: str, reason: str, attempts: int = 0):
        super().__init__(reason)
        self.state = state
        self.attempts = attempts


class Source(Protocol):
    """Anything with this method is an audio source."""

    def fetch(self, clip: Clip) -> FetchedAudio:
        """The clip's audio.

        Raises:
            LostClip: if the source cannot give it.
        """
