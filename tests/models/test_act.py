import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.published import (
    DATA,
    SHARED,
    PlainACT,
    act_shapes,
    golden_shapes,
    recipe_weights,
)
from workflow_src.errors import InputError
from workflow_src.models.act import ACT, ActConfig, label_smoothing_loss
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import CaptioningOptimization

needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="needs the shared golden files"
)
SMALL = {
    "vocabulary": 11,
    "encoder_width": 16,
    "encoder_layers": 2,
    "encoder_heads": 2,
    "encoder_feedforward": 24,
    "tag_classes": 5,
    "decoder_width": 8,
    "decoder_layers": 2,
    "decoder_heads": 2,
    "decoder_feedforward": 12,
}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return ACT(ActConfig(**SMALL)).eval()


def log_mels(clips, frames=500, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(clips, frames, 64, generator=generator) * 20 - 30


@needs_shared
def test_equals_the_published_small_model():
    golden = np.load(SHARED / "act_small.npz")
    model = ACT.from_upstream(SHARED / "act_small_upstream.pth").eval()
    tokens = torch.from_numpy(golden["tokens"])
    with torch.no_grad():
        memory = model.encode(torch.from_numpy(golden["logmel"]))
        logits = model.decode(memory, tokens)
    np.testing.assert_allclose(memory, golden["encoded"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(logits, golden["logits"], rtol=0, atol=1e-4)


@needs_shared
def test_greedy_search_finds_the_published_words():
    golden = np.load(SHARED / "act_small.npz")
    expected = np.load(SHARED / "act_small_search.npz")
    model = ACT.from_upstream(SHARED / "act_small_upstream.pth").eval()
    with torch.no_grad():
        state = model.start(model.encode(torch.from_numpy(golden["logmel"])))
        words = [torch.full((6,), int(expected["sos"]))]
        for _ in range(30):
            words.append(model.step(words[-1], state).argmax(dim=1))
    found = torch.stack(words, dim=1).numpy()
    eos = int(expected["eos"])
    ended = np.cumsum(found == eos, axis=1) > 0
    assert np.array_equal(np.where(ended, eos, found), expected["greedy"])


@pytest.mark.slow
def test_equals_the_published_full_size_model():
    golden = np.load(DATA / "act_full.npz")
    model = ACT.from_upstream(recipe_weights(golden_shapes(golden))).eval()
    assert model.config == ActConfig(vocabulary=5046, encoder_head_width=64)
    with torch.no_grad():
        memory = model.encode(torch.from_numpy(golden["logmel"]))
        logits = model.decode(memory, torch.from_numpy(golden["tokens"]))
    np.testing.assert_allclose(
        memory[:, ::25, ::16], golden["encoded"], rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(
        logits[:, -1, ::50], golden["logits_last"], rtol=0, atol=1e-4
    )


@given(
    width=st.sampled_from([8, 20]),
    layers=st.integers(1, 3),
    encoder_heads=st.sampled_from([1, 2]),
    decoder_heads=st.sampled_from([1, 2, 4]),
    frames=st.sampled_from([4, 40, 500]),
    words=st.integers(1, 9),
)
@settings(max_examples=6, deadline=None)
def test_equals_plain_numpy(width, layers, encoder_heads, decoder_heads, frames, words):
    shapes = act_shapes(width=width, layers=layers, inner=64 * encoder_heads)
    weights = recipe_weights(shapes)
    model = ACT.from_upstream(weights, decoder_heads=decoder_heads).eval()
    assert model.config.encoder_heads == encoder_heads
    plain = PlainACT(weights, encoder_heads, decoder_heads)
    clips = log_mels(2, frames)
    tokens = torch.arange(2 * words).reshape(2, words) % 11
    with torch.no_grad():
        memory = model.encode(clips)
        logits = model.decode(memory, tokens)
    for clip in range(2):
        expected = plain.encode(clips[clip].double().numpy())
        np.testing.assert_allclose(memory[clip], expected, rtol=0, atol=1e-4)
        expected = plain.decode(expected, tokens[clip].numpy())
        np.testing.assert_allclose(logits[clip], expected, rtol=0, atol=1e-4)


@given(words=st.integers(1, 12), rows=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_step_by_step_is_teacher_forcing(model, words, rows, seed):
    generator = torch.Generator().manual_seed(seed)
    memory = torch.randn(rows, 126, 8, generator=generator)
    tokens = torch.randint(11, (rows, words), generator=generator)
    with torch.no_grad():
        state = model.start(memory)
        steps = [model.step(column, state) for column in tokens.T]
        expected = model.decode(memory, tokens)
    assert state.length == words
    torch.testing.assert_close(torch.stack(steps, 1), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", [[2, 0, 1], [1, 1, 1, 0], [2]])
def test_select_takes_rows_along(model, rows):
    memory, tokens = torch.randn(3, 126, 8), torch.randint(11, (3, 4))
    rows = torch.tensor(rows)
    with torch.no_grad():
        state = model.start(memory)
        for column in tokens[:, :3].T:
            model.step(column, state)
        state.select(rows)
        found = model.step(tokens[rows, 3], state)
        expected = model.decode(memory[rows], tokens[rows])[:, -1]
    assert len(state) == len(rows)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_select_among_the_beams_of_a_clip_leaves_the_audio_where_it_is(model):
    memory = torch.randn(2, 126, 8)
    state = model.start(memory)
    state.select(torch.tensor([0, 0, 1, 1]))
    kept = state.cross_attention_cache
    state.select(torch.tensor([1, 0, 2, 2]))
    assert state.cross_attention_cache is kept
    state.select(torch.tensor([2, 0, 2, 2]))
    with torch.no_grad():
        found = model.step(torch.zeros(4, dtype=torch.long), state)
        expected = model.decode(memory[[1, 0, 1, 1]], torch.zeros(4, 1).long())[:, 0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_clips_do_not_touch_each_other(model):
    clips, tokens = log_mels(3), torch.randint(11, (3, 5))
    with torch.no_grad():
        whole = model.decode(model.encode(clips), tokens)
        alone = [
            model.decode(model.encode(clips[i : i + 1]), tokens[i : i + 1])
            for i in range(3)
        ]
    torch.testing.assert_close(whole, torch.cat(alone), atol=1e-5, rtol=1e-5)


def test_padding_is_not_attended_to(model):
    memory = torch.randn(1, 126, 8)
    tokens = torch.tensor([[0, 3, 4, 1, 1, 1]])
    padding = torch.tensor([[False] * 4 + [True] * 2])
    with torch.no_grad():
        with_mask = model.decode(memory, tokens, padding)
        other = model.decode(memory, torch.tensor([[0, 3, 4, 1, 7, 8]]), padding)
        without = model.decode(memory, tokens)
        short = model.decode(memory, tokens[:, :4])
    torch.testing.assert_close(with_mask[:, :4], short)
    torch.testing.assert_close(without[:, :4], short)
    # Only the query changes at the last two places, not what it sees.
    assert not torch.allclose(with_mask[:, 4:], without[:, 4:])
    assert not torch.allclose(with_mask[:, 4:], other[:, 4:])


def test_the_mask_comes_right_after_the_normalisation(model):
    seen = []

    def mask(x):
        seen.append(x)
        return torch.zeros_like(x)

    clips = log_mels(2)
    with torch.no_grad():
        found = model.encode(clips, mask)
        constant = model.encoder.norm.running_mean.expand_as(clips)
        expected = model.encode(constant)
        normalised = model.encoder.norm(clips.reshape(-1, 64)).view_as(clips)
    torch.testing.assert_close(seen[0], normalised)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_every_parameter_learns():
    model = ACT(ActConfig(**SMALL)).train()
    tokens = torch.randint(11, (2, 6))
    loss = label_smoothing_loss(model.decode(model.encode(log_mels(2)), tokens), tokens)
    loss.backward()
    still = [
        n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()
    ]
    assert still == []


def test_parameters_of_the_paper():
    with torch.device("meta"):
        model = ACT(ActConfig(vocabulary=4984))
    assert sum(p.numel() for p in model.parameters()) == 107_951_367


@pytest.mark.parametrize(
    "shape", [(1, 498, 64), (1, 500, 80), (1, 0, 64), (1, 504, 64)]
)
def test_refuses_other_spectrograms(model, shape):
    with pytest.raises(ValueError, match="ACT"):
        model.encode(torch.zeros(shape))


def test_refuses_odd_sizes():
    with pytest.raises(InputError, match="encoder_heads"):
        ActConfig(**(SMALL | {"encoder_heads": 3}))
    with pytest.raises(InputError, match="decoder_heads"):
        ActConfig(**(SMALL | {"decoder_heads": 3}))


def test_word_vectors_must_fit(model):
    vectors = torch.randn(11, 8)
    model.load_word_vectors(vectors)
    assert torch.equal(model.embedding.weight, vectors)
    with pytest.raises(ValueError, match=r"\(8,\)"):
        model.load_word_vectors(torch.zeros(8))


def test_label_smoothing_equals_the_published_loss():
    golden = np.load(DATA / "losses.npz")
    loss = label_smoothing_loss(
        torch.from_numpy(golden["logits"])[:, :-1],
        torch.from_numpy(golden["tokens"])[:, 1:],
    )
    assert loss.item() == pytest.approx(float(golden["label_smoothing"]), abs=1e-5)


@given(st.integers(2, 6), st.floats(0, 0.5), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_label_smoothing_equals_its_definition(words, smoothing, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, words, generator=generator, dtype=torch.float64)
    tokens = torch.randint(words, (2, 3), generator=generator)
    padding = torch.tensor([[False, False, True], [False, True, True]])
    target = torch.full_like(logits, smoothing / (words - 1))
    target.scatter_(2, tokens.unsqueeze(2), 1 - smoothing)
    each = -(target * logits.log_softmax(2)).sum(2)
    found = label_smoothing_loss(logits, tokens, smoothing)
    torch.testing.assert_close(found, each.mean())
    found = label_smoothing_loss(logits, tokens, smoothing, padding)
    torch.testing.assert_close(found, (each[0, 0] + each[0, 1] + each[1, 0]) / 3)


@pytest.mark.slow
def test_a_full_size_training_step():
    torch.manual_seed(0)
    model = ACT(ActConfig(vocabulary=4984)).train()
    settings = CaptioningOptimization()
    optimizer, scheduler = optimizer_and_schedule(model, settings, steps_per_epoch=1)
    tokens = torch.randint(4984, (2, 12))
    losses = []
    for _ in range(2):
        logits = model.decode(model.encode(log_mels(2)), tokens[:, :-1])
        loss = label_smoothing_loss(logits, tokens[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert losses[1] < losses[0]
