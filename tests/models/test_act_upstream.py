import pytest
import torch

from tests.models.published import SHARED, act_shapes, recipe_weights
from workflow_src.errors import InputError
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.checkpoint import read_state_dict, translate

ENCODER = "encoder."


@pytest.fixture
def weights():
    return recipe_weights(act_shapes())


@pytest.fixture
def model():
    sizes = {"encoder_width": 16, "encoder_layers": 2, "encoder_heads": 1}
    sizes |= {"encoder_feedforward": 24, "tag_classes": 5, "encoder_head_width": 64}
    sizes |= {"decoder_width": 8, "decoder_layers": 1, "decoder_heads": 2}
    return ACT(ActConfig(vocabulary=3, **sizes))


@pytest.fixture
def encoder_weights(weights):
    return {
        name.removeprefix(ENCODER): tensor
        for name, tensor in weights.items()
        if name.startswith(ENCODER)
    }


def test_reads_a_file_with_the_key_model(weights, tmp_path):
    torch.save({"model": weights, "epoch": 3}, tmp_path / "act.pth")
    from_file = ACT.from_upstream(tmp_path / "act.pth", decoder_heads=2)
    given = ACT.from_upstream(weights, decoder_heads=2)
    for name, tensor in given.state_dict().items():
        assert torch.equal(tensor, from_file.state_dict()[name])


@pytest.mark.parametrize(
    ("sizes", "encoder_heads", "decoder_heads"),
    [
        ({"inner": 768, "dim": 512}, 12, 8),
        ({"inner": 128, "dim": 128}, 2, 4),
        ({"inner": 64, "dim": 8}, 1, 4),
    ],
)
def test_guesses_the_heads(sizes, encoder_heads, decoder_heads):
    shapes = act_shapes(**sizes)
    weights = {name: torch.zeros(shape) for name, shape in shapes.items()}
    config = ACT.from_upstream(weights).config
    assert (config.encoder_heads, config.decoder_heads) == (
        encoder_heads,
        decoder_heads,
    )
    config = ACT.from_upstream(weights, encoder_heads=2, decoder_heads=1).config
    assert (config.encoder_heads, config.decoder_heads) == (2, 1)


def test_lists_missing_extra_and_misshapen_keys(weights):
    del weights["encoder.bn0.weight"], weights["dec_fc.bias"]
    weights["transformer_decoder.layers.0.norm9.weight"] = torch.zeros(8)
    weights["encoder.cls_token"] = torch.zeros(1, 16)
    with pytest.raises(InputError) as error:
        ACT.from_upstream(weights)
    missing, unknown, misshapen = str(error.value).split("; ")[1:]
    assert missing == "missing: encoder.bn0.weight, dec_fc.bias"
    assert unknown == "unknown: transformer_decoder.layers.0.norm9.weight"
    assert misshapen == ("of another shape: encoder.cls_token (1, 16) for (1, 1, 16)")


def test_lists_missing_keys_that_give_sizes(weights):
    del weights["word_emb.weight"], weights["encoder.mlp_head.1.weight"]
    with pytest.raises(InputError, match=r"word_emb.weight, encoder.mlp_head.1.weight"):
        ACT.from_upstream(weights)


def test_a_whole_layer_missing_in_the_middle(weights):
    kept = {
        n: t
        for n, t in weights.items()
        if not n.startswith("encoder.blocks.layers.0.0.norm")
    }
    with pytest.raises(
        InputError, match=r"missing: encoder.blocks.layers.0.0.norm.weight"
    ):
        ACT.from_upstream(kept)


def test_an_encoder_trained_on_tags(model, encoder_weights):
    report = model.load_encoder({"model": encoder_weights})
    assert set(report.loaded) == set(encoder_weights)
    assert report.skipped == report.kept == ()
    expected = encoder_weights["blocks.layers.1.0.fn.qkv.weight"]
    assert torch.equal(model.encoder.blocks[1].attention.qkv.weight, expected)
    assert torch.equal(model.encoder.class_token, encoder_weights["cls_token"])


