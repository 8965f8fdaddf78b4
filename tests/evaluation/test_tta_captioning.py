import pytest
import torch

from workflow_src.decoding import beam_search
from workflow_src.evaluation.tta_captioning import captioning_grid
from workflow_src.models.act import ACT, ActConfig
from workflow_src.tta import Strategy

STRATEGIES = [
    Strategy.conventional(4),
    Strategy.mid(4),
    Strategy.uniform((2, 4)),
    Strategy([[[0, 4, 2], [1], [3]], [[2, 0, 1]]]),
]
OPTIONS = {"sos": 0, "eos": 1, "beams": 3, "max_words": 6}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    model = ACT(ActConfig(12, 16, 1, 2, 16, 8, 16, 1, 2, 32)).eval()
    with torch.no_grad():
        # Captions that differ between clips and views.
        model.memory.weight.mul_(20)
        model.output.weight.normal_(std=0.5)
    return model


def text(words):
    return " ".join(map(str, words))


@torch.no_grad()
def one_clip(model, views, name, strategy, stabilise):
    """Eq. 2 as the paper says it: one clip, one strategy, nothing shared."""
    log_mels, masked = views.of(name, strategy.tau)
    memories = torch.cat(
        [
            model.encode(view[None], lambda x, m=mask: x.masked_fill(m, 0))
            for view, mask in zip(log_mels, masked, strict=True)
        ]
    )
    plain, memories = memories[:1], memories[1:]
    middle, _ = strategy.partitions
    groups = torch.stack([memories[list(group)].mean(0) for group in middle])
    share = [1 / len(groups)] * len(groups)
    if stabilise:
        groups = torch.cat([plain, groups])
        share = [0.5, *(weight / 2 for weight in share)]
    [found] = beam_search(model.step, model.start(groups), [share], **OPTIONS)
    return text(found.words)


@pytest.mark.parametrize("stabilise", [True, False])
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_equals_one_clip_and_one_strategy_at_a_time(
    model, make_views, batch, stabilise
):
    views = make_views(batch=batch)
    captions = captioning_grid(
        model,
        views,
        STRATEGIES,
        text,
        encodings_per_search=batch,
        stabilise=stabilise,
        **OPTIONS,
    )
    assert list(captions) == STRATEGIES
    for strategy, said in captions.items():
        assert list(said) == views.names
        for name, caption in said.items():
            assert caption == one_clip(model, views, name, strategy, stabilise)
    # The case is hard enough: not everybody says the same.
    assert len({c for said in captions.values() for c in said.values()}) > 4


def test_order_of_clips_does_not_matter(model, make_views):
    one, other = (
        captioning_grid(model, make_views(order=order), STRATEGIES, text, **OPTIONS)
        for order in (0, 1)
    )
    assert one == other


def test_views_are_encoded_once_for_all_strategies(model, make_views, monkeypatch):
    counts = []
    encode = model.encode

    def counting(log_mels, mask):
        counts.append(len(log_mels))
        return encode(log_mels, mask)

    monkeypatch.setattr(model, "encode", counting)
    views = make_views(batch=5)
    captioning_grid(model, views, STRATEGIES, text, **OPTIONS)
    assert counts == [5] * 9  # 5 clips with 8 views each, by fives
