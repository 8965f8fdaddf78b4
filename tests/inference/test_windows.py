"""Sounds of any length as windows: what is read, and how much of it at once."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.loading import BadAudio, load_clip
from workflow_src.audio.settings import AudioForm, ClipForm
from workflow_src.inference import windows
from workflow_src.inference.sounds import BadFile

FORM = AudioForm(32_000, 2.0)
CLIP = ClipForm(32_000, 2.0)


def noise(seconds, rate, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((round(seconds * rate), channels))


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize(("rate", "channels"), [(32_000, 1), (44_100, 2), (8_000, 1)])
def test_the_first_window_is_the_clip_of_a_corpus(tmp_path, ending, rate, channels):
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, noise(5.3, rate, channels), rate)
    first, second, third = windows.read_windows(path, FORM)
    np.testing.assert_array_equal(first.clip, load_clip(path, CLIP))
    assert [(one.start, one.end) for one in (first, second)] == [(0, 2), (2, 4)]
    assert third.start == 4
    assert third.end == pytest.approx(5.3, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(16_000, 300_000))
def test_windows_are_the_sound_in_order(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    written = np.random.default_rng(samples).integers(-9_000, 9_000, samples)
    soundfile.write(path, written.astype(np.int16), 32_000)
    found = list(windows.read_windows(path, FORM))
    left = samples % FORM.samples
    dropped = left if left < 16_000 and samples > FORM.samples else 0
    heard = np.concatenate([one.clip for one in found])
    np.testing.assert_array_equal(
        heard[: samples - dropped], written[: samples - dropped]
    )
    assert not heard[samples - dropped :].any()
    assert found[-1].end == pytest.approx((samples - dropped) / 32_000)
    assert [one.start for one in found] == [2.0 * n for n in range(len(found))]


def test_a_short_rest_is_no_window_of_its_own(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(2.02, 32_000), 32_000)
    assert [(w.start, w.end) for w in windows.read_windows(path, FORM)] == [(0, 2)]


def test_names_of_windows_draw_the_views():
    def window(file, start):
        return windows.Window(file, start, start + 2, np.zeros(1, np.int16), False)

    assert window("sounds/rain.wav", 0.0).name == "rain.wav"
    assert window("sounds/rain.wav", 2.0).name == "rain.wav from 2 s"


def test_only_the_windows_without_sound_are_silent(tmp_path):
    path = tmp_path / "a.wav"
    sound = np.concatenate([noise(2, 32_000), np.full((64_000, 1), 0.25)])
    soundfile.write(path, sound, 32_000)
    assert [w.silent for w in windows.read_windows(path, FORM)] == [False, True]


def broken(tmp_path, kind):
    path = tmp_path / "a.wav"
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("not a sound, whatever its name says")
    elif kind == "short":
        soundfile.write(path, noise(0.3, 32_000), 32_000)
    elif kind == "cut":
        soundfile.write(path, noise(7, 32_000), 32_000)
        path.write_bytes(path.read_bytes()[:-100_000])
    elif kind == "nan":
        sound = noise(3, 32_000)
        sound[-1] = np.nan
        soundfile.write(path, sound, 32_000, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "cannot be opened: No such file or directory"),
        ("empty", "the file is empty"),
        ("text", "not readable: Format not recognised"),
        ("short", "0.3 s, minimum 0.5 s"),
        ("cut", "truncated: 348000 of 448000 bytes of samples"),
        ("nan", "samples that are not finite numbers"),
    ],
)
def test_bad_files_have_one_reason_each_and_do_not_stop_the_rest(
    tmp_path, kind, reason
):
    path = broken(tmp_path, kind)
    with pytest.raises(BadAudio, match=reason):
        list(windows.read_windows(path, FORM))
    good = tmp_path / "good.flac"
    soundfile.write(good, noise(1, 32_000), 32_000)
    bad = []
    files = [str(path), str(good)]
    found = list(windows.windows_of(files, FORM, bad.append))
    assert [w.file for w in found if w.file == str(good)] == [str(good)]
    assert bad == [BadFile(str(path), reason)]


def test_a_long_file_is_read_piece_by_piece(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(120, 44_100).astype(np.float32), 44_100)
    asked = []
    read = windows._Sequential.read

    def spy(self, frames=-1, *args, **kwargs):
        asked.append(frames)
        return read(self, frames, *args, **kwargs)

    monkeypatch.setattr(windows._Sequential, "read", spy)
    tracemalloc.start()
    count = sum(1 for _ in windows.read_windows(path, FORM))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60
    assert len(asked) > 60
    assert set(asked) == {88_200}
    # The whole file is 21 MB as float32, a window 0.35 MB.
    assert peak < 4e6


def test_counting_reads_headers_only(tmp_path):
    for name, seconds in (("a.wav", 7.0), ("b.flac", 2.0)):
        soundfile.write(tmp_path / name, noise(seconds, 32_000), 32_000)
    files = [str(tmp_path / name) for name in ("a.wav", "b.flac", "missing.wav")]
    assert windows.count_windows(files, FORM) == 4 + 1 + 1


@given(st.lists(st.integers()), st.integers(1, 5))
def test_batches_are_the_items_in_order(items, size):
    batches = list(windows.in_batches(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(batches)
