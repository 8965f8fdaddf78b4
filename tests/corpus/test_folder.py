import unicodedata

import pytest

from workflow_src.corpus.captions import Clip, read_split
from workflow_src.corpus.folder import FolderSource, folder_splits
from workflow_src.corpus.source import LostClip
from workflow_src.errors import InputError

CLIP = Clip("abc-_123456_30.flac", "abc-_123456", "30")


@pytest.fixture
def corpus(tmp_path, write_captions):
    (tmp_path / "audio").mkdir()
    for split in ("train", "val", "test"):
        write_captions(tmp_path / f"{split}.csv", ["a.wav"])
    return tmp_path


def test_splits_beyond_the_usual_three(corpus, write_captions):
    write_captions(corpus / "noisy.csv", ["a.wav"])
    write_captions(corpus / "evening.csv", ["a.wav"])
    (corpus / "tags.csv").write_text("file_name,split,tags\n")
    assert folder_splits(corpus) == ["train", "val", "test", "evening", "noisy"]


@pytest.mark.parametrize("missing", ["train.csv", "val.csv", "test.csv"])
def test_a_missing_split_is_named(corpus, missing):
    (corpus / missing).unlink()
    with pytest.raises(InputError, match=missing):
        folder_splits(corpus)


def test_a_missing_audio_folder_is_named(corpus):
    (corpus / "audio").rmdir()
    with pytest.raises(InputError, match="no folder audio/"):
        folder_splits(corpus)
    with pytest.raises(InputError, match="no folder"):
        FolderSource(corpus / "audio")


def test_a_bad_caption_file_is_named(corpus):
    (corpus / "val.csv").write_text("file_name,text\na.wav,A dog\n")
    with pytest.raises(InputError, match=r"val\.csv has no column caption"):
        read_split(corpus, "val")


@pytest.mark.parametrize(
    "name",
    [
        "abc-_123456_30.flac",
        "Yabc-_123456.wav",
        "abc-_123456.wav",
        "train/Yabc-_123456.ogg",
        "deep/er/abc-_123456_30.MP3",
        "Yabc-_123456_30.aiff",
    ],
)
def test_published_name_forms(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    for other in ("Yabc-_123456.txt", "abc-_123456_40.flac", "Xabc-_123456.wav"):
        (tmp_path / other).touch()
    assert FolderSource(tmp_path).fetch(CLIP).path == tmp_path / name


def test_the_most_exact_form_wins(tmp_path, write_audio):
    for name in ("abc-_123456.wav", "sub/abc-_123456_30.wav"):
        write_audio(tmp_path / name)
    found = FolderSource(tmp_path).fetch(CLIP).path
    assert found == tmp_path / "sub" / "abc-_123456_30.wav"


def test_an_own_clip_is_found_by_its_own_name_only(tmp_path, write_audio):
    write_audio(tmp_path / "sub" / "a b.wav")
    source = FolderSource(tmp_path)
    assert source.fetch(Clip("sub/a b.wav")).path == tmp_path / "sub" / "a b.wav"
    for name in ("a b.wav", "sub/a b.flac"):
        with pytest.raises(LostClip) as caught:
            source.fetch(Clip(name))
        assert caught.value.state == "unavailable"


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_csv", ["NFC", "NFD"])
def test_composed_and_decomposed_characters(tmp_path, on_disk, in_csv):
    name = "žluťoučký – 音.wav"
    (tmp_path / unicodedata.normalize(on_disk, name)).touch()
    FolderSource(tmp_path).fetch(Clip(unicodedata.normalize(in_csv, name)))


def test_linked_folders_are_followed_also_in_circles(tmp_path, write_audio):
    write_audio(tmp_path / "elsewhere" / "Yabc-_123456.wav")
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "train").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "audio")
    (tmp_path / "audio" / "loop").symlink_to(tmp_path / "audio" / "loop")
    found = FolderSource(tmp_path / "audio").fetch(CLIP).path
    assert found.name == "Yabc-_123456.wav"


@pytest.mark.parametrize("name", ["my own", "tagged", "größe"])
def test_a_name_that_is_none_for_a_split_is_named(tmp_path, write_captions, name):
    (tmp_path / "audio").mkdir()
    for split in ("train", "val", "test", name):
        write_captions(tmp_path / f"{split}.csv", ["a.wav"])
    with pytest.raises(InputError, match=f"{name}.csv: a split is called by letters"):
        folder_splits(tmp_path)
