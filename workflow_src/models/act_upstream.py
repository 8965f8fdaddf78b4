"""ACT's published checkpoints: their names in ours, and the sizes they imply."""

from os import PathLike

from workflow_src.errors import InputError
from workflow_src.models.act import ACT
from workflow_src.models.act_encoder import Encoder
from workflow_src.models.checkpoint import (
    LoadReport,
    StateDict,
    load_exactly,
    read_state_dict,
)
from workflow_src.models.settings import ActConfig

# (ours, theirs): how a name starts; {} is a layer's number.
ENCODER_NAMES = [
    ("norm.", "bn0."),
    ("patches.", "patch_embed.proj."),
    ("class_token", "cls_token"),
    ("positions", "pos_embedding"),
    ("blocks.{}.attention_norm.", "blocks.layers.{}.0.norm."),
    ("blocks.{}.attention.qkv.", "blocks.layers.{}.0.fn.qkv."),
    ("blocks.{}.attention.out.", "blocks.layers.{}.0.fn.proj.0."),
    ("blocks.{}.mlp_norm.", "blocks.layers.{}.1.norm."),
    ("blocks.{}.mlp.0.", "blocks.layers.{}.1.fn.mlp.fc1."),
    ("blocks.{}.mlp.3.", "blocks.layers.{}.1.fn.mlp.fc2."),
    ("head.", "mlp_head."),
]
DECODER_LAYER_NAMES = [
    ("self_attention.qkv.", "self_attn.in_proj_"),
    ("self_attention.out.", "self_attn.out_proj."),
    ("self_norm.", "norm1."),
    ("cross_attention.qkv.", "multihead_attn.in_proj_"),
    ("cross_attention.out.", "multihead_attn.out_proj."),
    ("cross_norm.", "norm2."),
    ("mlp.0.", "linear1."),
    ("mlp.3.", "linear2."),
    ("mlp_norm.", "norm3."),
]
NAMES = [
    *((f"encoder.{ours}", f"encoder.{theirs}") for ours, theirs in ENCODER_NAMES),
    ("memory.", "encoder_linear."),
    ("embedding.", "word_emb."),
    *(
        (f"layers.{{}}.{ours}", f"transformer_decoder.layers.{{}}.{theirs}")
        for ours, theirs in DECODER_LAYER_NAMES
    ),
    ("output.", "dec_fc."),
]
COMPUTED = "pos_encoder.pe"  # the sinusoids, which we compute
ENCODER_HEAD_WIDTH = 64  # of the published encoder, at any size
LEAST_DECODER_HEADS = 4
# A DeiT trained on images has a head for other classes, positions for other
# patches, and no normalisation of mel bins.
IMAGES_LACK = (
    *("head.0.weight", "head.0.bias", "head.1.weight", "head.1.bias", "positions"),
    *("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"),
    "norm.num_batches_tracked",
)


def from_upstream(
    source: str | PathLike[str] | StateDict,
    encoder_heads: int | None = None,
    decoder_heads: int | None = None,
    dropout: float = 0.2,
    trust_pickle: bool = False,
) -> ACT:
    """Make an ACT with the weights of a published checkpoint, of any size.

    Args:
        source: the file, or its tensors.
        encoder_heads: None: as many as the attention has times 64, the head
            width that the published encoder has at any size.
        decoder_heads: the shapes do not tell. None: the decoder's width / 64, as
            published (8 of 512), but at least 4.
        dropout: of training, which no checkpoint tells.
        trust_pickle: see `checkpoint.read_state_dict`.

    Raises:
        InputError: if it cannot be read, or listing each missing, extra or
            misshapen key.
    """
    state = read_state_dict(source, trust_pickle)
    state.pop(COMPUTED, None)
    model = ACT(infer_config(state, encoder_heads, decoder_heads, dropout))
    load_exactly(model, state, NAMES)
    return model


