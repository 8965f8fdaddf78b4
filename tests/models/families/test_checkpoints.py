"""Every part reads a checkpoint in the hub's layout, and a model its own form again."""

import copy
from dataclasses import replace

import pytest
import torch

from tests.tiny_models import (
    CAPTIONERS,
    CAPTIONS,
    FORM,
    PARTS,
    RETRIEVERS,
    entry,
    making,
    waveforms,
)
from workflow_src.errors import InputError
from workflow_src.models.families import runs
from workflow_src.models.families.model import Making
from workflow_src.models.families.settings import PartSettings

MODELS = [("retrieval", *own) for own in RETRIEVERS] + [
    ("captioning", *own) for own in CAPTIONERS
]


def saved(folder, model, own):
    """Write a model's parts by `save_pretrained`; give the entry that reads them."""
    model.save_form(folder)
    audio, text = own.audio, own.text
    if own.family == "clap":
        # The whole of CLAP is one checkpoint, with its tokenizer.
        from transformers import ClapModel

        whole = ClapModel(model.audio.config)
        for name in ("audio_model", "text_model"):
            source = model.audio if name == "audio_model" else model.text_encoder
            getattr(whole, name).load_state_dict(source.model.state_dict())
        whole.audio_projection.load_state_dict(model.audio_head.layers.state_dict())
        whole.text_projection.load_state_dict(model.text_head.layers.state_dict())
        whole.save_pretrained(folder / "audio")
    elif audio.kind == "whisper":
        from transformers import WhisperModel

        config = copy.deepcopy(model.audio.config)
        config.decoder_layers, config.decoder_attention_heads = 1, 2
        whole = WhisperModel(config)
        whole.encoder.load_state_dict(model.audio.model.state_dict())
        whole.save_pretrained(folder / "audio")
    elif audio.kind == "clap":
        from transformers import ClapModel

        whole = ClapModel(model.audio.config)
        whole.audio_model.load_state_dict(model.audio.model.state_dict())
        whole.save_pretrained(folder / "audio")
    else:
        model.audio.model.save_pretrained(folder / "audio")
    audio = PartSettings(audio.kind, str(folder / "audio"))
    if own.family == "frames":
        model.text_encoder.model.save_pretrained(folder / "text")
        text = PartSettings(text.kind, str(folder / "text"))
    elif own.family == "text_decoder":
        model.decoder.save_pretrained(folder / "text")
        text = PartSettings(text.kind, str(folder / "text"))
    return replace(own, audio=audio, text=text)


def said(model, task, features):
    """What a model makes of clips and captions."""
    with torch.no_grad():
        if task == "retrieval":
            return [model.embed_audio(features), model.embed_text(CAPTIONS)]
        return [model.encode(features)]


@pytest.mark.parametrize("which", MODELS, ids=lambda own: "-".join(filter(None, own)))
def test_a_checkpoint_is_read_and_the_form_makes_the_model_again(which, tmp_path):
    task, *parts = which
    own = entry(task, *parts)
    first = runs.make(making(tmp_path, own)).eval()
    from_hub = saved(tmp_path / "hub", first, own)
    torch.manual_seed(77)
    again = runs.make(replace(making(tmp_path, from_hub))).eval()
    features = first.audio.front_end(waveforms(2))
    torch.testing.assert_close(again.audio.front_end(waveforms(2)), features)
    theirs = {
        name: weights
        for name, weights in first.audio.model.state_dict().items()
        if "num_batches" not in name
    }
    for name, weights in theirs.items():
        torch.testing.assert_close(again.audio.model.state_dict()[name], weights)
    if own.family == "text_decoder":
        for name, weights in first.decoder.state_dict().items():
            torch.testing.assert_close(again.decoder.state_dict()[name], weights)
    if own.family == "clap":  # has no weight beside the checkpoint's
        for ours, wanted in zip(
            said(again, task, features), said(first, task, features), strict=True
        ):
            torch.testing.assert_close(ours, wanted)
    # A trained model lies in a run's folder, from which the checkpoint may be gone.
    again.save_form(tmp_path / "form")
    made = Making.of_form(
        from_hub, FORM, tmp_path / "form", tmp_path / "vocabulary.txt"
    )
    for part in made.entry.parts:
        assert part.checkpoint is None or str(tmp_path / "form") in part.checkpoint
    loaded = runs.make(made).eval()
    loaded.load_state_dict(again.state_dict())
    for ours, wanted in zip(
        said(loaded, task, features), said(again, task, features), strict=True
    ):
        torch.testing.assert_close(ours, wanted)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    own = entry("captioning", "text_decoder", "whisper", "bart")
    first = runs.make(making(tmp_path, own))
    first.save_form(tmp_path / "hub")
    first.decoder.save_pretrained(tmp_path / "hub" / "audio")
    wrong = PartSettings("ast", str(tmp_path / "hub" / "audio"))
    with pytest.raises(InputError, match=r"checkpoint .* (cannot be read|has no)"):
        runs.make(making(tmp_path, replace(own, audio=wrong)))


def test_weights_that_a_checkpoint_lacks_are_told(tmp_path):
    from safetensors.torch import load_file, save_file

    own = entry("captioning", "text_decoder", "ast", "gpt2")
    first = runs.make(making(tmp_path, own))
    from_hub = saved(tmp_path / "hub", first, own)
    file = tmp_path / "hub" / "audio" / "model.safetensors"
    weights = load_file(file)
    del weights["layernorm.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"has no layernorm.weight .* lacks: 1"):
        runs.make(making(tmp_path, from_hub))


def test_a_decoder_without_cross_attention_gets_one(tmp_path):
    """As GPT-2 is published: only that part is new."""
    from transformers import GPT2Config, GPT2LMHeadModel

    own = entry("captioning", "text_decoder", "ast", "gpt2")
    first = runs.make(making(tmp_path, own))
    words = first.words
    sizes = PARTS["gpt2"].sizes
    plain = GPT2LMHeadModel(GPT2Config(vocab_size=len(words), **sizes))
    plain.save_pretrained(tmp_path / "gpt2")
    words.save(tmp_path / "gpt2")
    text = PartSettings("gpt2", str(tmp_path / "gpt2"))
    model = runs.make(making(tmp_path, replace(own, text=text)))
    ours, theirs = model.decoder.state_dict(), plain.state_dict()
    for name, weights in theirs.items():
        torch.testing.assert_close(ours[name], weights)
    new = {name for name in ours if name not in theirs}
    assert new
    assert all("cross" in name for name in new)


def test_the_decoder_of_an_encoder_and_decoder_is_read(tmp_path):
    """As BART is published: words have one vector on both sides."""
    from transformers import BartConfig, BartModel

    own = entry("captioning", "text_decoder", "ast", "bart")
    words = runs.make(making(tmp_path, own)).words
    sizes = {"encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16}
    config = BartConfig(
        vocab_size=len(words),
        pad_token_id=words.eos,
        bos_token_id=words.sos,
        eos_token_id=words.eos,
        **PARTS["bart"].sizes | sizes,
    )
    whole = BartModel(config)
    whole.save_pretrained(tmp_path / "bart")
    words.save(tmp_path / "bart")
    text = PartSettings("bart", str(tmp_path / "bart"))
    model = runs.make(making(tmp_path, replace(own, text=text)))
    ours, theirs = model.decoder.get_decoder().state_dict(), whole.decoder.state_dict()
    assert set(ours) == set(theirs)
    for name, weights in theirs.items():
        torch.testing.assert_close(ours[name], weights)
    output = model.decoder.get_output_embeddings().weight
    torch.testing.assert_close(output, whole.get_input_embeddings().weight)
