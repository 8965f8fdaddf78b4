import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.corpus.mirrors import PRESETS, Mirror
from workflow_src.corpus.settings import SOURCES, AudioCapsSource, DownloadOptions
from workflow_src.errors import InputError


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"version": "v3"}, r"audiocaps\.version: 'v3' is none of v1, v2"),
        ({"source": "tape"}, r"audiocaps\.source: 'tape' is none of youtube, http"),
        ({"source": "opnsound"}, r"did you mean opensound\?"),
        ({"test_source": "tape"}, r"audiocaps\.test_source: 'tape' is none of"),
        ({"source": "folder"}, r"audiocaps\.source is folder: set audiocaps\.folder"),
        ({"source": "http"}, r"audiocaps\.source is http: set audiocaps\.url"),
        ({"test_source": "folder"}, r"test_source is folder: set audiocaps\.folder"),
        ({"source": "huggingface"}, r"set audiocaps\.huggingface\.repository, or \.fo"),
        ({"captions": "http://example.org/train.csv"}, r"has no \{split\} in it"),
        ({"test_clips": ""}, r"audiocaps\.test_clips is empty: all, act, or a file"),
    ],
)
def test_a_source_that_cannot_be(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        AudioCapsSource(**settings)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"attempts": 0}, r"audiocaps\.attempts is 0: a whole number from 1 on"),
        ({"attempts": 1.5}, r"audiocaps\.attempts is 1\.5"),
        ({"attempts": True}, r"audiocaps\.attempts is True"),
        ({"backoff": -1}, r"audiocaps\.backoff is -1: a number from 0 on"),
        ({"timeout": 0}, r"audiocaps\.timeout is 0: a number above 0"),
        ({"deadline": "soon"}, r"audiocaps\.deadline is soon"),
        ({"clips_per_hour": 0}, r"audiocaps\.clips_per_hour is 0: a number above 0"),
        ({"clips_per_hour": float("nan")}, r"audiocaps\.clips_per_hour is nan"),
        ({"longest_wait": float("inf")}, r"audiocaps\.longest_wait is inf"),
        ({"longest_block": 60}, r"audiocaps\.longest_block is 60: not less than .*900"),
    ],
)
def test_options_out_of_range(options, sentence):
    with pytest.raises(InputError, match=sentence):
        DownloadOptions(**options)


def test_the_test_split_may_come_from_elsewhere():
    source = AudioCapsSource(source="opensound", test_source="kuanhuggingface-test957")
    assert [source.source_of(split) for split in ("train", "val", "test")] == [
        "opensound",
        "opensound",
        "kuanhuggingface-test957",
    ]


def test_a_mirror_by_name_may_lie_in_a_folder():
    there = AudioCapsSource(source="jp1924", huggingface=Mirror(folder="/data/jp"))
    mirror = there.mirror("jp1924")
    assert mirror.folder == "/data/jp"
    assert mirror.repository == PRESETS["jp1924"].repository
    assert AudioCapsSource(source="jp1924").mirror("jp1924") == PRESETS["jp1924"]
    assert AudioCapsSource().mirror("youtube") is None


@given(st.sampled_from(SOURCES))
def test_only_youtube_has_a_limit_of_its_own(source):
    assert DownloadOptions().rate(source) == (300 if source == "youtube" else None)
    assert DownloadOptions(clips_per_hour=50).rate(source) == 50
