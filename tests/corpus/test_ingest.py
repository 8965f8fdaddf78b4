import functools
import logging
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.audio.loading import ClipForm, load_clip
from workflow_src.audio.store import WaveformStore
from workflow_src.corpus.captions import read_split
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.ingest import JoinedFiles, ingest, join_shards, shard_of
from workflow_src.corpus.manifest import read_manifest, summary
from workflow_src.errors import InputError

FORM = ClipForm(sample_rate=8000, seconds=1.0)


def joined(folder, split="train", captions=True, tags=False):
    """Where the shards of a split are joined to, below a folder."""
    return JoinedFiles(
        folder / "waveforms" / split,
        folder / "manifests" / f"{split}.csv",
        folder / "captions" / f"{split}.csv" if captions else None,
        folder / "tags" / f"{split}.csv" if tags else None,
    )


@pytest.fixture
def plant_faults(write_audio, noise):
    """Writes one file for each kind of bad audio; name -> state."""
    return functools.partial(_plant_faults, write_audio, noise)


def _plant_faults(write_audio, noise, folder):
    good = write_audio(folder / "whole.flac", seconds=3).read_bytes()
    (folder / "zero bytes.wav").touch()
    (folder / "truncated.flac").write_bytes(good[: len(good) // 2])
    bad = noise(1)
    bad[100] = np.nan
    soundfile.write(folder / "nan.wav", bad, 8000, subtype="FLOAT")
    write_audio(folder / "short.wav", seconds=0.1)
    soundfile.write(folder / "constant.flac", np.full(8000, 0.3), 8000)
    (folder / "text.wav").write_text("I am not audio")
    (folder / "loop.wav").symlink_to(folder / "loop.wav")
    (folder / "whole.flac").unlink()
    return {
        "zero bytes.wav": "corrupt",
        "truncated.flac": "corrupt",
        "nan.wav": "corrupt",
        "short.wav": "too short",
        "constant.flac": "silent",
        "text.wav": "corrupt",
        "loop.wav": "failed",
        "absent.wav": "unavailable",
    }


@pytest.fixture
def corpus(tmp_path, write_audio, write_captions, plant_faults):
    """Ten good clips of odd forms among eight bad ones."""
    audio = tmp_path / "audio"
    audio.mkdir()
    faults = plant_faults(audio)
    write_audio(audio / "eight channels.wav", channels=8)
    write_audio(audio / "192 kHz.flac", rate=192000)
    write_audio(audio / "déšť – 雨.ogg")
    good = ["eight channels.wav", "192 kHz.flac", "déšť – 雨.ogg"]
    for i in range(7):
        good.append(write_audio(audio / f"sub {i % 2}" / f"{i}.wav", seed=i))
    good = [
        str(getattr(name, "relative_to", lambda _, n=name: n)(audio)) for name in good
    ]
    names = [name for pair in zip(good, faults, strict=False) for name in pair]
    names += good[len(faults) :]
    write_captions(tmp_path / "train.csv", names, captions=2)
    return tmp_path, names, faults


def test_every_clip_ends_in_one_state_and_the_run_goes_on(corpus, caplog):
    folder, names, faults = corpus
    split = read_split(folder, "train")
    source = FolderSource(folder / "audio")
    rows = ingest(split, source, folder / "shard", form=FORM, max_missing=0.5)
    assert [row.file_name for row in rows] == names
    assert {r.file_name: r.state for r in rows if r.state != "ok"} == faults
    assert all(row.reason for row in rows if row.state != "ok")
    assert read_manifest(folder / "shard" / "manifest.csv") == rows
    said = "\n".join(caplog.messages)
    for name, state in faults.items():
        assert f"train, {name}: {state}: " in said
    store = WaveformStore(folder / "shard")
    assert store.names == [name for name in names if name not in faults]
    for name in store.names:
        expected = load_clip(folder / "audio" / name, FORM)
        np.testing.assert_array_equal(store.read([store.row(name)])[0], expected)


def test_the_joined_corpus_does_not_depend_on_the_shards(corpus):
    folder, names, faults = corpus
    split = read_split(folder, "train")
    source = FolderSource(folder / "audio")
    outs = []
    for shards in (1, 3, 30):
        parts = [folder / "shards" / f"{k}-{shards}" for k in range(shards)]
        for k, part in enumerate(parts):
            ingest(split, source, part, k, shards, FORM, max_missing=1)
        out = folder / f"out{shards}"
        join_shards(split, parts, joined(out))
        outs.append(out)
    for path in (
        "waveforms/train/array.raw",
        "manifests/train.csv",
        "captions/train.csv",
    ):
        assert len({(out / path).read_bytes() for out in outs}) == 1
    captions = (outs[0] / "captions" / "train.csv").read_text().splitlines()
    assert len(captions) == 1 + 2 * (len(names) - len(faults))
    assert not (outs[0] / "tags").exists()


def test_too_many_lost_clips_stop_the_run_with_a_report(corpus):
    folder, _, faults = corpus
    split = read_split(folder, "train")
    source = FolderSource(folder / "audio")
    with pytest.raises(
        InputError, match=r"more than clips.max_missing = 0\.2"
    ) as caught:
        ingest(split, source, folder / "shard", form=FORM, max_missing=0.2)
    report = folder / "shard.missing.csv"
    assert str(report) in str(caught.value)
    lost = read_manifest(report)
    assert summary(lost) in str(caught.value)
    assert len(lost) == 4  # the first over 0.2 x 18
    assert {row.file_name for row in lost} <= set(faults)
    assert not (folder / "shard").exists()
    rows = ingest(split, source, folder / "shard", form=FORM, max_missing=0.5)
    assert len(rows) == 18
    assert not report.exists()


def test_a_split_that_lost_too_many_clips_is_not_joined(corpus):
    folder, _, faults = corpus
    split = read_split(folder, "train")
    parts = [folder / "0", folder / "1"]
    for k, part in enumerate(parts):
        ingest(split, FolderSource(folder / "audio"), part, k, 2, FORM)
    out = folder / "out"
    with pytest.raises(InputError, match=r"of 18 clips, 18 were tried .* 0\.2 allows"):
        join_shards(split, parts, joined(out), max_missing=0.2)
    lost = read_manifest(out / "manifests" / "train.missing.csv")
    assert [row.file_name for row in lost] == list(faults)
    assert not (out / "captions").exists()


def test_a_split_without_a_usable_clip_is_an_error(tmp_path, write_captions):
    (tmp_path / "audio").mkdir()
    write_captions(tmp_path / "train.csv", ["gone.wav"])
    split = read_split(tmp_path, "train")
    ingest(split, FolderSource(tmp_path / "audio"), tmp_path / "0", form=FORM)
    with pytest.raises(InputError, match=r"train: no clip is usable \(1 unavailable"):
        join_shards(split, [tmp_path / "0"], joined(tmp_path / "out"))


def test_memory_use_does_not_grow_with_the_clips(
    tmp_path, write_audio, write_captions, monkeypatch
):
    monkeypatch.setattr("workflow_src.corpus.ingest.BLOCK", 8)
    monkeypatch.setattr("workflow_src.audio.rows.COPY_BYTES", 1 << 20)
    form = ClipForm(sample_rate=32000, seconds=5.0)
    clip = write_audio(tmp_path / "audio" / "clip.flac", seconds=1)
    peaks = []
    for clips in (16, 128):
        names = [f"{i}.flac" for i in range(clips)]
        for name in names:
            if not (tmp_path / "audio" / name).exists():
                (tmp_path / "audio" / name).hardlink_to(clip)
        write_captions(tmp_path / "train.csv", names)
        split = read_split(tmp_path, "train")
        source = FolderSource(tmp_path / "audio")
        tracemalloc.start()
        ingest(split, source, tmp_path / "shard", form=form)
        join_shards(split, [tmp_path / "shard"], joined(tmp_path / "out"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1e6  # one more block would be 2.5 MB


def test_a_full_disk_is_found_before_decoding(corpus, monkeypatch):
    folder, _, _ = corpus
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _: type("Usage", (), {"free": 10_000})
    )
    split = read_split(folder, "train")
    with pytest.raises(InputError, match=r"18 waveforms needs 0\.3 MB"):
        ingest(split, None, folder / "shard", form=FORM)


def test_shards_of_other_captions_are_refused(corpus, write_captions):
    folder, names, _ = corpus
    split = read_split(folder, "train")
    source = FolderSource(folder / "audio")
    ingest(split, source, folder / "shard", form=FORM, max_missing=1)
    write_captions(folder / "train.csv", names[::-1])
    split = read_split(folder, "train")
    with pytest.raises(InputError, match="have changed since"):
        join_shards(split, [folder / "shard"], joined(folder / "out"))


def test_a_split_without_a_usable_clip_is_named(tmp_path, write_captions):
    write_captions(tmp_path / "val.csv", ["a.wav"])
    split = read_split(tmp_path, "val")
    (tmp_path / "audio").mkdir()
    source = FolderSource(tmp_path / "audio")
    ingest(split, source, tmp_path / "shard", max_missing=1)
    with pytest.raises(InputError, match="no clip is usable"):
        join_shards(split, [tmp_path / "shard"], joined(tmp_path / "out", "val"))


def test_a_tagged_split_goes_the_same_way(tmp_path, write_audio):
    write_audio(tmp_path / "audio" / "a_0.flac")
    (tmp_path / "tags.csv").write_text(
        "file_name,split,tags\na_0.flac,tagged,dog|bark\n"
    )
    split = read_split(tmp_path, "tagged")
    ingest(split, FolderSource(tmp_path / "audio"), tmp_path / "shard", form=FORM)
    files = joined(tmp_path / "out", "tagged", captions=False, tags=True)
    join_shards(split, [tmp_path / "shard"], files)
    assert WaveformStore(tmp_path / "out" / "waveforms" / "tagged").names == [
        "a_0.flac"
    ]
    written = (tmp_path / "out" / "tags" / "tagged.csv").read_text()
    assert written == "file_name,tags\na_0.flac,dog|bark\n"
    assert not (tmp_path / "out" / "captions").exists()


@given(clips=st.integers(0, 200), shards=st.integers(1, 40))
def test_shards_are_all_clips_in_nearly_equal_parts(clips, shards):
    parts = [shard_of(range(clips), k, shards) for k in range(shards)]
    assert [clip for part in parts for clip in part] == list(range(clips))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def test_a_shard_that_does_not_exist():
    with pytest.raises(InputError, match="no shard 3 of 3"):
        shard_of([], 3, 3)


@pytest.mark.slow
def test_a_thousand_mixed_files_with_fifty_faults(
    tmp_path, caplog, write_audio, write_captions, plant_faults
):
    caplog.set_level(logging.ERROR)
    audio = tmp_path / "audio"
    audio.mkdir()
    forms = [
        ("wav", 44100, 2),
        ("flac", 48000, 1),
        ("ogg", 22050, 1),
        ("mp3", 16000, 2),
    ]
    names, faults = [], {}
    for i in range(7):
        (audio / str(i)).mkdir()
        planted = plant_faults(audio / str(i))
        faults |= {f"{i}/{name}": state for name, state in planted.items()}
    faults = dict(list(faults.items())[:50])
    for i in range(950):
        suffix, rate, channels = forms[i % len(forms)]
        name = f"clip {i}.{suffix}"
        write_audio(audio / name, i, rate, channels=channels, seconds=1 + i % 12)
        names.append(name)
    names = sorted([*names, *faults])
    write_captions(tmp_path / "train.csv", names)
    split = read_split(tmp_path, "train")
    parts = [tmp_path / "shards" / str(k) for k in range(4)]
    for k, part in enumerate(parts):
        ingest(split, FolderSource(audio), part, k, 4)
    join_shards(split, parts, joined(tmp_path / "out"))
    rows = read_manifest(tmp_path / "out" / "manifests" / "train.csv")
    assert {row.file_name: row.state for row in rows if row.state != "ok"} == faults
    assert len(faults) == 50
    store = WaveformStore(tmp_path / "out" / "waveforms" / "train")
    store.verify()
    assert len(store) == 950
