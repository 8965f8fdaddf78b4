"""A small AudioCaps, and parquet files of it in the layouts of the known mirrors."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow_src.audio.decoding import ClipForm, decode
from workflow_src.corpus.captions import read_split
from workflow_src.corpus.decoded import DecodedSource

AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
WORDS = pa.list_(pa.string())
INT64 = pa.int64()
FORM = ClipForm(sample_rate=8000, seconds=1.0)
SUFFIXES = ("flac", "wav", "ogg", "mp3")


@pytest.fixture
def mirror_captions(tmp_path):
    """Folder of official captions: 6 train clips, 3 of val and test, five captions."""
    folder = tmp_path / "captions"
    folder.mkdir()
    number = 0
    for split, clips, captions in (("train", 6, 1), ("val", 3, 5), ("test", 3, 5)):
        rows = []
        for i in range(clips):
            video = f"{split:_<5}-{i:05}"
            for j in range(captions):
                number += 1
                rows.append((number, video, 10 * i, f"A {split} sound, {i} {j}"))
        with (folder / f"{split}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["audiocap_id", "youtube_id", "start_time", "caption"])
            writer.writerows(rows)
    return folder


@pytest.fixture
def splits(mirror_captions):
    return {
        name: read_split(mirror_captions, name) for name in ("train", "val", "test")
    }


@pytest.fixture
def audio(tmp_path, splits, write_audio):
    """The encoded audio of every clip, in several formats and rates."""
    encoded = {}
    for split in splits.values():
        for i, clip in enumerate(split.clips):
            suffix, rate = SUFFIXES[i % 4], (8000, 44100, 16000, 48000)[i % 4]
            path = tmp_path / "original" / f"{clip.file_name}.{suffix}"
            write_audio(path, len(encoded), rate, seconds=0.8 + 0.3 * (i % 2))
            encoded[clip.file_name] = path
    return encoded


def captions_of(split, clip):
    return [caption for name, caption in split.captions if name == clip.file_name]


def rows_of(split, audio, clips=None):
    """A row a caption, in the mixed order in which the mirrors have them."""
    rows = []
    for clip in split.clips if clips is None else clips:
        content = {"bytes": audio[clip.file_name].read_bytes(), "path": "x.wav"}
        rows += [(clip, caption, content) for caption in captions_of(split, clip)]
    return rows[::2] + rows[1::2]


def write_rows(path, rows, integer=INT64, group=4):
    """The layout of `opensound` and `jp1924`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "audiocap_id": pa.array(range(len(rows)), integer),
            "youtube_id": [clip.youtube_id for clip, _, _ in rows],
            "start_time": pa.array([int(c.start_time) for c, _, _ in rows], integer),
            "audio": pa.array([content for _, _, content in rows], AUDIO),
            "caption": [caption for _, caption, _ in rows],
        }
    )
    pq.write_table(table, path, row_group_size=group)


def write_opensound(folder, splits, audio, integer=INT64, parts=2):
    for name, called in (("train", "train"), ("val", "validation"), ("test", "test")):
        rows = rows_of(splits[name], audio)
        for i in range(parts):
            file = folder / "data" / f"{called}-{i:05}-of-{parts:05}.parquet"
            write_rows(file, rows[i::parts], integer)


def write_test957(folder, split, audio):
    """The layout of `kuanhuggingface-test957`: a row a clip, lists, no start."""
    names = ("test-00000-of-00002-5285b7c93704cf89", "test-00001-of-00002-a93bb5cae133")
    (folder / "data").mkdir(parents=True)
    for name, clips in zip(names, (split.clips[::2], split.clips[1::2]), strict=True):
        table = pa.table(
            {
                "youtube_id": [clip.youtube_id for clip in clips],
                "audiocaps_id": pa.array([["7", "8"] for _ in clips], WORDS),
                "audio": pa.array(
                    [
                        {"bytes": audio[c.file_name].read_bytes(), "path": "x.wav"}
                        for c in clips
                    ],
                    AUDIO,
                ),
                "caption": pa.array([captions_of(split, c) for c in clips], WORDS),
                "label": pa.array([["Speech"] for _ in clips], WORDS),
                "hallucination_label": pa.array([["Rain"] for _ in clips], WORDS),
            }
        )
        pq.write_table(table, folder / "data" / f"{name}.parquet")


def assert_same_audio(out, split, audio, clips=None):
    source = DecodedSource(out)
    for clip in split.clips if clips is None else clips:
        got = decode(source.fetch(clip).path, FORM)
        np.testing.assert_array_equal(got, decode(audio[clip.file_name], FORM))
