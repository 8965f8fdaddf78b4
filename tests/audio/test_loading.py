import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.loading import BadAudio, ClipForm, load_clip

RATE = 44100


def noise(seconds, rate=RATE, channels=1, seed=0):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal((round(seconds * rate), channels))


def state_of(path):
    with pytest.raises(BadAudio) as caught:
        load_clip(path)
    assert str(caught.value)
    return caught.value.state


def test_keeps_samples_of_the_right_rate_and_length(tmp_path):
    samples = np.random.default_rng(0).integers(-(2**15), 2**15, 320000, np.int16)
    soundfile.write(tmp_path / "a.flac", samples, 32000, subtype="PCM_16")
    np.testing.assert_array_equal(load_clip(tmp_path / "a.flac"), samples)


def test_pads_with_zeros_at_the_end(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(2, 32000), 32000)
    clip = load_clip(tmp_path / "a.wav")
    assert clip.shape == (320000,)
    assert clip[63000:64000].any()
    assert not clip[64000:].any()


def test_a_long_file_gives_what_resampling_all_of_it_gives(tmp_path):
    for rate in (8000, 44100, 96000):
        samples = noise(13, rate)
        soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
        whole = soxr.resample(samples[:, 0].astype(np.float32), rate, 32000, "HQ")
        expected = np.rint(whole[:320000] * 32768)
        assert np.abs(load_clip(tmp_path / "a.wav") - expected).max() <= 1


def test_a_tone_keeps_its_frequency_and_level(tmp_path):
    time = np.arange(RATE * 10) / RATE
    soundfile.write(tmp_path / "a.flac", 0.5 * np.sin(2 * np.pi * 1000 * time), RATE)
    spectrum = np.abs(np.fft.rfft(load_clip(tmp_path / "a.flac") / 32768)) / 160000
    assert spectrum.argmax() == 10000  # bins of 0.1 Hz
    assert spectrum.max() == pytest.approx(0.5, rel=1e-3)


def test_removes_what_the_new_rate_cannot_hold(tmp_path):
    time = np.arange(RATE * 10) / RATE
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 19000 * time), RATE)
    assert np.abs(load_clip(tmp_path / "a.wav")[1000:-1000]).max() <= 2


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff", "au", "w64"])
def test_reads_the_formats_of_libsndfile(tmp_path, suffix):
    soundfile.write(tmp_path / f"a.{suffix}", noise(1, channels=2), RATE)
    clip = load_clip(tmp_path / f"a.{suffix}")
    assert clip[:31000].any()
    assert not clip[35000:].any()


@settings(max_examples=15, deadline=None)
@given(
    rate=st.sampled_from([8000, 11025, 22050, 32000, 48000, 192000]),
    channels=st.integers(1, 8),
    seconds=st.floats(0.55, 1.5),
    form=st.sampled_from([ClipForm(), ClipForm(16000, 0.7)]),
)
def test_any_rate_channels_and_length_become_one_form(
    tmp_path_factory, rate, channels, seconds, form
):
    path = tmp_path_factory.mktemp("clip") / "a.wav"
    soundfile.write(path, noise(seconds, rate, channels), rate, subtype="FLOAT")
    clip = load_clip(path, form)
    assert clip.dtype == np.int16
    assert clip.shape == (form.samples,)
    assert clip.any()


def test_averages_channels(tmp_path):
    samples = noise(1, 32000, 8)
    soundfile.write(tmp_path / "a.wav", samples, 32000, subtype="DOUBLE")
    expected = np.rint(samples.mean(axis=1) * 32768)
    assert np.abs(load_clip(tmp_path / "a.wav")[:32000] - expected).max() <= 1


def test_clips_what_is_louder_than_full_scale(tmp_path):
    soundfile.write(tmp_path / "a.wav", 30 * noise(1, 32000), 32000, subtype="FLOAT")
    clip = load_clip(tmp_path / "a.wav")
    assert (clip.min(), clip.max()) == (-32768, 32767)


def test_a_flac_stream_without_a_length(tmp_path):
    soundfile.write(tmp_path / "a.flac", noise(3), RATE)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    # STREAMINFO: its last 36 bits before the MD5 are the number of samples.
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    (tmp_path / "b.flac").write_bytes(content)
    np.testing.assert_array_equal(
        load_clip(tmp_path / "b.flac"), load_clip(tmp_path / "a.flac")
    )


def test_a_wav_stream_without_a_length(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    (tmp_path / "b.wav").write_bytes(content)
    np.testing.assert_array_equal(
        load_clip(tmp_path / "b.wav"), load_clip(tmp_path / "a.wav")
    )


def test_an_empty_file_is_corrupt(tmp_path):
    (tmp_path / "a.wav").touch()
    assert state_of(tmp_path / "a.wav") == "corrupt"


def test_text_named_wav_is_corrupt(tmp_path):
    (tmp_path / "a.wav").write_text("not audio at all\n" * 100)
    assert state_of(tmp_path / "a.wav") == "corrupt"


@pytest.mark.parametrize("suffix", ["flac", "wav", "aiff"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_a_truncated_file_is_corrupt(tmp_path, suffix, share):
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise(3), RATE)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert state_of(path) == "corrupt"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_corrupt(tmp_path, bad):
    samples = noise(1)
    samples[2000] = bad
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert state_of(tmp_path / "a.wav") == "corrupt"


def test_an_absurd_rate_is_corrupt(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(1), 900_000_000)
    assert state_of(tmp_path / "a.wav") == "corrupt"


@pytest.mark.parametrize("seconds", [0, 0.1, 0.49])
def test_short_files(tmp_path, seconds):
    soundfile.write(tmp_path / "a.wav", noise(seconds), RATE)
    assert state_of(tmp_path / "a.wav") == "too short"


@pytest.mark.parametrize("offset", [0.0, 0.25, -1.0])
def test_a_constant_is_silent(tmp_path, offset):
    soundfile.write(tmp_path / "a.flac", np.full(RATE, offset), RATE)
    assert state_of(tmp_path / "a.flac") == "silent"


def test_the_smallest_sound_is_not_silent(tmp_path):
    samples = np.zeros(RATE, np.int16)
    samples[1000] = 1
    soundfile.write(tmp_path / "a.flac", samples, RATE)
    load_clip(tmp_path / "a.flac")


def test_a_link_that_leads_to_itself_fails(tmp_path):
    (tmp_path / "a.wav").symlink_to(tmp_path / "a.wav")
    assert state_of(tmp_path / "a.wav") == "failed"


def test_a_folder_named_wav_fails(tmp_path):
    (tmp_path / "a.wav").mkdir()
    assert state_of(tmp_path / "a.wav") == "failed"


@pytest.mark.parametrize("name", ["two words.wav", "čištění – 音.wav", "a'b\"c.wav"])
def test_any_file_name(tmp_path, name):
    soundfile.write(tmp_path / name, noise(1), RATE)
    assert load_clip(tmp_path / name).any()
