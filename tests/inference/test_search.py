"""Search: the workflow's embeddings, and an index that follows the files."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.inference.conftest import CLIPS, RATE, sound
from workflow_src.errors import InputError
from workflow_src.evaluation.retrieval import embed_captions, embed_clips
from workflow_src.inference import search as search_module
from workflow_src.inference.embeddings import embed_files, embed_texts
from workflow_src.inference.index import AudioIndex
from workflow_src.inference.loading import load_retriever, model_digest
from workflow_src.inference.search import index_place, search_folder

QUERY = "rain falls"


@pytest.fixture(scope="module")
def retriever(trained):
    return load_retriever(trained.retriever, "cpu", 1)


@pytest.fixture
def embedded(monkeypatch):
    """The files that were embedded, in order."""
    files = []
    embed = search_module.embed_files

    def spy(retriever, some, **options):
        files.extend(os.path.basename(file) for file in some)
        return embed(retriever, some, **options)

    monkeypatch.setattr(search_module, "embed_files", spy)
    return files


@pytest.fixture
def age(monkeypatch):
    """Files count as old at once: their times are trusted."""
    monkeypatch.setattr("workflow_src.inference.index.YOUNG", 0)


def names(found):
    return [os.path.basename(one.file) for one in found]


def test_embeddings_are_those_of_the_workflow(trained, retriever):
    store = retriever.open_log_mels(trained.log_mels["panns"])
    expected = embed_clips(retriever.model, store, retriever.device).numpy()
    files = [str(trained.sounds / name) for name in store.names]
    for batch in (1, 4):
        found = [one.embedding for one in embed_files(retriever, files, batch=batch)]
        np.testing.assert_allclose(np.stack(found), expected, atol=1e-5)
    texts = [text for _, _, text in CLIPS.values()]
    pairs = [("", text) for text in texts]
    np.testing.assert_allclose(
        embed_texts(retriever, texts), embed_captions(retriever.model, pairs), atol=1e-6
    )


def test_files_are_ranked_by_cosine(trained, retriever, sounds):
    found = search_folder(retriever, sounds, QUERY)
    files = [str(sounds / name) for name in CLIPS]
    audio = np.stack([one.embedding for one in embed_files(retriever, files)])
    cosines = audio @ embed_texts(retriever, [QUERY])[0]
    order = np.argsort(-cosines)
    assert names(found) == [list(CLIPS)[n] for n in order]
    np.testing.assert_allclose([f.score for f in found], cosines[order], atol=1e-5)
    assert {(f.start, f.end) for f in found} == {(0.0, 2.0)}
    assert search_folder(retriever, sounds, QUERY, top=2) == found[:2]


def test_a_file_is_found_once_by_its_best_window(retriever, sounds):
    long = np.concatenate([sound(150, 0), sound(3000, 0), np.zeros(2 * RATE)])
    soundfile.write(sounds / "long.wav", long, RATE)
    found = search_folder(retriever, sounds, QUERY)
    windows = list(embed_files(retriever, [str(sounds / "long.wav")]))
    query = embed_texts(retriever, [QUERY])[0]
    scores = [w.embedding @ query for w in windows if w.embedding is not None]
    [own] = [f for f in found if f.file.endswith("long.wav")]
    assert len(scores) == 2
    assert own.start == 2 * int(np.argmax(scores))
    assert own.score == pytest.approx(max(scores), abs=1e-5)


def test_only_new_and_changed_files_are_embedded(retriever, sounds, embedded, age):
    first = search_folder(retriever, sounds, QUERY)
    assert sorted(embedded) == sorted(CLIPS)
    embedded.clear()
    assert search_folder(retriever, sounds, QUERY) == first
    assert embedded == []

    soundfile.write(sounds / "new.flac", sound(500, 0), RATE)
    soundfile.write(sounds / "low.flac", sound(250, 3), RATE)
    (sounds / "slow.flac").unlink()
    os.utime(sounds / "fast.flac")  # touched
    (sounds / "high.flac").rename(sounds / "moved.flac")
    shutil.copy(sounds / "noise.flac", sounds / "copied.flac")
    found = search_folder(retriever, sounds, QUERY)
    assert embedded == ["low.flac", "new.flac"]
    assert sorted(names(found)) == sorted(p.name for p in sounds.glob("*.flac"))
    scores = {os.path.basename(f.file): f.score for f in found}
    before = {os.path.basename(f.file): f.score for f in first}
    assert scores["moved.flac"] == before["high.flac"]
    assert scores["copied.flac"] == scores["noise.flac"] == before["noise.flac"]
    assert scores["low.flac"] != before["low.flac"]


def test_files_that_did_not_change_are_not_read(retriever, sounds, monkeypatch, age):
    first = search_folder(retriever, sounds, QUERY)

    def read(path):
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("workflow_src.inference.index.file_digest", read)
    assert search_folder(retriever, sounds, QUERY) == first


def test_a_young_file_of_the_same_size_and_times_is_looked_into(
    retriever, sounds, embedded
):
    path = sounds / "a.wav"
    soundfile.write(path, sound(500, 0), RATE)
    search_folder(retriever, sounds, QUERY)
    embedded.clear()
    times = path.stat()
    soundfile.write(path, sound(600, 0), RATE)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    search_folder(retriever, sounds, QUERY)
    assert embedded == ["a.wav"]


def test_a_search_without_update_takes_the_index_as_it_is(retriever, sounds, embedded):
    with pytest.raises(InputError, match="has no index by this model yet"):
        search_folder(retriever, sounds, QUERY, update=False)
    first = search_folder(retriever, sounds, QUERY)
    (sounds / "low.flac").unlink()
    assert search_folder(retriever, sounds, QUERY, update=False) == first


def test_bad_files_are_told_each_time_and_read_once(retriever, sounds, embedded, age):
    (sounds / "bad.wav").write_text("no sound")
    (sounds / "cut.wav").write_bytes(_cut_wav(sounds))
    for _ in range(2):
        bad = []
        found = search_folder(retriever, sounds, QUERY, on_bad=bad.append)
        assert sorted(os.path.basename(one.file) for one in bad) == [
            "bad.wav",
            "cut.wav",
        ]
        assert sorted(names(found)) == sorted(CLIPS)
    assert embedded.count("bad.wav") == embedded.count("cut.wav") == 1
    with pytest.raises(InputError, match=r"bad\.wav: not readable"):
        search_folder(retriever, sounds, QUERY)


def _cut_wav(folder):
    path = folder / "whole.wav"
    soundfile.write(path, sound(500, 0, seconds=5), RATE)
    content = path.read_bytes()
    path.unlink()
    return content[: len(content) // 2]


def place_of(retriever, sounds):
    return index_place(sounds, model_digest(retriever))


def test_the_index_keeps_to_a_folder_that_git_ignores(retriever, sounds):
    search_folder(retriever, sounds, QUERY)
    place = place_of(retriever, sounds)
    assert place.parent == sounds / ".audio-index"
    assert (sounds / ".audio-index" / ".gitignore").read_text() == "*\n"
    rows = len(CLIPS)
    assert (place / "vectors-0.f32").stat().st_size == rows * 16 * 4


def test_room_of_removed_files_is_given_back(retriever, sounds):
    first = search_folder(retriever, sounds, QUERY)
    for name in ("high.flac", "fast.flac", "noise.flac", "bursts.flac"):
        (sounds / name).unlink()
    found = search_folder(retriever, sounds, QUERY)
    kept = [one for one in first if Path(one.file).exists()]
    assert names(found) == names(kept)
    scores = [one.score for one in kept]
    assert [one.score for one in found] == pytest.approx(scores, abs=1e-6)
    place = place_of(retriever, sounds)
    assert [p.name for p in place.glob("*.f32")] == ["vectors-1.f32"]
    assert (place / "vectors-1.f32").stat().st_size == 2 * 16 * 4
    shutil.copy(sounds / "low.flac", sounds / "again.flac")
    assert len(search_folder(retriever, sounds, QUERY)) == 3


def test_a_killed_process_leaves_an_index_that_the_next_one_finishes(
    retriever, sounds, embedded, monkeypatch
):
    monkeypatch.setattr("workflow_src.inference.index.FILES_A_COMMIT", 2)
    take, calls = AudioIndex._take, []

    def killed(self, changed, embed):
        calls.append(changed)
        if len(calls) == 2:  # vectors are written, and not named
            rows = self.rows
            self.vectors.append(rows, np.zeros((5, 16), np.float32))
            raise KeyboardInterrupt
        take(self, changed, embed)

    monkeypatch.setattr(AudioIndex, "_take", killed)
    with pytest.raises(KeyboardInterrupt):
        search_folder(retriever, sounds, QUERY)
    monkeypatch.setattr(AudioIndex, "_take", take)
    embedded_before = list(embedded)
    found = search_folder(retriever, sounds, QUERY)
    assert sorted(embedded) == sorted(CLIPS), "what was committed is not made again"
    assert len(embedded_before) == 2
    fresh = shutil.copytree(sounds, sounds.with_name("fresh"), ignore=_no_index)
    again = search_folder(retriever, fresh, QUERY)
    assert names(again) == names(found)
    scores = [file.score for file in found]
    assert [file.score for file in again] == pytest.approx(scores, abs=1e-5)


def _no_index(_, inside):
    return [name for name in inside if name == ".audio-index"]


def test_searches_at_once_make_one_index(retriever, sounds, embedded):
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(search_folder(retriever, sounds, QUERY))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert results[0] == results[1] == results[2]
    assert sorted(embedded) == sorted(CLIPS)


# The index alone, without a model: it starts fast. Embedding takes its time.
PROCESS = """
import sys, time
from pathlib import Path
import numpy as np
from workflow_src.inference.index import EmbeddedFile, Stretch, open_index

