"""The corpus that the config selects, for the rules: its splits, shards and folders.

Everything that differs between the corpora is decided here; what follows in the
graph cannot tell them apart.
"""

from __future__ import annotations

import math
from pathlib import Path

from workflow_src.config import steps
from workflow_src.config.schema import Config
from workflow_src.corpus.folder import folder_splits
from workflow_src.corpus.settings import IngestSettings
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


def ingest_settings(config: Config) -> IngestSettings:
    """What the waveforms of a split depend on, beside its captions."""
    fetched = config.selected_corpus == "audiocaps"
    return IngestSettings(config.clip_form, config.audiocaps.taken if fetched else None)


def captions_folder(config: Config, layout: Layout) -> Path:
    """Folder of the corpus's `<split>.csv` (and `tags.csv`) as they arrive."""
    if config.selected_corpus == "folder":
        return Path(str(config.corpus_dir))
    return layout.source


def audio_folder(config: Config, layout: Layout, split: str) -> Path:
    """Folder of a split's audio files; what is fetched is kept there."""
    if config.selected_corpus == "audiocaps" and config.audiocaps.source == "folder":
        return Path(str(config.audiocaps.folder))
    audio = captions_folder(config, layout) / "audio"
    return audio / split if fetches(ingest_settings(config)) else audio


def mirrored(config: Config) -> bool:
    """Whether a mirror of AudioCaps is fetched before anything is decoded."""
    audiocaps = config.selected_corpus == "audiocaps"
    return audiocaps and config.audiocaps.source == "huggingface"


def downloads(config: Config) -> bool:
    """Whether decoding a shard fetches its clips, one by one."""
    return fetches(ingest_settings(config))


def keeps_audio(config: Config) -> bool:
    """Whether the corpus's encoded audio is kept below data/ beside the waveforms."""
    if config.selected_corpus == "audiocaps":
        return config.audiocaps.source != "folder"
    return config.selected_corpus == "embedded"
