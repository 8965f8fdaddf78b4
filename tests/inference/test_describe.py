"""Which of given captions fit a sound."""

import numpy as np
import pytest
import soundfile

from tests.inference.conftest import CLIPS, RATE, sound
from workflow_src.errors import InputError
from workflow_src.inference import describe_files, load_retriever
from workflow_src.inference.describe import read_captions
from workflow_src.inference.embeddings import embed_files, embed_texts

CAPTIONS = [text for _, _, text in CLIPS.values()]


@pytest.fixture(scope="module")
def retriever(trained):
    return load_retriever(trained.retriever, "cpu", 1)


def test_captions_are_ranked_by_cosine(trained, retriever):
    path = str(trained.sounds / "low.flac")
    [window] = describe_files(retriever, path, CAPTIONS)
    [embedded] = embed_files(retriever, [path])
    cosines = embed_texts(retriever, CAPTIONS) @ embedded.embedding
    order = np.argsort(-cosines)
    assert [one.caption for one in window.captions] == [CAPTIONS[n] for n in order]
    np.testing.assert_allclose(
        [one.score for one in window.captions], cosines[order], atol=1e-6
    )
    [best] = describe_files(retriever, path, CAPTIONS * 2, top=2)
    assert best.captions == window.captions[:2], "a caption counts once"


def test_the_two_directions_agree(trained, retriever):
    windows = describe_files(retriever, trained.sounds, CAPTIONS)
    scores = {
        (window.file.rpartition("/")[2], one.caption): one.score
        for window in windows
        for one in window.captions
    }
    assert len(scores) == 36
    own = [scores[name, text] for name, (_, _, text) in CLIPS.items()]
    assert np.mean(own) > np.mean(list(scores.values())) + 0.1


def test_each_window_of_a_long_sound_has_its_captions(retriever, tmp_path):
    path = tmp_path / "long.wav"
    parts = [sound(150, 0), np.zeros(2 * RATE), sound(3000, 0)]
    soundfile.write(path, np.concatenate(parts), RATE)
    low, silent, high = describe_files(retriever, path, CAPTIONS)
    assert silent.captions == ()
    assert (high.start, high.end) == (4, 6)
    assert low.captions[0].score != high.captions[0].score


def test_captions_come_from_files_and_from_the_command_line(tmp_path):
    lines, table = tmp_path / "a.txt", tmp_path / "b.CSV"
    lines.write_text("a dog barks\n\n rain falls \n", encoding="utf-8-sig")
    table.write_text('file_name,caption\nx.wav,"one, two"\ny.wav,three\n')
    plain = tmp_path / "list"
    plain.write_text("no ending\n")
    assert read_captions([str(lines), "a word", str(table), str(plain)]) == [
        "a dog barks",
        "rain falls",
        "a word",
        "one, two",
        "three",
        "no ending",
    ]


def test_bad_sources_of_captions_are_sentences(tmp_path):
    empty, table, binary = (tmp_path / name for name in ("a.txt", "b.csv", "c.txt"))
    empty.write_text("\n\n")
    table.write_text("file_name,text\nx,y\n")
    binary.write_bytes(b"\xff\xfe\xff")
    for source, sentence in (
        (empty, "a.txt has no captions"),
        (table, "b.csv has no column caption"),
        (binary, "c.txt is no text in UTF-8"),
        (tmp_path / "typo.txt", "typo.txt: No such file"),
        (tmp_path / "typo.csv", "typo.csv: No such file"),
    ):
        with pytest.raises(InputError, match=sentence):
            read_captions([str(source)])


def test_bad_arguments_are_sentences(retriever, trained):
    with pytest.raises(InputError, match="top is at least 1, not 0"):
        describe_files(retriever, trained.sounds, CAPTIONS, top=0)
    with pytest.raises(InputError, match="is empty, or there is none"):
        describe_files(retriever, trained.sounds, [])
