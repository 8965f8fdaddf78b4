import numpy as np
import pytest

from workflow_src import config
from workflow_src.audio.frontend import ActLogMel
from workflow_src.audio.log_mel_cache import open_log_mels
from workflow_src.audio.store import write_log_mels, write_waveforms
from workflow_src.errors import InputError
from workflow_src.layout import Layout


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A cache for the captioner, of two clips of 2 s in a frame each 20 ms."""
    monkeypatch.chdir(tmp_path)
    layout = Layout("own")
    noise = np.random.default_rng(0).integers(-9, 9, (2, 64_000), np.int16)
    write_waveforms(layout.waveforms("val"), ["a", "b"], noise, 64_000)
    write_log_mels(
        layout.waveforms("val"), ActLogMel(640), layout.log_mels("act", "val")
    )
    return layout


def settings(**captioning):
    values = {"scale": "smoke", "audio": {"seconds": 2}, "captioning": captioning}
    return config.load(config.SCHEMA.parent.parent / "config.yaml", values)


def test_the_cache_that_the_config_describes(made):
    store = open_log_mels(settings(hop=640), made, "captioning", "val")
    assert store.shape == (2, 100, 64)


def test_a_cache_of_another_hop_is_refused_in_one_sentence(made):
    with pytest.raises(
        InputError, match=r"act.val has 100 frames .*hop 1000 .* give 64"
    ):
        open_log_mels(settings(hop=1000), made, "captioning", "val")
