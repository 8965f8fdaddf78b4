"""Mirrors in the layouts of the presets, through a hub on loopback."""

import csv
import json
import logging
from dataclasses import replace

import pyarrow as pa
import pytest

from tests.corpus.mirror_layouts import (
    FORM,
    assert_same_audio,
    rows_of,
    write_opensound,
    write_rows,
    write_test957,
)
from workflow_src.corpus import mirror as mirror_module
from workflow_src.corpus.decoded import DecodedSource, DecodedWriter
from workflow_src.corpus.hub import HubRepository
from workflow_src.corpus.mirror import REPORT, take_mirror
from workflow_src.corpus.mirrors import PRESETS, Mirror, SplitNames
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError
from workflow_src.transfer import RetryPolicy

FAST = RetryPolicy(attempts=3, backoff=0.01)


def take_preset(name, hub, splits, out):
    """A preset as it is, but for whose data set it is."""
    place = HubRepository("owner/clips", "main", FAST, hub.address)
    return take_mirror(PRESETS[name], place, splits, out, FORM)


def report(out):
    with (out / REPORT).open() as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("preset", "integer"), [("opensound", pa.int64()), ("jp1924", pa.int32())]
)
def test_a_mirror_with_a_row_a_caption(
    hub,
    splits,
    audio,
    tmp_path,
    monkeypatch,
    preset,
    integer,
):
    write_opensound(hub.folder, splits, audio, integer)
    hub.client = out = tmp_path / "out"
    decoded = []
    take = DecodedWriter.take
    monkeypatch.setattr(
        DecodedWriter,
        "take",
        lambda self, clip, content: decoded.append(clip) or take(self, clip, content),
    )
    clips = take_preset(preset, hub, splits, out)
    assert sorted(clips) == sorted(audio)
    for split in splits.values():
        assert_same_audio(out, split, audio)
    assert len(decoded) == len(set(decoded)) == 12
    assert report(out) == []
    # One parquet file at a time, and none at the end.
    assert hub.largest <= 1
    assert list(out.rglob("*.parquet")) == []
    assert set(hub.sent.values()) == {1}


def test_a_mirror_with_a_row_a_clip_and_no_start(
    hub,
    splits,
    audio,
    tmp_path,
):
    write_test957(hub.folder, splits["test"], audio)
    test = {"test": splits["test"]}
    clips = take_preset("kuanhuggingface-test957", hub, test, tmp_path / "out")
    assert sorted(clips) == sorted(clip.file_name for clip in splits["test"].clips)
    assert_same_audio(tmp_path / "out", splits["test"], audio)
    assert report(tmp_path / "out") == []


def test_only_the_files_of_the_wanted_splits_are_fetched(
    hub,
    splits,
    audio,
    tmp_path,
):
    write_opensound(hub.folder, splits, audio)
    take_preset("opensound", hub, {"val": splits["val"]}, tmp_path / "out")
    assert {name.split("-")[0] for name in hub.sent} == {"data/validation"}


def test_what_a_mirror_lacks_and_has_otherwise_is_listed(
    hub,
    splits,
    audio,
    tmp_path,
    caplog,
):
    caplog.set_level(logging.INFO)
    train = splits["train"]
    first, second, third, fourth, fifth, sixth = train.clips
    rows = rows_of(train, audio, [second, third, fourth, fifth])
    rows[0] = (rows[0][0], "Quite another caption", rows[0][2])
    rows[1] = (rows[1][0], rows[1][1], {"bytes": b"no audio", "path": None})
    rows[2] = (rows[2][0], rows[2][1], None)
    stranger = replace(first, youtube_id="stranger_00", start_time="7")
    rows.append((stranger, "A caption", rows[0][2]))
    write_rows(hub.folder / "data" / "train-00000-of-00001.parquet", rows)
    out = tmp_path / "out"
    clips = take_preset("opensound", hub, {"train": train}, out)
    assert len(clips) == 4
    good = [second, fifth]
    assert_same_audio(out, train, audio, good)
    lost = {c.file_name: c for c in (first, third, fourth, sixth)}
    findings = {(name, finding): detail for _, name, finding, detail in report(out)}
    corrupt = rows[1][0].file_name
    nothing = rows[2][0].file_name
    assert findings.pop((corrupt, "corrupt")).startswith("not readable")
    assert findings.pop((rows[0][0].file_name, "another caption")) == (
        "Quite another caption"
    )
    assert findings.pop(("stranger_00_7", "not official")) == ""
    assert {corrupt, nothing} < set(lost)
    lacking = "the mirror has no such clip"
    assert findings == {
        (name, "unavailable"): lacking for name in lost if name != corrupt
    }
    assert "train: 2 of 6 clips; 4 are lacking" in caplog.text
    source = DecodedSource(out)
    with pytest.raises(LostClip, match="not readable") as caught:
        source.fetch(lost[corrupt])
    assert caught.value.state == "corrupt"
    with pytest.raises(LostClip, match="no such clip") as caught:
        source.fetch(first)
    assert caught.value.state == "unavailable"


