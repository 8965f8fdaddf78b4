"""Clips on their way to the device: packed, page-locked, or there already."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.audio.store import WaveformStore, write_waveforms
from workflow_src.training import clips
from workflow_src.training.clips import ClipsOfPairs, fitting, make_resident
from workflow_src.training.parcel import Parcel

CPU = torch.device("cpu")
NAMES = [f"{i}.wav" for i in range(5)]


@pytest.fixture
def store(tmp_path):
    rows = np.arange(50, dtype=np.int16).reshape(5, 10)
    write_waveforms(tmp_path / "store", NAMES, rows, 10)
    return WaveformStore(tmp_path / "store")


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_a_parcel_arrives_as_it_was_packed(lengths):
    kinds = [torch.bool, torch.int64, torch.float32]
    arrays = {
        str(i): torch.arange(2 * own).reshape(own, 2).to(kinds[i % 3])
        for i, own in enumerate(lengths)
    }
    arrived = Parcel.pack(arrays, CPU).to(CPU)
    assert arrived.keys() == arrays.keys()
    for name, array in arrays.items():
        assert arrived[name].dtype == array.dtype
        assert torch.equal(arrived[name], array)


def test_pairs_share_a_resident_clip(store):
    pairs = ClipsOfPairs(["3.wav", "1.wav", "3.wav"], store, "waveform", CPU)
    assert pairs.nbytes == 2 * 10 * 2
    before = pairs.on_device(pairs.read(np.array([2, 1])))
    assert not pairs.resident
    pairs.make_resident()
    assert pairs.resident
    rows = pairs.read(np.array([2, 1]))
    assert rows.shape == (2,)
    assert torch.equal(pairs.on_device(rows), before)
    assert before[:, 0].tolist() == [30, 10]


def test_for_a_gpu_rows_are_read_into_buffers_to_copy_from(store, monkeypatch):
    """Page-locked ones, of which there are none without a GPU."""
    made = []

    def ordinary(shape, dtype, device):
        assert device.type == "cuda"
        made.append(torch.empty(shape, dtype=dtype))
        return made[-1]

    monkeypatch.setattr(clips, "empty_on_host", ordinary)
    pairs = ClipsOfPairs(NAMES[::-1], store, "waveform", torch.device("cuda"))
    read = pairs.read(np.array([0, 4]))
    assert read is made[0]
    assert read[:, 0].tolist() == [40, 0]


def test_what_fits_is_resident_log_mels_first(store):
    pairs = ClipsOfPairs(NAMES, store, "waveform", CPU)
    assert fitting([pairs, pairs], 99) == []
    assert fitting([pairs, pairs], 100) == [pairs]
    assert len(fitting([pairs, pairs], 200)) == 2
    # A CPU has them in its memory already.
    make_resident("auto", CPU, pairs, None)
    assert not pairs.resident
