import pytest
import torch
from torch import nn

from workflow_src.evaluation.tta_retrieval import retrieval_grid
from workflow_src.models.retrieval import AudioTextRetriever, RetrieverConfig
from workflow_src.tta import Strategy

STRATEGIES = [
    Strategy.conventional(4),
    Strategy.mid(4),
    Strategy.uniform((2, 4)),
    Strategy([[[0, 4, 2], [1], [3]], [[2, 0, 1]]]),
]


@pytest.fixture(scope="module")
def model(make_views):
    torch.manual_seed(0)
    config = RetrieverConfig(2, (1, 1, 1, 1), audio_dropout=0.0, embedding=6)
    text = nn.Linear(1, 1)  # text has no part in this
    text.width = 3
    model = AudioTextRetriever(config, text)
    # Statistics of the clips themselves, so that embeddings are far apart.
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0
            nn.init.ones_(module.weight)
    views = make_views()
    model.embed_audio(torch.cat([views.of(name, 9)[0] for name in views.names]))
    return model.eval()


@torch.no_grad()
def one_clip(model, views, name, strategy, layer, stabilise):
    """Eq. 2 as the paper says it: one clip, one strategy, nothing shared."""
    log_mels, masked = views.of(name, strategy.tau)
    encoder = model.audio_encoder
    outputs = [
        encoder(view[None], lambda x, m=mask: x.masked_fill(m, 0), stop=layer)[0]
        for view, mask in zip(log_mels, masked, strict=True)
    ]
    middle, _ = strategy.partitions
    means = [
        torch.stack([outputs[1 + index] for index in group]).mean(0) for group in middle
    ]

    def rest(h):
        return model.audio_head(encoder(h[None], start=layer))[0]

    result = torch.stack([rest(h) for h in means]).mean(0)
    return (rest(outputs[0]) + result) / 2 if stabilise else result


@pytest.mark.parametrize("stabilise", [True, False])
@pytest.mark.parametrize("layer", ["pool", "group2", "norm"])
@pytest.mark.parametrize("batch", [3, 1000])
def test_equals_one_clip_and_one_strategy_at_a_time(
    model, make_views, layer, batch, stabilise
):
    views = make_views(batch=batch)
    found = retrieval_grid(model, views, STRATEGIES, layer=layer, stabilise=stabilise)
    assert list(found) == STRATEGIES
    for strategy, embeddings in found.items():
        assert embeddings.shape == (5, 6)
        for name, own in zip(views.names, embeddings, strict=True):
            expected = one_clip(model, views, name, strategy, layer, stabilise)
            torch.testing.assert_close(own, expected, rtol=1e-4, atol=1e-5)


def test_strategies_and_clips_differ(model, make_views):
    found = torch.stack(list(retrieval_grid(model, make_views(), STRATEGIES).values()))
    assert torch.cdist(found, found).add(torch.eye(5)).min() > 1e-2
    by_clip = found.transpose(0, 1)
    assert torch.cdist(by_clip, by_clip).add(torch.eye(4)).min() > 1e-3


def test_a_layer_that_does_not_exist(model, make_views):
    with pytest.raises(ValueError, match="no stage group9"):
        retrieval_grid(model, make_views(), STRATEGIES, layer="group9")
