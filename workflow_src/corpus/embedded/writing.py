"""Writes the corpus in the form in which AudioCaps arrives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from workflow_src.corpus.embedded.plan import (
    AUDIO,
    CAPTIONS,
    EmbeddedClip,
    plan_clip,
    plan_split,
    stream,
)
from workflow_src.corpus.embedded.rendering import render
from workflow_src.corpus.embedded.settings import EMBEDDED_SPLITS, EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.synth import Synth
from workflow_src.csv_files import write_csv
from workflow_src.errors import InputError, in_one_line

LINE_END = "\r\n"  # of the official files
COLUMNS = ("audiocap_id", "youtube_id", "start_time", "caption")


def write_captions(settings: EmbeddedSettings, out: Path | str) -> None:
    """Write train.csv, val.csv, test.csv, tags.csv and kinds.csv below `out`.

    The first three have the official columns audiocap_id, youtube_id,
    start_time and caption, with one row a training clip and five rows a
    validation or test clip. tags.csv (file_name, split, tags) has the kinds
    heard in every clip of every split, joined by `|`; kinds.csv (kind,
    family) has all kinds. No audio is made.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tags: list[tuple[str, str, str]] = []
    names: set[str] = set()
    for number, split in enumerate(EMBEDDED_SPLITS):
        rows: list[tuple[int, str, int, str]] = []
        for clip in plan_split(settings, split):
            if clip.youtube_id in names:
                raise RuntimeError(f"two clips are called {clip.youtube_id}")
            names.add(clip.youtube_id)
            tags.append((clip.file_name, split, "|".join(clip.scene.kinds)))
            for text in clip.captions:
                row_id = len(rows) * len(EMBEDDED_SPLITS) + number
                rows.append((row_id, clip.youtube_id, clip.start_time, text))
        if CAPTIONS[split]:
            write_csv(out / f"{split}.csv", COLUMNS, rows, LINE_END)
    write_csv(out / "tags.csv", ("file_name", "split", "tags"), tags, LINE_END)
    families = [(kind.name, kind.family) for kind in KINDS.values()]
    write_csv(out / "kinds.csv", ("kind", "family"), families, LINE_END)


def write_audio(
    settings: EmbeddedSettings,
    out: Path | str,
    shard: int = 0,
    shards: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write one shard's clips as 16-bit flac files below `out`/audio.

    A clip's samples depend on the seed, its split and its index only; on one
    machine and one set of library versions so do the bytes of its file. A
    file is written under another name and renamed when whole; files that
    exist are written anew.

    Args:
        settings: what to make.
        out: the corpus's folder.
        shard: which share of the clips, from 0 to shards - 1.
        shards: number of shares; together they write every clip once.
        progress: called with (clips done, clips of this shard) after each.

    Raises:
        ValueError: shard is not below shards.
    """
    if not 0 <= shard < shards:
        raise ValueError(f"shard {shard} of {shards}: count from 0 to shards - 1")
    folder = Path(out) / "audio"
    folder.mkdir(parents=True, exist_ok=True)
    places = [
        (split, i) for split in EMBEDDED_SPLITS for i in range(settings.clips(split))
    ]
    places = places[shard::shards]
    for done, (split, index) in enumerate(places, start=1):
        _write_flac(settings, plan_clip(settings, split, index), folder)
        if progress:
            progress(done, len(places))


def waveform(settings: EmbeddedSettings, clip: EmbeddedClip) -> NDArray[np.int16]:
    """Synthesise a clip: int16 samples at the settings' rate."""
    rng = stream(settings, clip.split, clip.index, AUDIO)
    return render(clip.scene, Synth(settings.sample_rate, rng), settings.seconds)


def _write_flac(settings: EmbeddedSettings, clip: EmbeddedClip, folder: Path) -> None:
    unfinished = folder / f".{clip.file_name}.part"
    samples = waveform(settings, clip)
    try:
        soundfile.write(
            unfinished, samples, settings.sample_rate, "PCM_16", format="FLAC"
        )
    except soundfile.LibsndfileError as error:
        raise InputError(
            f"{unfinished} cannot be written ({in_one_line(error)}): is the disk full, "
            "or the folder read-only?"
        ) from None
    os.replace(unfinished, folder / clip.file_name)
