"""Packed waveforms come back bit for bit, or say which part is damaged."""

import json

import numpy as np
import pytest

from workflow_src.audio import packed
from workflow_src.audio.packed import pack, unpack
from workflow_src.audio.store import WaveformStore, write_waveforms
from workflow_src.errors import InputError

RATE, SAMPLES = 32_000, 4_000


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Two tones, the loudest and the quietest sample, and noise: three parts."""
    monkeypatch.setattr(packed, "ROWS", 2)
    time = np.arange(SAMPLES) / RATE
    tone = (8_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    edges = np.zeros(SAMPLES, np.int16)
    edges[[0, 1, -1]] = -32_768, 32_767, -1
    noise = np.random.default_rng(0).integers(-32_768, 32_768, (2, SAMPLES), np.int16)
    rows = [tone, -tone, *noise, edges]
    names = [f"{number}.flac" for number in range(len(rows))]
    write_waveforms(tmp_path / "store", names, rows, SAMPLES)
    return tmp_path / "store"


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_comes_back_bit_for_bit_and_is_smaller_where_flac_helps(store, tmp_path):
    pack(store, tmp_path / "packed", RATE)
    assert sorted(content(tmp_path / "packed")) == [
        "00000.flac",
        "00001.raw",  # noise does not get smaller
        "00002.flac",
        "index.json",
    ]
    tones = (tmp_path / "packed" / "00000.flac").stat().st_size
    assert tones < 2 * 2 * SAMPLES / 2
    unpack(tmp_path / "packed", tmp_path / "again")
    assert content(tmp_path / "again") == content(store)
    assert WaveformStore(tmp_path / "again").digest == WaveformStore(store).digest


def test_what_is_there_is_not_made_again_and_what_was_killed_goes_on(store, tmp_path):
    pack(store, tmp_path / "packed", RATE)
    before = content(tmp_path / "packed")
    # As after a kill before the last part.
    (tmp_path / "packed").rename(tmp_path / "packed.partial")
    (tmp_path / "packed.partial" / "00002.flac").unlink()
    marked = tmp_path / "packed.partial" / "00001.raw"
    time = marked.stat().st_mtime_ns
    pack(store, tmp_path / "packed", RATE)
    assert content(tmp_path / "packed") == before
    assert (tmp_path / "packed" / "00001.raw").stat().st_mtime_ns == time
    folder = (tmp_path / "packed").stat().st_mtime_ns
    pack(store, tmp_path / "packed", RATE)
    assert (tmp_path / "packed").stat().st_mtime_ns == folder
    unpack(tmp_path / "packed", store)
    assert content(store)


def test_another_store_is_packed_anew(store, tmp_path):
    pack(store, tmp_path / "packed", RATE)
    write_waveforms(store, ["a"], [np.ones(SAMPLES, np.int16)], SAMPLES)
    pack(store, tmp_path / "packed", RATE)
    assert sorted(content(tmp_path / "packed")) == ["00000.flac", "index.json"]


@pytest.mark.parametrize(
    ("part", "damage", "said"),
    [
        ("00000.flac", b"no sound", "00000.flac is damaged, pull it again"),
        ("00001.raw", b"\0" * 2 * 2 * SAMPLES, "rows 0 to 4 are damaged"),
        ("00001.raw", b"\0", "its index says"),
        ("00002.flac", None, "lacks part 00002: pull it again"),
        ("index.json", None, "holds no packed waveforms"),
    ],
)
def test_damage_is_found_and_leaves_no_store(store, tmp_path, part, damage, said):
    pack(store, tmp_path / "packed", RATE)
    path = tmp_path / "packed" / part
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    with pytest.raises(InputError, match=said):
        unpack(tmp_path / "packed", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_waveforms_of_ones_own_are_not_overwritten(store, tmp_path):
    pack(store, tmp_path / "packed", RATE)
    write_waveforms(store, ["a"], [np.ones(SAMPLES, np.int16)], SAMPLES)
    with pytest.raises(InputError, match="holds other waveforms than"):
        unpack(tmp_path / "packed", store)
    assert WaveformStore(store).names == ["a"]


def test_the_index_travels_as_it_is(store, tmp_path):
    pack(store, tmp_path / "packed", RATE)
    index = json.loads((tmp_path / "packed" / "index.json").read_bytes())
    assert index["names"] == WaveformStore(store).names
