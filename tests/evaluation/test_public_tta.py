"""The public wrappers give what the workflow's evaluation gives, on the same views."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from workflow_src.augment.recipe import TestTimeAugmentation
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.decoding import beam_search
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.evaluation.views import Views
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.retrieval import AudioTextRetriever, RetrieverConfig
from workflow_src.tta import GenerationTTA, MultiTTA, Strategy

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden"
STRATEGY = Strategy.uniform((2, 3))
SEARCH = {"sos": 0, "eos": 1, "beams": 3, "max_words": 8}


class Cache:
    """Log-mels in memory, as a store has them."""

    def __init__(self, log_mels):
        self.log_mels = log_mels
        self.names = [str(row) for row in range(len(log_mels))]

    def row(self, name):
        return self.names.index(name)

    def read(self, rows):
        return self.log_mels[rows].astype(np.float16)


@pytest.fixture(scope="module", params=["random", "golden"])
def captioner(request):
    """A model and six clips."""
    if request.param == "random":
        torch.manual_seed(3)
        model = ACT(ActConfig(12, 16, 1, 2, 16, 8, 16, 1, 2, 32)).eval()
        with torch.no_grad():
            model.memory.weight.mul_(20)
            model.output.weight.normal_(std=0.5)
        return model, 20 * np.random.default_rng(0).standard_normal((6, 40, 64))
    if not GOLDEN.exists():
        pytest.skip("no shared files")
    model = ACT.from_upstream(GOLDEN / "act_small_upstream.pth").eval()
    return model, np.load(GOLDEN / "act_small.npz")["logmel"]


def make_views(log_mels):
    augmentation = TestTimeAugmentation(specaugment=SpecAugment(2, 40, 2, 16))
    cache, device = Cache(log_mels), torch.device("cpu")
    return Views(augmentation, None, cache, None, seed=1, batch=4, device=device)


def input_and_augment(views, name):
    """A clip with what is masked of it, (1, 2, L, F), and the evaluation's views."""
    log_mels, masked = views.of(name, STRATEGY.tau)
    both = torch.stack([log_mels, masked.float()], dim=1)
    stream = iter(both[1:, None])
    return both[:1], lambda value, generator: next(stream)


def masking(value):
    return value[:, 0], lambda x: x.masked_fill(value[:, 1].bool(), 0)


def text(words):
    return " ".join(map(str, words))


@pytest.mark.parametrize("stabilise", [True, False])
@pytest.mark.parametrize("batch_size", [None, 5])
def test_captioning(captioner, stabilise, batch_size, monkeypatch):
    model, log_mels = captioner
    views = make_views(log_mels)
    read = []
    start = model.start
    monkeypatch.setattr(model, "start", lambda m: (read.append(m), start(m))[1])
    found = captioning_grid(
        model,
        views,
        [STRATEGY],
        text,
        memories_per_search=1,
        stabilise=stabilise,
        **SEARCH,
    )[STRATEGY]
    options = {"include_original": stabilise, "batch_size": batch_size}
    for name, memories in zip(views.names, list(read), strict=True):
        clip, augment = input_and_augment(views, name)
        tta = GenerationTTA(
            lambda value: model.encode(*masking(value)), augment, STRATEGY, **options
        )
        ensemble = tta(clip)
        torch.testing.assert_close(ensemble.memories, memories, rtol=1e-4, atol=1e-5)
        state = model.start(ensemble.memories)
        [said] = beam_search(model.step, state, [ensemble.weights], **SEARCH)
        assert text(said.words) == found[name]
    assert len(set(found.values())) > 2


def test_word_distributions(captioner):
    """The decoder as the output layer of Eq. 2, on given words."""
    model, log_mels = captioner
    views = make_views(log_mels)
    tokens = torch.tensor([[0, 5, 9, 4]])
    for name in views.names[:2]:
        clip, augment = input_and_augment(views, name)

        def encode(value):
            return model.encode(*masking(value))

        def decode(memory):
            return model.decode(memory, tokens.expand(len(memory), -1)).softmax(-1)

        output = MultiTTA([encode, decode], augment, STRATEGY, batch_size=4)(clip)
        clip, augment = input_and_augment(views, name)
        ensemble = GenerationTTA(encode, augment, STRATEGY)(clip)
        share = torch.tensor(ensemble.weights)
        with torch.no_grad():
            expected = torch.einsum("m,mwv->wv", share, decode(ensemble.memories))
        torch.testing.assert_close(output[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("stabilise", [True, False])
@pytest.mark.parametrize("layer", ["pool", "group2"])
def test_retrieval(stabilise, layer):
    torch.manual_seed(0)
    text_encoder = nn.Linear(1, 1)  # text has no part in this
    text_encoder.width = 3
    config = RetrieverConfig(2, (1, 1, 1, 1), audio_dropout=0.0, embedding=6)
    model = AudioTextRetriever(config, text_encoder).eval()
    log_mels = 20 * np.random.default_rng(0).standard_normal((4, 40, 64))
    views = make_views(log_mels)
    found = retrieval_grid(model, views, [STRATEGY], layer=layer, stabilise=stabilise)
    encoder = model.audio_encoder

    def first(value):
        return encoder(*masking(value), stop=layer)

    def rest(value):
        return model.audio_head(encoder(value, start=layer))

    for name, expected in zip(views.names, found[STRATEGY], strict=True):
        clip, augment = input_and_augment(views, name)
        tta = MultiTTA([first, rest], augment, STRATEGY, stabilise, batch_size=3)
        torch.testing.assert_close(tta(clip)[0], expected, rtol=1e-4, atol=1e-6)


def test_a_middle_layer_of_the_retriever_by_its_name():
    """`split_at` finds h_E without a word about stages."""
    torch.manual_seed(0)
    text_encoder = nn.Linear(1, 1)
    text_encoder.width = 3
    config = RetrieverConfig(2, (1, 1, 1, 1), audio_dropout=0.0, embedding=6)
    model = AudioTextRetriever(config, text_encoder).eval().audio_encoder
    log_mel = 20 * torch.randn(1, 40, 64)

    def augment(value, generator):
        return value + 5 * torch.randn(value.shape, generator=generator)

    outputs = [
        MultiTTA(
            layers,
            augment,
            STRATEGY,
            split_at=split_at,
            batch_size=4,
            generator=torch.Generator().manual_seed(1),
        )(log_mel)
        for layers, split_at in (
            (model, "stages.group2"),
            (
                [lambda x: model(x, stop="group2"), lambda x: model(x, start="group2")],
                None,
            ),
        )
    ]
    torch.testing.assert_close(*outputs)
