"""Batches that fit a device: the bytes of an item, and who decides."""

import pytest
import torch

from workflow_src.decoding import beam_search
from workflow_src.evaluation import batch_sizes
from workflow_src.evaluation.batch_sizes import (
    encoding_bytes,
    encodings_at_once,
    fitting,
    peak_bytes,
    search_bytes,
    views_of_captioner,
)
from workflow_src.models.act import ACT, ActConfig

SMALL = ActConfig(60, 32, 2, 2, 64, 16, 32, 2, 4, 64, 0.0)
CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def test_peak_bytes_counts_what_lives_together():
    def work():
        x = torch.zeros(1000)  # 4,000 bytes
        y = x + 1
        del x
        z = y * 2
        return z.view(10, 100)

    assert peak_bytes(work) == 8_000


def test_the_bytes_of_an_encoding_cover_what_it_takes():
    """On `meta` attention holds all its weights, which a fused one does not."""
    model = ACT(SMALL).eval()
    clips = torch.randn(3, 40, 64)
    taken = peak_bytes(lambda: model.encode(clips)) / 3
    assert taken <= encoding_bytes(SMALL, (40, 64)) <= 1.5 * taken


@pytest.mark.parametrize("members", [1, 4])
def test_the_bytes_of_a_search_cover_what_it_takes(members):
    model = ACT(SMALL).eval()
    with torch.no_grad():
        model.output.bias[1] -= 20  # no caption ends early
    memories = torch.randn(8, 26, 32).relu()
    weights = [[1 / members] * members] * (8 // members)

    def search():
        beam_search(
            model.step, model.start(memories), weights, sos=0, eos=1, max_words=12
        )

    taken = peak_bytes(search) / 8
    stated = search_bytes(SMALL, positions=26, beams=3, max_words=12)
    assert taken <= stated <= 2.5 * taken


def test_who_decides(monkeypatch):
    monkeypatch.setattr(batch_sizes, "free_bytes", lambda device: 1_000)
    assert fitting(GPU, 7, 32, 512, lambda: 1) == 7  # the config
    assert fitting(CPU, 7, 32, 512, lambda: 1) == 7
    assert fitting(CPU, None, 32, 512, lambda: 1) == 32
    assert fitting(GPU, None, 32, 512, lambda: 10) == 50  # half of what is free
    assert fitting(GPU, None, 32, 40, lambda: 10) == 40
    assert fitting(GPU, None, 32, 512, lambda: 9_999) == 1


def test_a_larger_memory_takes_more(monkeypatch):
    model = ACT(SMALL)
    sizes = []
    for free in (2e6, 8e6):
        monkeypatch.setattr(batch_sizes, "free_bytes", lambda device, own=free: own)
        sizes.append(
            (
                views_of_captioner(model, (40, 64), GPU),
                encodings_at_once(model, 40, GPU, 3, 12),
            )
        )
    assert sizes[0][0] * 4 == pytest.approx(sizes[1][0], abs=4)
    assert 1 < sizes[0][1] < sizes[1][1]
