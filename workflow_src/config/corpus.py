"""The corpus that the config selects, for the rules: its splits, shards and folders.

Everything that differs between the corpora is decided here; what follows in the
graph cannot tell them apart.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from workflow_src.config import steps
from workflow_src.config.schema import Config
from workflow_src.corpus.folder import folder_splits
from workflow_src.corpus.mirrors import Mirror
from workflow_src.corpus.settings import AudioCapsSource, IngestSettings
from workflow_src.corpus.sources import fetches
from workflow_src.layout import SPLITS, Layout

CLIPS_PER_SHARD = 500
# Downloads are slow, and one that fails is tried again as a whole shard.
AUDIOCAPS_SHARDS = {"train": 200, "val": 2, "test": 4}
FOLDER_SHARDS = 4  # of any split: its size is known only when it is read


def splits(config: Config) -> list[str]:
    """Names of the splits, those with captions first.

    Raises:
        InputError: `corpus_dir` lacks a file that a folder corpus must have.
    """
    if config.selected_corpus == "embedded":
        return [*SPLITS, "tagged"]
    if config.selected_corpus == "folder":
        return folder_splits(str(config.corpus_dir))
    return list(SPLITS)


def shards(config: Config, split: str) -> int:
    """Count the jobs that share the clips of a split."""
    if config.selected_corpus == "embedded":
        clips = steps.embedded_corpus(config).clips(split)
        return math.ceil(clips / CLIPS_PER_SHARD)
    if config.selected_corpus == "audiocaps":
        return AUDIOCAPS_SHARDS[split]
    return FOLDER_SHARDS


def ingest_settings(config: Config, split: str) -> IngestSettings:
    """What the waveforms of a split depend on, beside its captions."""
    if config.selected_corpus != "audiocaps":
        return IngestSettings(config.clip_form)
    return IngestSettings(config.clip_form, _decisive(config.audiocaps.taken, split))


def mirror_settings(config: Config) -> IngestSettings:
    """Which mirrors of AudioCaps are fetched, and the form of their clips."""
    taken = config.audiocaps.taken
    # Which test clips are wanted is asked when they are decoded.
    return IngestSettings(config.clip_form, replace(taken, test_clips="all"))


def _decisive(taken: AudioCapsSource, split: str) -> AudioCapsSource:
    """Of what is taken, that which decides a split's audio: no other source's place."""
    name = taken.source_of(split)
    return AudioCapsSource(
        source=name,
        folder=taken.folder if name == "folder" else None,
        url=taken.url if name == "http" else None,
        huggingface=taken.huggingface if taken.mirror(name) else Mirror(),
        test_clips=test_clips_of(taken, split),
    )


def test_clips_of(taken: AudioCapsSource, split: str) -> str:
    """Which clips of a split are wanted: of the test split a choice, of others all."""
    return taken.test_clips if split == "test" else "all"


def test_clips(config: Config, split: str) -> str:
    """Which clips of a split are wanted."""
    if config.selected_corpus != "audiocaps":
        return "all"
    return test_clips_of(config.audiocaps.taken, split)


def captions_folder(config: Config, layout: Layout) -> Path:
    """Folder of the corpus's `<split>.csv` (and `tags.csv`) as they arrive."""
    if config.selected_corpus == "folder":
        return Path(str(config.corpus_dir))
    return layout.source


def audio_folder(config: Config, layout: Layout) -> Path:
    """Folder of the audio files; what is fetched is kept there."""
    return captions_folder(config, layout) / "audio"


def mirrored(config: Config) -> bool:
    """Whether a mirror of AudioCaps is fetched before anything is decoded."""
    taken = config.audiocaps.taken
    return config.selected_corpus == "audiocaps" and any(
        taken.mirror(taken.source_of(split)) for split in SPLITS
    )


def downloads(config: Config, split: str) -> bool:
    """Whether decoding a shard of a split fetches its clips, one by one."""
    return fetches(ingest_settings(config, split), split)


def keeps_audio(config: Config) -> bool:
    """Whether the corpus's encoded audio is kept below data/ beside the waveforms."""
    if config.selected_corpus == "audiocaps":
        return config.audiocaps.source != "folder"
    return config.selected_corpus == "embedded"
