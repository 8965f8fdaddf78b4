"""Which files a path means."""

import os

import pytest

from workflow_src.errors import InputError
from workflow_src.inference.sounds import BadFile, names_below, sound_files


@pytest.fixture
def folder(tmp_path):
    for name in (
        *("b.wav", "a.FLAC", "deep/down/c.mp3", "old.m4a"),
        *("notes.txt", ".hidden.wav", ".audio-index/d.wav"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_a_folder_is_the_sounds_below_it(folder):
    wanted = ["a.FLAC", "b.wav", os.path.join("deep", "down", "c.mp3"), "old.m4a"]
    assert names_below(folder) == wanted
    assert sound_files(folder) == [os.path.join(folder, name) for name in wanted]


def test_a_file_is_itself_whatever_its_ending_and_counts_once(folder):
    text, sound = folder / "notes.txt", folder / "b.wav"
    assert sound_files([text, sound, folder / "deep", sound]) == [
        str(text),
        str(sound),
        str(folder / "deep" / "down" / "c.mp3"),
    ]


def test_what_is_not_there_is_said_and_the_rest_goes_on(folder):
    empty = folder / "empty"
    empty.mkdir()
    bad = []
    found = sound_files([folder / "nothing", empty, folder / "b.wav"], bad.append)
    assert found == [str(folder / "b.wav")]
    assert bad == [
        BadFile(str(folder / "nothing"), "there is no such file or folder"),
        BadFile(str(empty), "there are no sound files in this folder"),
    ]
    with pytest.raises(InputError, match="there is no such file"):
        sound_files(folder / "nothing")