def test_an_interrupted_mirror_goes_on_with_its_file(
    hub,
    splits,
    audio,
    tmp_path,
    monkeypatch,
):
    write_opensound(hub.folder, splits, audio, parts=3)
    train, out = {"train": splits["train"]}, tmp_path / "out"
    taken, take = [], DecodedWriter.take

    def failing(self, clip, content):
        if len(taken) == 3:
            raise OSError("no space left on device")
        taken.append(clip)
        take(self, clip, content)

    monkeypatch.setattr(DecodedWriter, "take", failing)
    with pytest.raises(OSError, match="no space"):
        take_preset("opensound", hub, train, out)
    before = dict(hub.sent)
    again = []
    monkeypatch.setattr(
        DecodedWriter, "take", lambda s, c, a: again.append(c) or take(s, c, a)
    )
    hub.sent.clear()
    take_preset("opensound", hub, train, out)
    assert len(before) == 2
    # The unfinished file lies there whole: only the third is fetched.
    assert len(hub.sent) == 1
    assert len(taken) == len(again) == 3
    assert set(taken) | set(again) == set(splits["train"].clips)
    assert_same_audio(out, splits["train"], audio)
    hub.sent.clear()
    take_preset("opensound", hub, train, out)
    assert not hub.sent
    # Other clips are wanted of the same file: it is looked at again.
    take_preset("opensound", hub, {"train": splits["train"], "val": splits["val"]}, out)
    assert_same_audio(out, splits["val"], audio)


def test_a_connection_that_breaks_is_taken_up_again(
    hub,
    splits,
    audio,
    tmp_path,
):
    write_opensound(hub.folder, splits, audio)
    hub.failures, hub.cut_after = 1, [1000, 2000]
    take_preset("opensound", hub, {"test": splits["test"]}, tmp_path / "out")
    assert_same_audio(tmp_path / "out", splits["test"], audio)


def test_a_file_that_is_not_what_the_hub_says_is_refused(
    hub,
    splits,
    audio,
    tmp_path,
):
    write_opensound(hub.folder, splits, audio)
    hub.wrong_sums = True
    with pytest.raises(InputError, match=r"its sha256 is .* not 0000"):
        take_preset("opensound", hub, {"test": splits["test"]}, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.parquet")) == []


def test_the_need_of_disk_is_said_before_anything_is_fetched(
    hub,
    splits,
    audio,
    tmp_path,
    caplog,
    monkeypatch,
):
    caplog.set_level(logging.INFO)
    write_opensound(hub.folder, splits, audio)
    free = type("Usage", (), {"free": 100_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: free)
    sentence = r"4 of 4 parquet files are left .* 9 clips may come .* needs"
    two = {name: splits[name] for name in ("train", "val")}
    with pytest.raises(InputError, match=sentence):
        take_preset("opensound", hub, two, tmp_path / "out")
    assert not hub.sent
    free.free = 10**9
    take_preset("opensound", hub, two, tmp_path / "out")
    assert "one is kept at a time" in caplog.text


def test_splits_by_file_or_folder():
    files = [
        mirror_module.ParquetFile(name, 1)
        for name in (
            "data/train-00000-of-00002.parquet",
            "default/partial-train/0000.parquet",
            "train/0.parquet",
            "data/training.parquet",
            "data/test-0.parquet",
        )
    ]
    of_splits = mirror_module._of_splits
    assert of_splits(files, Mirror(), ["train"]) == files[:3]
    assert of_splits(files, Mirror(), ["test"]) == files[4:]
    # None is so named: all are read.
    assert of_splits(files[3:4], Mirror(), ["train"]) == files[3:4]
    nowhere = Mirror(splits=SplitNames(None, None, None))
    assert of_splits(files, nowhere, ["train"]) == files


def test_the_presets_are_pinned():
    for name, preset in PRESETS.items():
        assert len(preset.revision) == 40, name
        assert preset.repository.count("/") == 1
    assert json.dumps(list(PRESETS)) == (
        '["opensound", "jp1924", "kuanhuggingface-test957"]'
    )
