"""What an audio source is: it hands out one clip's audio, or says why it cannot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from workflow_src.corpus.captions import Clip


@dataclass(frozen=True)
class Fetched:
    """A clip's encoded audio as a file, and the fetches it took (0: was there)."""

    path: Path
    attempts: int = 0


class LostClip(Exception):
    """A clip that the source cannot give: state and reason of its manifest row."""

    def __init__(self, state: str, reason: str, attempts: int = 0):
        super().__init__(reason)
        self.state = state
        self.attempts = attempts


class Source(Protocol):
    """Anything with this method is an audio source."""

    def fetch(self, clip: Clip) -> Fetched:
        """The clip's audio.

        Raises:
            LostClip: if the source cannot give it.
        """