def embed(names):
    for name in names:
        time.sleep(0.05)
        print("embedded", name)
        vector = np.eye(6, dtype=np.float32)[len(name) % 6]
        yield EmbeddedFile(name, [Stretch(0, 2)], [vector])

sounds, place = map(Path, sys.argv[1:])
with open_index(sounds, place, 6) as index:
    index.update(sorted(p.name for p in sounds.glob("*.flac")), embed, print)
    print("found", len(index.search(np.ones(6, np.float32), 10)))
"""


def test_two_processes_at_once_make_one_index(sounds, tmp_path):
    place = tmp_path / "index"
    place.mkdir()
    command = [sys.executable, "-c", PROCESS, str(sounds), str(place)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for _ in range(3)]
    printed = [process.communicate() for process in running]
    lines = "".join(out for out, _ in printed).splitlines()
    assert sorted(lines) == sorted(
        ["found 6"] * 3 + [f"embedded {name}" for name in CLIPS]
    )
    assert (place / "vectors-0.f32").stat().st_size == 6 * 6 * 4
    database = sqlite3.connect(place / "index.sqlite")
    assert database.execute("SELECT count(*) FROM windows").fetchone() == (6,)


def test_a_folder_that_cannot_be_written_has_its_index_in_the_cache(
    retriever, sounds, monkeypatch, tmp_path, capsys
):
    (sounds / ".audio-index").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = search_folder(retriever, sounds, QUERY)
    assert len(found) == 6
    said = capsys.readouterr().err
    assert "cannot be written (" in said
    assert str(tmp_path / "cache" / "pairmix-workflow") in said
    assert list((tmp_path / "cache").rglob("index.sqlite"))


def test_a_damaged_index_says_what_to_do(retriever, sounds):
    search_folder(retriever, sounds, QUERY)
    place = place_of(retriever, sounds)
    (place / "vectors-0.f32").write_bytes(b"short")
    with pytest.raises(InputError, match=r"vectors-0\.f32 is damaged: delete"):
        search_folder(retriever, sounds, QUERY)
    (place / "index.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"is damaged .*: delete it"):
        search_folder(retriever, sounds, QUERY)


def test_bad_arguments_are_sentences(retriever, sounds, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder, query, options, sentence in (
        (tmp_path / "nothing", QUERY, {}, "is no folder"),
        (tmp_path / "empty", QUERY, {}, "has no sound files"),
        (sounds, " ", {}, "a sentence to compare sounds with is empty"),
        (sounds, QUERY, {"top": 0}, "top is at least 1, not 0"),
        (sounds, QUERY, {"batch": 0}, "batch is at least 1, not 0"),
    ):
        with pytest.raises(InputError, match=sentence):
            search_folder(retriever, folder, query, **options)


def test_the_digest_is_that_of_the_weights(trained, retriever):
    again = load_retriever(trained.retriever, "cpu")
    assert model_digest(again) == model_digest(retriever)
    again.model.audio_head.layers[0].bias.data[0] += 1
    assert model_digest(again) != model_digest(retriever)


def test_names_that_are_no_utf_8_are_found(retriever, sounds):
    odd = os.fsdecode(os.fsencode(sounds) + b"/odd \xff.flac")
    shutil.copy(sounds / "low.flac", odd)
    assert odd in [f.file for f in search_folder(retriever, sounds, QUERY)]