def infer_config(
    state: StateDict,
    encoder_heads: int | None,
    decoder_heads: int | None,
    dropout: float,
) -> ActConfig:
    """Infer the sizes from a published checkpoint's shapes.

    Args:
        state: its tensors, by their published names.
        encoder_heads: see `from_upstream`.
        decoder_heads: see `from_upstream`.
        dropout: of training.

    Raises:
        InputError: the checkpoint is no whole ACT.
    """
    needed = {
        "words": "word_emb.weight",
        "tags": "encoder.mlp_head.1.weight",
        "attention": "encoder.blocks.layers.0.0.fn.proj.0.weight",
        "encoder": "encoder.blocks.layers.0.1.fn.mlp.fc1.weight",
        "decoder": "transformer_decoder.layers.0.linear1.weight",
    }
    absent = [name for name in needed.values() if name not in state]
    if absent:
        raise InputError(
            f"the checkpoint is no whole ACT; missing: {', '.join(absent)}"
        )
    wrong = [name for name in needed.values() if state[name].ndim != 2]
    if wrong:
        raise InputError(f"the checkpoint is no ACT; not matrices: {', '.join(wrong)}")
    shape = {size: state[name].shape for size, name in needed.items()}
    vocabulary, decoder_width = shape["words"]
    tag_classes, encoder_width = shape["tags"]
    attention_width = shape["attention"][1]
    encoder_heads = encoder_heads or max(1, attention_width // ENCODER_HEAD_WIDTH)
    return ActConfig(
        vocabulary=vocabulary,
        encoder_width=encoder_width,
        encoder_layers=count(state, "encoder.blocks.layers."),
        encoder_heads=encoder_heads,
        encoder_feedforward=shape["encoder"][0],
        tag_classes=tag_classes,
        decoder_width=decoder_width,
        decoder_layers=count(state, "transformer_decoder.layers."),
        decoder_heads=decoder_heads or max(LEAST_DECODER_HEADS, decoder_width // 64),
        decoder_feedforward=shape["decoder"][0],
        dropout=dropout,
        encoder_head_width=attention_width // encoder_heads,
    )


def count(state: StateDict, prefix: str) -> int:
    """Count the layers: 1 + the highest number after `prefix`."""
    after = [name.removeprefix(prefix) for name in state if name.startswith(prefix)]
    numbers = [int(rest.split(".")[0]) for rest in after if rest[:1].isdigit()]
    return 1 + max(numbers, default=0)


def load_encoder(
    encoder: Encoder,
    source: str | PathLike[str] | StateDict,
    trust_pickle: bool = False,
) -> LoadReport:
    """Start the encoder from a pre-trained one.

    Four layouts: `audioset_deit.pth` (the whole encoder), `deit.pth` (trained on
    images: keys with `head` or `pos` are skipped, as the published code does, and
    the mel bins' normalisation may be absent), a whole ACT (its encoder), and our
    own encoder under our own names.

    Args:
        encoder: gets the weights.
        source: the file, or its tensors.
        trust_pickle: see `checkpoint.read_state_dict`.

    Returns:
        What was loaded, skipped, and left as made: for the log.

    Raises:
        InputError: if it cannot be read, or listing each missing, extra or
            misshapen key.
    """
    state = read_state_dict(source, trust_pickle)
    if "class_token" in state:
        return load_exactly(encoder, state, [])
    whole = {name: state[name] for name in state if name.startswith("encoder.")}
    if whole:
        names = [(ours, f"encoder.{theirs}") for ours, theirs in ENCODER_NAMES]
        report = load_exactly(encoder, whole, names)
        skipped = tuple(name for name in state if name not in whole)
        return LoadReport(report.loaded, skipped)
    if not of_images(encoder, state):
        return load_exactly(encoder, state, ENCODER_NAMES)
    skipped = tuple(name for name in state if "head" in name or "pos" in name)
    rest = {name: tensor for name, tensor in state.items() if name not in skipped}
    report = load_exactly(encoder, rest, ENCODER_NAMES, may_miss=IMAGES_LACK)
    return LoadReport(report.loaded, skipped, report.kept)


def of_images(encoder: Encoder, state: StateDict) -> bool:
    """Say whether the head and the positions are absent, or do not fit the encoder."""
    fits = {
        "pos_embedding": encoder.positions.shape,
        "mlp_head.1.weight": encoder.head[1].weight.shape,
    }
    return not any(
        name in state and state[name].shape == shape for name, shape in fits.items()
    )
