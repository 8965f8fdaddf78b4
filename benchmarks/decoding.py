"""Batched, cached beam search against one clip at a time without a cache.

    python benchmarks/decoding.py [--threads N] [--clips N] [--device NAME]

Both search 32 clips with the full-size decoder of ACT and find the same captions;
the weights are random, with `<eos>` made so likely that captions have lengths as
real ones (about 5 to 20 words). Exits 1 if the batched search is not ten times
as fast, or finds other captions.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable

import torch

from workflow_src.decoding import beam_search
from workflow_src.models.act import ACT, ActConfig

WORDS = 4984
MEMORY = 126  # positions
SETTINGS = {"sos": 0, "eos": 1, "beams": 3, "max_words": 30}
LEAST_RATIO = 10.0


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


def seconds(work: Callable[[], object], device: str) -> tuple[float, object]:
    """Time and result: of the processor, or, with a GPU, of the clock.

    The processor's time counts other work on the machine little.
    """
    clock = time.process_time if device == "cpu" else time.perf_counter
    start = clock()
    result = work()
    if device != "cpu":
        torch.cuda.synchronize()
    return clock() - start, result


@torch.inference_mode()
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = decoder(options.device)
    memories = torch.randn(options.clips, MEMORY, 512).relu().to(options.device)
    batched(model, memories[:2])
    one_clip_uncached(model, memories[:1])
    fast, captions = min(
        seconds(lambda: batched(model, memories), options.device) for _ in range(3)
    )
    slow, references = seconds(
        lambda: [one_clip_uncached(model, memory[None]) for memory in memories],
        options.device,
    )
    lengths = [len(words) for words in captions]
    ratio = slow / fast
    print(f"{options.clips} clips, captions of {min(lengths)} to {max(lengths)} words")
    print(f"one clip at a time, uncached: {slow:.2f} s")
    print(f"batched, cached:              {fast:.2f} s")
    print(f"ratio: {ratio:.1f} (at least {LEAST_RATIO:.0f} expected)")
    same = captions == references
    print("the same captions" if same else "DIFFERENT captions")
    return 0 if same and ratio >= LEAST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
