"""Weights by the recipe of the golden files, and the published ACT in plain numpy."""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "golden"


def recipe_weights(shapes):
    """Tensors that depend on their names alone, as the golden files' README says."""
    return {name: _tensor(name, shape) for name, shape in shapes.items()}


def _tensor(name, shape):
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    rng = np.random.default_rng([zlib.crc32(name.encode()), 1])
    x = rng.standard_normal(shape, dtype=np.float32)
    if name.endswith("running_var"):
        x = 1 + 0.1 * np.abs(x)
    elif name.endswith("running_mean"):
        x = 0.1 * x
    elif len(shape) <= 1:
        x = 1 + 0.1 * x if name.endswith("weight") else 0.02 * x
    else:
        x = x / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(np.asarray(x, dtype=np.float32))


def golden_shapes(golden):
    """Names and shapes as a golden file lists them."""
    pairs = zip(golden["keys"], golden["shapes"], strict=True)
    return {str(name): tuple(json.loads(str(shape))) for name, shape in pairs}


def act_shapes(
    words=11, width=16, layers=2, inner=64, hidden=24, tags=5, dim=8, depth=2, wide=12
):
    """Names and shapes of a published ACT of any size."""
    shapes = {
        "encoder.pos_embedding": (1, 126, width),
        "encoder.cls_token": (1, 1, width),
        "encoder.bn0.num_batches_tracked": (),
        "encoder.mlp_head.0.weight": (width,),
        "encoder.mlp_head.0.bias": (width,),
        "word_emb.weight": (words, dim),
    }
    for part in ("weight", "bias", "running_mean", "running_var"):
        shapes[f"encoder.bn0.{part}"] = (64,)
    linear = {
        "encoder.patch_embed.proj": (width, 256),
        "encoder.mlp_head.1": (tags, width),
        "encoder_linear": (dim, tags),
        "dec_fc": (words, dim),
    }
    for n in range(layers):
        block = f"encoder.blocks.layers.{n}"
        linear[f"{block}.0.fn.qkv"] = (3 * inner, width)
        linear[f"{block}.0.fn.proj.0"] = (width, inner)
        linear[f"{block}.1.fn.mlp.fc1"] = (hidden, width)
        linear[f"{block}.1.fn.mlp.fc2"] = (width, hidden)
        for sub in (0, 1):
            for part in ("weight", "bias"):
                shapes[f"{block}.{sub}.norm.{part}"] = (width,)
    for n in range(depth):
        layer = f"transformer_decoder.layers.{n}"
        for attention in ("self_attn", "multihead_attn"):
            shapes[f"{layer}.{attention}.in_proj_weight"] = (3 * dim, dim)
            shapes[f"{layer}.{attention}.in_proj_bias"] = (3 * dim,)
            linear[f"{layer}.{attention}.out_proj"] = (dim, dim)
        linear[f"{layer}.linear1"] = (wide, dim)
        linear[f"{layer}.linear2"] = (dim, wide)
        for norm in ("norm1", "norm2", "norm3"):
            for part in ("weight", "bias"):
                shapes[f"{layer}.{norm}.{part}"] = (dim,)
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


class PlainACT:
    """ACT in evaluation, one clip at a time, in double precision and loops."""

    def __init__(self, weights, encoder_heads, decoder_heads):
        self.w = {name: tensor.double().numpy() for name, tensor in weights.items()}
        self.encoder_heads, self.decoder_heads = encoder_heads, decoder_heads

    def linear(self, name, x):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]

    def mlp(self, first, second, x):
        x = self.linear(first, x)
        erf = np.vectorize(math.erf)
        return self.linear(second, 0.5 * x * (1 + erf(x / math.sqrt(2))))

    def attend(self, q, k, v, heads, causal=False):
        parts = []
        for one_q, one_k, one_v in zip(
            *(np.split(x, heads, axis=1) for x in (q, k, v)), strict=True
        ):
            scores = one_q @ one_k.T / math.sqrt(one_q.shape[1])
            if causal:
                scores[np.triu_indices(len(scores), 1)] = -np.inf
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            parts.append(weights / weights.sum(axis=1, keepdims=True) @ one_v)
        return np.concatenate(parts, axis=1)

    def encode(self, log_mel):
        w = self.w
        x = (log_mel - w["encoder.bn0.running_mean"]) / np.sqrt(
            w["encoder.bn0.running_var"] + 1e-5
        )
        x = x * w["encoder.bn0.weight"] + w["encoder.bn0.bias"]
        patches = np.stack([x[t : t + 4].reshape(-1) for t in range(0, len(x), 4)])
        x = self.linear("encoder.patch_embed.proj", patches)
        x = np.concatenate([w["encoder.cls_token"][0], x])
        x = x + w["encoder.pos_embedding"][0, : len(x)]
        n = 0
        while f"encoder.blocks.layers.{n}.0.norm.weight" in w:
            block = f"encoder.blocks.layers.{n}"
            qkv = self.linear(f"{block}.0.fn.qkv", self.norm(f"{block}.0.norm", x))
            mixed = self.attend(*np.split(qkv, 3, axis=1), self.encoder_heads)
            x = x + self.linear(f"{block}.0.fn.proj.0", mixed)
            inner = self.norm(f"{block}.1.norm", x)
            x = x + self.mlp(f"{block}.1.fn.mlp.fc1", f"{block}.1.fn.mlp.fc2", inner)
            n += 1
        x = self.linear("encoder.mlp_head.1", self.norm("encoder.mlp_head.0", x))
        return np.maximum(self.linear("encoder_linear", x), 0)

    def decode(self, memory, tokens):
        width = self.w["word_emb.weight"].shape[1]
        x = self.w["word_emb.weight"][tokens] * math.sqrt(width)
        for place, row in enumerate(x):
            for i in range(0, width, 2):
                angle = place / 10_000 ** (i / width)
                row[i] += math.sin(angle)
                row[i + 1] += math.cos(angle)
        n = 0
        while f"transformer_decoder.layers.{n}.norm1.weight" in self.w:
            layer = f"transformer_decoder.layers.{n}"
            for number, (attention, source, causal) in enumerate(
                [("self_attn", None, True), ("multihead_attn", memory, False)], start=1
            ):
                name = f"{layer}.{attention}"
                weights = np.split(self.w[f"{name}.in_proj_weight"], 3)
                biases = np.split(self.w[f"{name}.in_proj_bias"], 3)
                sources = (x, x, x) if source is None else (x, source, source)
                q, k, v = (
                    s @ weight.T + bias
                    for s, weight, bias in zip(sources, weights, biases, strict=True)
                )
                mixed = self.attend(q, k, v, self.decoder_heads, causal)
                mixed = self.linear(f"{name}.out_proj", mixed)
                x = self.norm(f"{layer}.norm{number}", x + mixed)
            x = self.norm(
                f"{layer}.norm3",
                x + self.mlp(f"{layer}.linear1", f"{layer}.linear2", x),
            )
            n += 1
        return self.linear("dec_fc", x)
