import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.settings import ClipForm
from workflow_src.audio.store import WaveformStore
from workflow_src.corpus import steps, subset
from workflow_src.corpus.captions import Clip, Split
from workflow_src.corpus.pairs import read_references
from workflow_src.corpus.settings import (
    AudioCapsSource,
    DownloadOptions,
    IngestSettings,
)
from workflow_src.corpus.subset import restrict_test
from workflow_src.errors import InputError

NAMES = [f"abcdefg-_{i:02}" for i in range(12)]
CLIPS = [Clip(f"{name}_30.flac", name, "30") for name in NAMES]
TEST = Split(
    "test",
    CLIPS,
    [(clip.file_name, f"caption {i}") for i in range(5) for clip in CLIPS],
)
FORMS = ("{}", "{}_30", "Y{}", "Y{}_30.wav", "{}.flac", "  {}\t")


@settings(deadline=None, max_examples=40)
@given(
    st.sets(st.sampled_from(range(12)), min_size=1),
    st.randoms(use_true_random=False),
)
def test_any_form_of_name_in_any_order(tmp_path_factory, wanted, random):
    names = [random.choice(FORMS).format(NAMES[i]) for i in sorted(wanted)] * 2
    random.shuffle(names)
    path = tmp_path_factory.mktemp("ids") / "ids.txt"
    path.write_text("# the clips\n\n" + "\r\n".join(names))
    got = restrict_test(TEST, str(path), "unused")
    assert got.clips == [CLIPS[i] for i in sorted(wanted)]
    kept = {clip.file_name for clip in got.clips}
    assert got.captions == [pair for pair in TEST.captions if pair[0] in kept]
    assert len(got.captions) == 5 * len(wanted)


def test_all_is_all():
    assert restrict_test(TEST, "all", "unused") is TEST


def test_the_clips_of_the_act_authors_need_their_list(tmp_path, monkeypatch):
    path = tmp_path / "act.txt"
    with pytest.raises(InputError, match=r"957 clips, one a line, into .*act\.txt"):
        restrict_test(TEST, "act", path)
    path.write_text("\n".join(NAMES[:7]))
    with pytest.raises(InputError, match="names 7 clips, not the 957"):
        restrict_test(TEST, "act", path)
    monkeypatch.setattr(subset, "ACT_TEST_CLIPS", 7)
    assert restrict_test(TEST, "act", path).clips == CLIPS[:7]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"abcdefg-_00\nxyz\n", r"line 2: 'xyz' names no clip of the split test"),
        (b"# nothing\n", "names no clips"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_bad_list_is_named(tmp_path, content, sentence):
    (tmp_path / "ids.txt").write_bytes(content)
    with pytest.raises(
        InputError, match=rf"audiocaps\.test_clips: .*ids\.txt.*{sentence}"
    ):
        restrict_test(TEST, str(tmp_path / "ids.txt"), "unused")


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.txt cannot be read: .*No such file"):
        restrict_test(TEST, str(tmp_path / "none.txt"), "unused")


def test_an_id_of_two_clips_does_not_tell_which(tmp_path):
    twice = [Clip(f"same_{start}.flac", "same", start) for start in ("0", "30")]
    (tmp_path / "ids.txt").write_text("same\n")
    with pytest.raises(InputError, match="'same' names 2 clips"):
        restrict_test(Split("test", twice), str(tmp_path / "ids.txt"), "unused")
    (tmp_path / "ids.txt").write_text("same_30\n")
    split = restrict_test(Split("test", twice), str(tmp_path / "ids.txt"), "unused")
    assert split.clips == twice[1:]


@pytest.mark.parametrize(("test_clips", "got"), [("all", 12), ("act", 7)])
def test_what_is_scored_and_counted_is_of_the_chosen_clips(
    tmp_path, monkeypatch, write_official, write_audio, test_clips, got
):
    """The tables count the clips that have scores, and those have log-mels."""
    monkeypatch.setattr(subset, "ACT_TEST_CLIPS", 7)
    write_official(tmp_path / "test.csv", [(name, "30") for name in NAMES])
    (tmp_path / "act_test_clips.txt").write_text("\n".join(NAMES[3:10]))
    for number, clip in enumerate(CLIPS):
        write_audio(tmp_path / "dump" / f"Y{clip.youtube_id}.wav", number)
    taken = AudioCapsSource(
        source="folder", folder=str(tmp_path / "dump"), test_clips=test_clips
    )
    steps.ingest(
        IngestSettings(ClipForm(8000, 1.0), taken),
        split="test",
        captions_folder=tmp_path,
        audio=tmp_path / "audio",
        shard=0,
        shards=1,
        output=tmp_path / "shard",
        options=DownloadOptions(),
        max_missing=0.2,
    )
    steps.join(
        split="test",
        captions_folder=tmp_path,
        test_clips=test_clips,
        shards=[tmp_path / "shard"],
        waveforms=tmp_path / "waveforms",
        manifest=tmp_path / "manifest.csv",
        captions=tmp_path / "captions.csv",
        max_missing=0.2,
    )
    steps.corpus_table(
        manifest=tmp_path / "manifest.csv",
        table=tmp_path / "corpus.csv",
        audiocaps=True,
    )
    names = [clip.file_name for clip in (CLIPS if got == 12 else CLIPS[3:10])]
    assert WaveformStore(tmp_path / "waveforms").names == names
    assert list(read_references(tmp_path / "captions.csv")) == names
    with (tmp_path / "corpus.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["wanted"], row["got"], row["act_authors"]) == (
        str(got),
        str(got),
        "957",
    )