def test_an_encoder_trained_on_images(model, encoder_weights, capsys):
    state = {
        name: tensor
        for name, tensor in encoder_weights.items()
        if not name.startswith(("mlp_head", "bn0", "pos_embedding"))
    }
    state["mlp_head.1.weight"] = torch.zeros(1000, 16)
    state["pos_embed"] = torch.zeros(1, 198, 16)
    before = model.encoder.positions.clone()
    report = model.load_encoder(state)
    assert report.skipped == ("mlp_head.1.weight", "pos_embed")
    assert "positions" in report.kept
    assert "head.1.weight" in report.kept
    assert torch.equal(model.encoder.positions, before)
    assert torch.equal(model.encoder.class_token, encoder_weights["cls_token"])
    assert "skipped: mlp_head.1.weight, pos_embed" in capsys.readouterr().err


def test_an_encoder_that_lacks_a_layer(model, encoder_weights):
    del encoder_weights["blocks.layers.1.1.fn.mlp.fc1.bias"]
    with pytest.raises(InputError, match=r"missing: blocks.layers.1.1.fn.mlp.fc1.bias"):
        model.load_encoder(encoder_weights)


def test_an_encoder_on_tags_may_not_lack_its_normalisation(model, encoder_weights):
    del encoder_weights["bn0.running_mean"]
    with pytest.raises(InputError, match=r"missing: bn0.running_mean"):
        model.load_encoder(encoder_weights)


def test_the_encoder_of_a_whole_act(model, weights):
    report = model.load_encoder(weights)
    assert "word_emb.weight" in report.skipped
    assert torch.equal(model.encoder.class_token, weights["encoder.cls_token"])


def test_our_own_encoder(model):
    other = {
        n: torch.randn(t.shape) if t.is_floating_point() else t
        for n, t in model.encoder.state_dict().items()
    }
    report = model.load_encoder({"model": other})
    assert set(report.loaded) == set(other)
    assert torch.equal(model.encoder.positions, other["positions"])


class Evil:
    def __reduce__(self):
        return (print, ("this must not run",))


def test_code_in_a_file_does_not_run(tmp_path, capsys):
    path = tmp_path / "evil.pth"
    torch.save({"model": {"a": torch.zeros(1)}, "settings": Evil()}, path)
    with pytest.raises(InputError, match="trust_pickle"):
        read_state_dict(path)
    assert capsys.readouterr().out == ""
    assert list(read_state_dict(path, trust_pickle=True)) == ["a"]


@pytest.mark.parametrize("content", [b"", b"no checkpoint at all", b"\x80\x02}q\x00."])
def test_a_file_that_is_none(tmp_path, content):
    path = tmp_path / "bad.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.pth"):
        read_state_dict(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_state_dict(tmp_path / "none.pth")


def test_entries_that_are_no_tensors():
    with pytest.raises(InputError, match="no tensors: epoch"):
        read_state_dict({"epoch": 3, "weight": torch.zeros(1)})


def test_names_are_translated_at_their_start_and_with_their_numbers():
    pairs = [("a.{}.b.{}.", "x.{}.y.{}."), ("a.", "z.")]
    assert translate("a.12.b.3.weight", pairs) == "x.12.y.3.weight"
    assert translate("a.c.a.weight", pairs) == "z.c.a.weight"
    assert translate("b.a.weight", pairs) == "b.a.weight"


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared golden files")
def test_the_published_layout_holds_nothing_we_do_not_know():
    config = ACT.from_upstream(SHARED / "act_small_upstream.pth").config
    assert config == ActConfig(
        vocabulary=60,
        encoder_width=128,
        encoder_layers=2,
        encoder_heads=2,
        encoder_feedforward=256,
        decoder_width=128,
        decoder_layers=2,
        decoder_heads=4,
        decoder_feedforward=256,
        encoder_head_width=64,
    )
