import numpy as np
import pytest

from workflow_src.audio.frontend import ActLogMel
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.settings import ClipForm, FrontEndSettings
from workflow_src.audio.store import write_log_mels, write_waveforms
from workflow_src.errors import InputError

TWO_SECONDS = ClipForm(seconds=2)


@pytest.fixture
def made(tmp_path):
    """A cache for the captioner, of two clips of 2 s in a frame each 20 ms."""
    noise = np.random.default_rng(0).integers(-9, 9, (2, 64_000), np.int16)
    write_waveforms(tmp_path / "waveforms", ["a", "b"], noise, 64_000)
    write_log_mels(tmp_path / "waveforms", ActLogMel(640), tmp_path / "act" / "val")
    return tmp_path / "act" / "val"


def test_the_cache_that_the_settings_describe(made):
    store = open_log_mels(made, FrontEndSettings("act", 640), TWO_SECONDS)
    assert store.shape == (2, 100, 64)


def test_a_cache_of_another_hop_is_refused_in_one_sentence(made):
    with pytest.raises(
        InputError, match=r"act.val has 100 frames .*hop_length 1000 .* give 64"
    ) as raised:
        open_log_mels(made, FrontEndSettings("act", 1000), TWO_SECONDS)
    assert "\n" not in str(raised.value)


def test_a_cache_of_clips_of_another_length_is_refused(made):
    with pytest.raises(InputError, match=r"clips of 4 s give 200"):
        open_log_mels(made, FrontEndSettings("act", 640), ClipForm(seconds=4))
