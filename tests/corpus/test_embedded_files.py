"""The files: AudioCaps' form, the same for a seed, whole or absent."""

import csv
import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from workflow_src.corpus.embedded import writing
from workflow_src.corpus.embedded.plan import plan_clip, plan_split
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.writing import waveform, write_audio, write_captions

SMALL = EmbeddedSettings(
    seed=3, train_clips=5, val_clips=2, test_clips=3, tagged_clips=2, seconds=8
)
NAME = re.compile(r"[A-Za-z0-9_-]{11}_\d+\.flac")


def rows(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("embedded")
    write_captions(SMALL, out)
    write_audio(SMALL, out)
    return out


def test_captions_have_the_official_columns(corpus):
    every_id = []
    for split, clips, captions in (("train", 5, 1), ("val", 2, 5), ("test", 3, 5)):
        table = rows(corpus / f"{split}.csv")
        assert list(table[0]) == ["audiocap_id", "youtube_id", "start_time", "caption"]
        assert len(table) == clips * captions
        names = [row["youtube_id"] for row in table]
        assert len(set(names)) == clips
        assert names == [name for name in dict.fromkeys(names) for _ in range(captions)]
        every_id += [row["audiocap_id"] for row in table]
    assert len(set(every_id)) == len(every_id)


def test_the_official_files_have_the_same_first_line(corpus):
    official = Path(__file__).parents[2].parent / "shared/audiocaps/train.csv"
    if not official.exists():
        pytest.skip("needs the official captions")
    first = official.read_bytes().splitlines(keepends=True)[0]
    assert (corpus / "train.csv").read_bytes().startswith(first)


def test_every_clip_has_tags_and_audio(corpus):
    table = rows(corpus / "tags.csv")
    assert list(table[0]) == ["file_name", "split", "tags"]
    assert [row["split"] for row in table] == (
        ["train"] * 5 + ["val"] * 2 + ["test"] * 3 + ["tagged"] * 2
    )
    kinds = {row["kind"]: row["family"] for row in rows(corpus / "kinds.csv")}
    assert kinds == {kind.name: kind.family for kind in KINDS.values()}
    assert all(set(row["tags"].split("|")) <= set(kinds) for row in table)
    names = [row["file_name"] for row in table]
    assert all(NAME.fullmatch(name) for name in names)
    assert sorted(names) == sorted(path.name for path in (corpus / "audio").iterdir())
    captioned = {
        f"{row['youtube_id']}_{row['start_time']}.flac"
        for split in ("train", "val", "test")
        for row in rows(corpus / f"{split}.csv")
    }
    assert captioned == {row["file_name"] for row in table if row["split"] != "tagged"}


def test_audio_is_sixteen_bit_mono_flac(corpus):
    for path in (corpus / "audio").iterdir():
        facts = soundfile.info(path)
        assert (facts.format, facts.subtype) == ("FLAC", "PCM_16")
        assert (facts.channels, facts.samplerate, facts.frames) == (1, 32000, 256000)
    clip = plan_clip(SMALL, "val", 1)
    stored, _ = soundfile.read(corpus / "audio" / clip.file_name, dtype="int16")
    np.testing.assert_array_equal(stored, waveform(SMALL, clip))


def test_one_seed_gives_one_corpus_whatever_the_shards(corpus, tmp_path):
    write_captions(SMALL, tmp_path)
    for shard in (2, 0, 1):
        write_audio(SMALL, tmp_path, shard, 3)
    assert contents(tmp_path) == contents(corpus)


def test_another_seed_gives_another_corpus():
    other = EmbeddedSettings(seed=4, train_clips=5)
    clips = list(
        zip(plan_split(SMALL, "train"), plan_split(other, "train"), strict=True)
    )
    assert all(a.youtube_id != b.youtube_id and a.scene != b.scene for a, b in clips)


def test_a_larger_corpus_begins_with_the_smaller_one(tmp_path, corpus):
    larger = EmbeddedSettings(
        seed=3, train_clips=9, val_clips=4, test_clips=3, tagged_clips=2, seconds=8
    )
    write_captions(larger, tmp_path)
    for split in ("train", "val", "test"):
        smaller = (corpus / f"{split}.csv").read_bytes()
        assert (tmp_path / f"{split}.csv").read_bytes().startswith(smaller)


def test_progress_counts_the_shards_clips(tmp_path):
    calls = []
    write_audio(SMALL, tmp_path, 1, 6, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


def test_an_interrupted_clip_does_not_count(tmp_path, monkeypatch):
    def stop(path, *arguments, **options):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.soundfile, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        write_audio(SMALL, tmp_path)
    assert not list((tmp_path / "audio").glob("*.flac"))


def test_a_shard_out_of_range_is_refused(tmp_path):
    with pytest.raises(ValueError, match="shard 3 of 3"):
        write_audio(SMALL, tmp_path, 3, 3)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"train_clips": -1}, "embedded.train_clips"),
        ({"sample_rate": 8000}, "sample_rate 8000"),
        ({"seconds": 3}, "seconds 3"),
    ],
)
def test_bad_settings_are_named(facts, message):
    with pytest.raises(ValueError, match=message):
        EmbeddedSettings(**facts)


def test_generating_is_many_times_faster_than_real_time(tmp_path):
    def of(clips: int) -> EmbeddedSettings:
        return EmbeddedSettings(
            train_clips=clips, val_clips=0, test_clips=0, tagged_clips=0
        )

    write_audio(of(1), tmp_path)
    start = time.process_time()
    write_audio(of(40), tmp_path)
    # Half the promised 50 leaves room for a slow or crowded core.
    assert 40 * of(40).seconds / (time.process_time() - start) > 25
