"""The corpus before any sound is made: every clip's name, scene and captions."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workflow_src.corpus.embedded.grammar import captions
from workflow_src.corpus.embedded.scenes import Scene, draw_scene
from workflow_src.corpus.embedded.settings import EMBEDDED_SPLITS, EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS

CAPTIONS = {"train": 1, "val": 5, "test": 5, "tagged": 0}
# Share of the test clips that have a held-out pair of kinds.
NOVEL_SHARE = 0.5
# Independent random streams of a clip.
SCENE, CAPTION, AUDIO, NAME, ORDER = range(5)


@dataclass(frozen=True)
class EmbeddedClip:
    """One clip of the corpus.

    Attributes:
        split: its split.
        index: in the split, from 0.
        youtube_id: 11 characters, as of a video; unique.
        start_time: seconds, as of a section of a video.
        scene: what is heard.
        captions: of the scene; none in the split `tagged`.
    """

    split: str
    index: int
    youtube_id: str
    start_time: int
    scene: Scene
    captions: tuple[str, ...]

    @property
    def file_name(self) -> str:
        """Name below audio/."""
        return f"{self.youtube_id}_{self.start_time}.flac"


def stream(
    settings: EmbeddedSettings, split: str, index: int, purpose: int
) -> np.random.Generator:
    """Random generator of one clip and purpose; independent of all others.

    Args:
        settings: of the corpus.
        split: the clip's.
        index: the clip's, from 0.
        purpose: SCENE, CAPTION, AUDIO, NAME or ORDER.
    """
    return np.random.default_rng(
        [settings.seed, EMBEDDED_SPLITS.index(split), index, purpose]
    )


def plan_clip(settings: EmbeddedSettings, split: str, index: int) -> EmbeddedClip:
    """Decide everything about a clip but its waveform.

    Args:
        settings: of the corpus.
        split: the clip's.
        index: the clip's, from 0.
    """
    scene = _scene(settings, split, index)
    key = f"{settings.seed}/{split}/{index}".encode()
    digest = hashlib.blake2b(key, digest_size=8).digest()
    # 8 bytes in base 64 are the 11 characters of a YouTube id.
    name = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    start = 10 * int(stream(settings, split, index, NAME).integers(0, 50))
    texts = captions(scene, stream(settings, split, index, CAPTION), CAPTIONS[split])
    return EmbeddedClip(split, index, name, start, scene, tuple(texts))


def plan_split(settings: EmbeddedSettings, split: str) -> Iterator[EmbeddedClip]:
    """Plan all clips of a split, in order."""
    return (plan_clip(settings, split, index) for index in range(settings.clips(split)))


def _scene(settings: EmbeddedSettings, split: str, index: int) -> Scene:
    # Every kind is the anchor of one clip in each round of len(KINDS) clips.
    turn, place = divmod(index, len(KINDS))
    order = stream(settings, split, turn, ORDER).permutation(len(KINDS))
    anchor = list(KINDS)[order[place]]
    rng = stream(settings, split, index, SCENE)
    novel = split == "test" and rng.random() < NOVEL_SHARE
    return draw_scene(rng, anchor, novel, settings.seconds)
