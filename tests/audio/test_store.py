import numpy as np
import pytest
import torch

from workflow_src.audio import store
from workflow_src.audio.store import (
    LogMelStore,
    WaveformStore,
    join_waveforms,
    to_float,
    write_log_mels,
    write_waveforms,
)
from workflow_src.errors import InputError

SAMPLES = 640


class Frames(torch.nn.Module):
    """Stands in for a front end: the waveform itself, ten frames of 64."""

    def __init__(self, offset=0.0, batches=None):
        super().__init__()
        self.offset = offset
        self.batches = batches
        self.sizes = []

    def forward(self, waveforms):
        if len(self.sizes) == self.batches:
            raise RuntimeError("out of memory")
        self.sizes.append(len(waveforms))
        return waveforms.reshape(-1, 10, 64) + self.offset

    def extra_repr(self):
        return f"offset={self.offset}"


@pytest.fixture
def waveforms(tmp_path):
    rows = np.random.default_rng(0).integers(-(2**15), 2**15, (20, SAMPLES), np.int16)
    names = [f"{i}.flac" for i in range(len(rows))]
    write_waveforms(tmp_path / "waveforms", names, rows, SAMPLES)
    return WaveformStore(tmp_path / "waveforms")


def test_waveforms_come_back(waveforms):
    again = WaveformStore(waveforms.folder)
    assert again.shape == (20, SAMPLES)
    assert again.read([3, 1]).dtype == np.int16
    floats = to_float(again.read([3, 1]))
    assert floats.dtype == torch.float32
    assert floats.abs().max() <= 1
    np.testing.assert_array_equal(floats.numpy() * 32768, again.read([3, 1]))


def test_log_mels_are_the_front_ends_in_half_precision(waveforms, tmp_path):
    frontend = Frames()
    write_log_mels(waveforms, frontend, tmp_path / "mels", batch=8)
    mels = LogMelStore(tmp_path / "mels")
    mels.verify()
    assert mels.names == waveforms.names
    assert mels.shape == (20, 10, 64)
    expected = to_float(waveforms.read(slice(None))).reshape(-1, 10, 64)
    np.testing.assert_array_equal(mels.read(slice(None)), expected.half())
    assert frontend.sizes == [1, 8, 8, 4]


@pytest.fixture
def interrupted(waveforms, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BLOCK", 8)
    with pytest.raises(RuntimeError, match="out of memory"):
        write_log_mels(waveforms, Frames(batches=2), tmp_path / "mels", batch=8)
    return tmp_path / "mels"


def test_an_interrupted_log_mel_cache_is_continued(waveforms, tmp_path, interrupted):
    frontend = Frames()
    write_log_mels(waveforms, frontend, interrupted, batch=8)
    assert frontend.sizes == [1, 8, 4]
    write_log_mels(waveforms, Frames(), tmp_path / "whole", batch=8)
    for name in ("array.raw", "index.json"):
        whole = (tmp_path / "whole" / name).read_bytes()
        assert (interrupted / name).read_bytes() == whole


def test_another_front_end_starts_anew(waveforms, interrupted):
    frontend = Frames(offset=1.0)
    write_log_mels(waveforms, frontend, interrupted, batch=8)
    assert frontend.sizes == [1, 8, 8, 4]


def test_log_mels_out_of_range_name_the_clip(waveforms, tmp_path):
    class Loud(Frames):
        def forward(self, waveforms):
            mels = super().forward(waveforms)
            if len(mels) > 1:
                mels[2, 0, 0] = 1e6
            return mels

    with pytest.raises(InputError, match=r"2\.flac"):
        write_log_mels(waveforms, Loud(), tmp_path / "mels")


def test_a_store_of_the_other_kind_is_refused(waveforms):
    with pytest.raises(InputError, match="not <f2 rows"):
        LogMelStore(waveforms.folder)


def test_joined_waveforms_do_not_depend_on_the_parts(waveforms, tmp_path):
    for first, last in ((0, 7), (7, 20)):
        rows = waveforms.read(slice(first, last))
        names = waveforms.names[first:last]
        write_waveforms(tmp_path / str(first), names, rows, SAMPLES)
    join_waveforms([tmp_path / "0", tmp_path / "7"], tmp_path / "all")
    whole = (waveforms.folder / "array.raw").read_bytes()
    assert (tmp_path / "all" / "array.raw").read_bytes() == whole


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_log_mels_on_a_gpu(waveforms, tmp_path):
    write_log_mels(waveforms, Frames(), tmp_path / "cpu")
    write_log_mels(waveforms, Frames(), tmp_path / "gpu", device="cuda")
    cpu, gpu = LogMelStore(tmp_path / "cpu"), LogMelStore(tmp_path / "gpu")
    np.testing.assert_array_equal(cpu.read(slice(None)), gpu.read(slice(None)))
