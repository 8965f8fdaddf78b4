"""Weights at a third of their size: how near they come, and what is left alone."""

import lzma

import pytest
import torch

from workflow_src.errors import InputError
from workflow_src.models.half_weights import read_half, write_half


@pytest.fixture
def weights():
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(64, 128, generator=generator)
    return {
        "matrix": matrix,
        "transposed": matrix.T,
        "tiny": matrix * 1e-6,
        "huge": matrix * 1e5,
        "norm": torch.randn(128, generator=generator) * 300,
        "steps": torch.tensor(7),
    }


def test_matrices_come_back_within_half_precision_and_all_else_exactly(
    tmp_path, weights
):
    write_half(weights, tmp_path / "run" / "half.xz")
    found = read_half(tmp_path / "run" / "half.xz")
    assert found.keys() == weights.keys()
    for name, tensor in weights.items():
        assert found[name].dtype == tensor.dtype
        if name in ("matrix", "transposed", "tiny"):
            assert not torch.equal(found[name], tensor)
            # A relative error of 2^-11; near zero an absolute one of 2^-25.
            torch.testing.assert_close(found[name], tensor, rtol=2**-11, atol=2**-25)
        else:
            assert torch.equal(found[name], tensor)


def test_equal_weights_are_equal_bytes_of_less_than_half_the_size(tmp_path, weights):
    del weights["huge"]
    for name in ("one", "two"):
        write_half(weights, tmp_path / name)
    packed = (tmp_path / "one").read_bytes()
    assert packed == (tmp_path / "two").read_bytes()
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    assert len(packed) < size / 2
    # What was rounded once is not rounded further.
    write_half(read_half(tmp_path / "one"), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == packed


@pytest.mark.parametrize(
    "content", [b"", b"no archive", lzma.compress(b"no safetensors"), None]
)
def test_a_missing_or_damaged_file_is_named_in_one_sentence(tmp_path, content):
    path = tmp_path / "half.xz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"half\.xz is no whole file of weights") as at:
        read_half(path)
    assert "\n" not in str(at.value)


def test_a_file_that_was_cut_short_is_damaged(tmp_path, weights):
    write_half(weights, tmp_path / "half.xz")
    content = (tmp_path / "half.xz").read_bytes()
    (tmp_path / "half.xz").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"half\.xz is no whole file of weights"):
        read_half(tmp_path / "half.xz")
