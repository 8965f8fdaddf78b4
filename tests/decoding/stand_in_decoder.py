"""A tiny recurrent decoder with ACT's decoding interface, and plain searches.

The searches are written for one clip, without a cache and without batches:
every distribution is computed from the whole prefix. They are what the real
ones must agree with.
"""

import heapq
import itertools

import torch
from hypothesis import strategies as st

SOS, EOS = 0, 1


@st.composite
def ensembles(draw, clips):
    """Weights of one to four memories for each clip."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=clips, max_size=clips))
    raw = [draw(st.lists(st.floats(0.1, 1), min_size=n, max_size=n)) for n in sizes]
    return [[weight / sum(clip) for weight in clip] for clip in raw]


class State:
    def __init__(self, memory):
        self.memory = memory
        self.self_attention_cache = [(torch.zeros_like(memory),)]  # the hidden vector

    def select(self, rows):
        self.memory = self.memory[rows]
        self.self_attention_cache = [(self.self_attention_cache[0][0][rows],)]


class StandIn:
    """Hidden vector h <- tanh(U h + word + memory); the logits are linear in it.

    `ending` is added to the logit of `<eos>`.
    """

    def __init__(self, seed, words=12, width=6, sharpness=3.0, ending=0.0):
        generator = torch.Generator().manual_seed(seed)
        self.recurrent = torch.randn(width, width, generator=generator)
        self.embedding = torch.randn(words, width, generator=generator)
        self.output = sharpness * torch.randn(width, words, generator=generator)
        self.ending = torch.zeros(words)
        self.ending[EOS] = ending
        self.steps = []

    def memories(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(count, self.recurrent.shape[0], generator=generator)

    def start(self, memory):
        return State(memory)

    def step(self, tokens, state):
        self.steps.append(len(tokens))
        [(hidden,)] = state.self_attention_cache
        inputs = hidden @ self.recurrent + self.embedding[tokens] + state.memory
        state.self_attention_cache = [(torch.tanh(inputs),)]
        return torch.tanh(inputs) @ self.output + self.ending

    def decode(self, memory, tokens):
        state = State(memory)
        return torch.stack([self.step(column, state) for column in tokens.T], 1)


def next_word(model, memories, weights, prefix):
    """(V,) log of the weighted mean distribution after `prefix`, from scratch."""
    tokens = torch.tensor([[SOS, *prefix]]).expand(len(memories), -1)
    probabilities = model.decode(memories, tokens)[:, -1].double().softmax(-1)
    return (torch.tensor(weights).double() @ probabilities).log()


def plain_beam(model, memories, weights, beams, max_words):
    """Beam search until every hypothesis has ended: no early stop."""
    alive, finished = [(0.0, ())], []
    for length in range(1, max_words + 2):
        extensions = []
        for total, prefix in alive:
            log_probabilities = next_word(model, memories, weights, prefix)
            words = [EOS] if length > max_words else range(len(log_probabilities))
            extensions += [
                (total + log_probabilities[word].item(), (*prefix, word))
                for word in words
            ]
        best = sorted(extensions, reverse=True)[: beams - len(finished)]
        finished += [(s / length, words[:-1]) for s, words in best if words[-1] == EOS]
        alive = [(s, words) for s, words in best if words[-1] != EOS]
    return max(finished)


def plain_best_first(model, memories, weights, candidates, max_words, limit=2000):
    """The published order: always extend the hypothesis with the best mean."""
    count = itertools.count()
    queue = [(0.0, 0.0, next(count), ())]
    while True:
        _, total, _, prefix = heapq.heappop(queue)
        if prefix[-1:] == (EOS,):
            return total / len(prefix), prefix[:-1]
        if len(queue) + 1 > limit:
            return total / len(prefix), prefix
        log_probabilities = next_word(model, memories, weights, prefix)
        best, words = log_probabilities.topk(candidates)
        if len(prefix) == max_words:
            best, words = log_probabilities[[EOS]], [EOS]
        for value, word in zip(best, words, strict=True):
            extended, length = total + value.item(), len(prefix) + 1
            key = -extended / (length + 1e-6)
            entry = (*prefix, int(word))
            heapq.heappush(queue, (key, extended, next(count), entry))
