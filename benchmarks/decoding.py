"""Batched, cached beam search against one clip at a time without a cache.

    python -m benchmarks.decoding [--device NAME] [--threads N]

Both search with the full-size decoder of ACT and find the same captions; the weights
are random, with `<eos>` made so likely that captions have lengths as real ones (about 5
to 20 words).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from benchmarks.command import Bench, run_alone
from benchmarks.files import WORDS
from benchmarks.rows import Row
from workflow_src.decoding import beam_search
from workflow_src.models.act import ACT, ActConfig

MEMORY = 126  # positions
SETTINGS = {"sos": 0, "eos": 1, "beams": 3, "max_words": 30}


def decoder(device: str) -> ACT:
    """Build a full-size decoder (its encoder, not used here, is small)."""
    torch.manual_seed(0)
    sizes = ActConfig(WORDS, encoder_width=64, encoder_layers=1, encoder_heads=1)
    model = ACT(sizes)
    with torch.no_grad():
        model.output.weight.mul_(6)  # as peaked as after training
        model.output.bias[SETTINGS["eos"]] += 9
    return model.eval().to(device)


def batched(model: ACT, memories: torch.Tensor) -> list[tuple[int, ...]]:
    """Search all clips together."""
    found = beam_search(
        model.step,
        model.start(memories),
        [[1.0]] * len(memories),
        **SETTINGS,
    )
    return [hypothesis.words for hypothesis in found]


def one_clip_uncached(model: ACT, memory: torch.Tensor) -> tuple[int, ...]:
    """Search one clip; every step decodes all words of its hypotheses anew."""
    sos, eos, beams, longest = SETTINGS.values()
    prefixes, sums = torch.full((1, 1), sos, device=memory.device), torch.zeros(1)
    finished: list[tuple[float, tuple[int, ...]]] = []
    for length in range(1, longest + 2):
        logits = model.decode(memory.expand(len(prefixes), -1, -1), prefixes)[:, -1]
        totals = sums[:, None] + logits.float().log_softmax(-1).cpu().double()
        if length > longest:
            totals[:, [word for word in range(WORDS) if word != eos]] = -math.inf
        sums, index = totals.flatten().topk(beams - len(finished))
        words = (index % WORDS).to(prefixes.device)
        prefixes = torch.cat([prefixes[index // WORDS], words[:, None]], 1)
        ended = (words == eos).cpu()
        for row in ended.nonzero().flatten().tolist():
            finished.append(
                (float(sums[row]) / length, (*prefixes[row, 1:-1].tolist(),))
            )
        prefixes, sums = prefixes[~ended], sums[~ended]
        bound = sums.max() / (longest + 1) if len(sums) else -math.inf
        if finished and max(finished)[0] >= bound:
            break
    return max(finished)[1]


@torch.no_grad()
def rows(bench: Bench) -> Iterator[Row]:
    """The search of all clips together, and of some of them one by one."""
    model = decoder(str(bench.device))
    clips, some = bench.sizes.searched, bench.sizes.one_by_one
    memories = torch.randn(clips, MEMORY, 512).relu().to(bench.device)
    captions: list[tuple[int, ...]] = []
    references: list[tuple[int, ...]] = []

    def together() -> None:
        captions[:] = batched(model, memories)

    def one_by_one() -> None:
        references[:] = [one_clip_uncached(model, own[None]) for own in memories[:some]]

    batched(model, memories[:2])
    ours = bench.clock(together, warm_up=False) / clips
    reference = bench.clock(one_by_one, warm_up=False) / some
    if bench.device.type == "cpu" and captions[:some] != references:
        raise AssertionError("the searches found different captions")
    lengths = [len(words) for words in captions]
    yield Row(
        f"beam search, {clips} clips, {min(lengths)} to {max(lengths)} words",
        ours,
        "s a clip",
        reference,
        "one clip at a time, no cache",
    )
    yield Row(f"beam search of all {clips} clips", ours * clips)


if __name__ == "__main__":
    run_alone(__doc__, rows)
