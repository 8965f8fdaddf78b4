"""The corpus that the config selects: its splits, its captions, its audio.

Everything that differs between the corpora is decided here; what follows in the
graph cannot tell them apart.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.folder import FolderSource, folder_splits
from workflow_src.corpus.source import Source
from workflow_src.layout import SPLITS, Layout

CLIPS_PER_SHARD = 500
# Downloads are slow, and one that fails is tried again as a whole shard.
AUDIOCAPS_SHARDS = {"train": 200, "val": 2, "test": 4}
FOLDER_SHARDS = 4  # of any split: its size is known only when it is read


def splits(config: Mapping) -> list[str]:
    """Names of the splits, those with captions first.

    Raises:
        InputError: `corpus_dir` lacks a file that a folder corpus must have.
    """
    if config["corpus"] == "embedded":
        return [*SPLITS, "tagged"]
    if config["corpus"] == "folder":
        return folder_splits(config["corpus_dir"])
    return list(SPLITS)


def shards(config: Mapping, split: str) -> int:
    """Count the jobs that share the clips of a split."""
    if config["corpus"] == "embedded":
        return math.ceil(config["embedded"][f"{split}_clips"] / CLIPS_PER_SHARD)
    return AUDIOCAPS_SHARDS[split] if config["corpus"] == "audiocaps" else FOLDER_SHARDS


def captions_folder(config: Mapping, layout: Layout) -> Path:
    """Folder of the corpus's `<split>.csv` (and `tags.csv`) as they arrive."""
    return Path(config["corpus_dir"]) if config["corpus"] == "folder" else layout.source


def clip_form(config: Mapping) -> ClipForm:
    """What every clip is brought to."""
    return ClipForm(**config["audio"], min_seconds=config["clips"]["min_seconds"])


def audio_source(config: Mapping, layout: Layout, split: str, shard: str) -> Source:
    """Where the audio of a split's clips comes from.

    `shard` names the job: what it fetched is remembered under this name.
    """
    if config["corpus"] != "audiocaps":
        return FolderSource(captions_folder(config, layout) / "audio")
    # Here, as it imports the downloaders.
    from workflow_src.corpus import audiocaps

    cache = layout.source / "audio"
    if downloads(config):
        cache /= split
    job = f"{split}.{shard}"
    return audiocaps.audio_source(config["audiocaps"], cache, job, clip_form(config))


def downloads(config: Mapping) -> bool:
    """Whether decoding a shard fetches its clips, one by one."""
    remote = config["audiocaps"]["source"] in ("youtube", "http")
    return config["corpus"] == "audiocaps" and remote


def keeps_audio(config: Mapping) -> bool:
    """Whether the corpus's encoded audio is kept below data/ beside the waveforms."""
    if config["corpus"] == "audiocaps":
        return config["audiocaps"]["source"] != "folder"
    return config["corpus"] == "embedded"
