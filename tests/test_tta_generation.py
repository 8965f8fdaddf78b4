import pytest
import torch

from workflow_src.augment.generators import torch_generator
from workflow_src.errors import InputError
from workflow_src.tta import Ensemble, GenerationTTA, Strategy, generate

WORDS = 10


@pytest.fixture(scope="module")
def bart():
    from transformers import BartConfig, BartForConditionalGeneration

    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=30,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=40,
        init_std=0.4,
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config).eval()
    with torch.no_grad():
        # Words that depend on the input, and not on the word before alone.
        model.model.shared.weight.normal_(std=0.25)
        for layer in model.model.decoder.layers:
            layer.encoder_attn.out_proj.weight.normal_(std=2)
    return model


@pytest.fixture(scope="module")
def whisper():
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=40,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_source_positions=20,
        max_target_positions=40,
        num_mel_bins=8,
        init_std=0.6,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=3,
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    return WhisperForConditionalGeneration(config).eval()


def random_ensembles(model, sizes, steps=7, seed=0):
    width = model.config.d_model
    generator = torch_generator(seed)
    ensembles = []
    for size in sizes:
        share = torch.rand(size, generator=generator) + 0.2
        memories = torch.randn(size, steps, width, generator=generator)
        ensembles.append(Ensemble(memories, (share / share.sum()).tolist()))
    return ensembles


@torch.no_grad()
def next_words(model, ensemble, prefixes):
    """(K, V) log of the mean distribution after each prefix, member by member."""
    from transformers.modeling_outputs import BaseModelOutput

    mean = 0.0
    for memory, weight in zip(ensemble.memories, ensemble.weights, strict=True):
        encoded = BaseModelOutput(memory.expand(len(prefixes), -1, -1))
        logits = model(
            encoder_outputs=encoded, decoder_input_ids=torch.tensor(prefixes)
        ).logits
        mean = mean + weight * logits[:, -1].double().softmax(-1)
    return mean.log()


def explicit_search(model, ensemble, beams, start, eos=None):
    """Beam search of `WORDS` words without <eos>, from scratch at each step."""
    alive = [(0.0, [start])]
    for _ in range(WORDS):
        scores = next_words(model, ensemble, [words for _, words in alive])
        scores[:, eos] = -torch.inf
        extended = [
            (total + own[word].item(), [*words, word])
            for (total, words), own in zip(alive, scores, strict=True)
            for word in own.topk(beams).indices.tolist()
        ]
        alive = sorted(extended, reverse=True)[:beams]
    return [words for _, words in alive]


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_generate_equals_an_explicit_search(bart, beams, seed):
    ensembles = random_ensembles(bart, [3, 1, 4], seed=seed)
    found = generate(
        bart,
        ensembles,
        num_beams=beams,
        min_new_tokens=WORDS,
        max_new_tokens=WORDS,
        num_return_sequences=beams,
    )
    start, eos = bart.config.decoder_start_token_id, bart.config.eos_token_id
    expected = [
        words
        for ensemble in ensembles
        for words in explicit_search(bart, ensemble, beams, start, eos)
    ]
    assert found.tolist() == expected
    alone = [
        generate(bart, [Ensemble(memory[None], [1.0])], num_beams=beams, **length)
        for memory in ensembles[0].memories
        for length in [{"min_new_tokens": WORDS, "max_new_tokens": WORDS}]
    ]
    # The case is hard enough: the members alone say something else.
    assert len({str(words.tolist()) for words in alone}) > 1


def test_greedy_texts_that_end(bart):
    """With <eos>, and the text padded behind it."""
    ensembles = random_ensembles(bart, [3] * 8, seed=5)
    with torch.no_grad():
        bart.final_logits_bias[0, bart.config.eos_token_id] = 2.0
    try:
        found = generate(bart, ensembles, max_new_tokens=WORDS)
        ended = 0
        for words, ensemble in zip(found.tolist(), ensembles, strict=True):
            expected = [bart.config.decoder_start_token_id]
            while len(expected) <= WORDS:
                expected.append(int(next_words(bart, ensemble, [expected])[0].argmax()))
                if expected[-1] == bart.config.eos_token_id:
                    break
            ended += expected[-1] == bart.config.eos_token_id
            assert words[: len(expected)] == expected
            assert set(words[len(expected) :]) <= {bart.config.pad_token_id}
        assert ended > 0
    finally:
        bart.final_logits_bias.zero_()


def test_one_member_is_the_plain_model(whisper, bart):
    features = torch.randn(1, 8, 40, generator=torch_generator(0))
    ids = torch.randint(4, 30, (1, 7), generator=torch_generator(0))
    for model, value in ((whisper, features), (bart, ids)):
        encoded = model.get_encoder()(value).last_hidden_state
        for options in ({}, {"num_beams": 3, "length_penalty": 0.5}):
            options = options | {"max_new_tokens": WORDS}
            plain = model.generate(value, **options)
            found = generate(model, [Ensemble(encoded, [1.0])], **options)
            assert found.tolist() == plain.tolist()
    assert not bart._forward_hooks


@pytest.mark.parametrize("batch_size", [None, 3, 100])
def test_an_ensemble_holds_the_averaged_encodings(whisper, batch_size):
    features = torch.randn(1, 8, 40, generator=torch_generator(0))

    def encode(value):
        return whisper.get_encoder()(value).last_hidden_state

    def augment(value, generator):
        return value + 0.3 * torch.randn(value.shape, generator=generator)

    options = {"batch_size": batch_size}
    tta = GenerationTTA(
        encode, augment, (2, 3), generator=torch_generator(1), **options
    )
    ensemble = tta(features)
    stream = torch_generator(1)
    views = [augment(features, stream) for _ in range(6)]
    with torch.no_grad():
        encoded = [encode(view) for view in views]
        means = [(encoded[i] + encoded[i + 1]) / 2 for i in (0, 2, 4)]
        expected = torch.cat([encode(features), *means])
    torch.testing.assert_close(ensemble.memories, expected)
    assert ensemble.weights == pytest.approx([0.5, 1 / 6, 1 / 6, 1 / 6])
    text = generate(whisper, [ensemble], max_new_tokens=WORDS)
    start = whisper.config.decoder_start_token_id
    words = [start]
    while len(words) <= WORDS and words[-1] != whisper.config.eos_token_id:
        words.append(int(next_words(whisper, ensemble, [words])[0].argmax()))
    said = [word for word in text[0].tolist() if word not in (0, start)]
    assert said == [word for word in words if word not in (0, start)]
    mid = GenerationTTA(encode, augment, (6, 1), False, generator=torch_generator(1))
    torch.testing.assert_close(
        mid(features).memories, sum(encoded) / 6, rtol=1e-4, atol=1e-5
    )


def test_errors(bart):
    one, other = random_ensembles(bart, [2, 2])
    with pytest.raises(InputError, match="searched, not sampled"):
        generate(bart, [one], do_sample=True)
    with pytest.raises(InputError, match="one shape, not none"):
        generate(bart, [])
    longer = Ensemble(other.memories.repeat(1, 2, 1), other.weights)
    with pytest.raises(InputError, match=r"one shape, not \(7, 16\), \(14, 16\)"):
        generate(bart, [one, longer])
    with pytest.raises(InputError, match="the strategy has 1 layers, the model 2"):
        GenerationTTA(abs, lambda x, g: x, Strategy.uniform([3]))
    tta = GenerationTTA(torch.abs, lambda x, g: x)
    with pytest.raises(InputError, match=r"one input \(1, ...\), not 2"):
        tta(torch.ones(2, 3))
