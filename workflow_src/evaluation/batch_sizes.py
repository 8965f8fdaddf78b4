"""How many views, clips or searches a device takes at once, by its memory.

On a GPU a batch takes at most half of the memory that is free. What one item takes is
found by running the model on PyTorch's `meta` device, where tensors have a size and no
content; for a search, whose length the words decide, by a sum of what it keeps. On a
CPU larger batches than the usual ones gain nothing: they leave its caches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.caption_model import CaptionModel, DecoderSizes
from workflow_src.models.panns import ResNet38
from workflow_src.models.retrieval import AudioTextRetriever, TwoTowers
from workflow_src.models.word_pieces import MAX_PIECES

# Of free memory: the rest is for what libraries take beside tensors, and for gaps.
SHARE = 0.5
FLOAT = 4  # bytes
META = torch.device("meta")

# What a CPU does at once, and the most that any device does: more gains nothing there.
CPU_CLIPS, MOST_CLIPS = 32, 512
CPU_CAPTIONS, MOST_CAPTIONS = 32, 1024
CPU_VIEWS, MOST_VIEWS = 64, 1024
CPU_ENCODINGS, MOST_ENCODINGS = 256, 8192
# Of the word distributions of one step: logits, their log-softmax, its weighted mean
# with what that takes, and the sums over words.
DISTRIBUTIONS = 6
# Layers of BERT: the wide middle of a layer before and after its GELU, and as much
# again of narrow tensors.
TEXT_TENSORS = 3


def fitting(
    device: torch.device,
    asked: int | None,
    cpu: int,
    most: int,
    item: Callable[[], int],
) -> int:
    """Choose a batch size.

    Args:
        device: where the batch goes.
        asked: by the config, which wins; None leaves it to the memory.
        cpu: the size on a CPU.
        most: the largest that is chosen.
        item: gives the bytes that one item takes; only called for a GPU.
    """
    if asked is not None:
        return asked
    if device.type == "cpu":
        return cpu
    return max(1, min(most, int(SHARE * free_bytes(device)) // max(1, item())))


def free_bytes(device: torch.device) -> int:
    """Count the free bytes of a GPU, with what torch holds of it and does not use."""
    free, _ = torch.cuda.mem_get_info(device)
    held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return free + held


class _Live(TorchDispatchMode):
    """Sums the bytes of all tensors made under it that are still in use.

    Attributes:
        peak: the highest sum so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak: int = 0
        self._storages = WeakIdKeyDictionary()

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        # What a view shares with its source is there already, or is a parameter.
        given = {own.untyped_storage()._cdata for own in _tensors((args, kwargs))}
        for own in _tensors(made):
            storage = own.untyped_storage()
            if storage._cdata not in given:
                self._storages[storage] = storage.nbytes()
        self.peak = max(self.peak, sum(self._storages.values()))
        return made


def _tensors(value: Any) -> list[Tensor]:
    return [own for own in tree_leaves(value) if isinstance(own, Tensor)]


@torch.no_grad()
def peak_bytes(work: Callable[[], object]) -> int:
    """Run work, and give the most bytes that its tensors took together at a time."""
    with _Live() as live:
        result = work()
    del result
    return int(live.peak)


def encoding_bytes(config: ActConfig, shape: Sequence[int]) -> int:
    """Count the bytes that ACT's encoder takes for one clip or view.

    Args:
        config: of the model.
        shape: (L, F) of a log-mel.
    """
    with META:
        model = ACT(config).eval()
        one, two = torch.empty(1, *shape), torch.empty(2, *shape)
    return peak_bytes(lambda: model.encode(two)) - peak_bytes(lambda: model.encode(one))


def embedding_bytes(model: AudioTextRetriever, shape: Sequence[int]) -> int:
    """Count the bytes that a retriever's audio encoder takes for one clip or view.

    Args:
        model: whose sizes count.
        shape: (L, F) of a log-mel.
    """
    config = model.config
    with META:
        encoder = ResNet38(config.audio_width, config.audio_blocks).eval()
        one, two = torch.empty(1, *shape), torch.empty(2, *shape)
    return peak_bytes(lambda: encoder(two)) - peak_bytes(lambda: encoder(one))


def run_bytes(
    encode: Callable[[Tensor], Tensor], shape: Sequence[int], device: torch.device
) -> int:
    """Count the bytes that a family's model takes for one clip or view, by running it.

    Args:
        encode: of the model, features (B, L, F) -> (B, ...).
        shape: (L, F).
        device: of the model.
    """
    one = torch.zeros(1, *shape, device=device)
    two = torch.zeros(2, *shape, device=device)
    return peak_bytes(lambda: encode(two)) - peak_bytes(lambda: encode(one))


def _captioner_bytes(
    model: CaptionModel, shape: Sequence[int], device: torch.device
) -> int:
    """Of one clip or view that is encoded."""
    if isinstance(model, ACT):
        return encoding_bytes(model.config, shape)
    return run_bytes(model.encode, shape, device)


def _retriever_bytes(
    model: TwoTowers, shape: Sequence[int], device: torch.device
) -> int:
    """Of one clip or view that is embedded."""
    if isinstance(model, AudioTextRetriever):
        return embedding_bytes(model, shape)
    return run_bytes(model.embed_audio, shape, device)


def search_bytes(
    config: DecoderSizes, positions: int, beams: int, max_words: int
) -> int:
    """Count the bytes that a search takes for one averaged encoding.

    The encoding; its keys and values and those of the words of each hypothesis, both
    twice, because rows that are chosen anew lie beside the old ones; and the
    distributions of one word.

    Args:
        config: of the model.
        positions: of an encoding.
        beams: hypotheses of a clip.
        max_words: of a caption.
    """
    position = FLOAT * config.decoder_width
    kept = 2 * config.decoder_layers * (positions + beams * (max_words + 1)) * position
    distributions = DISTRIBUTIONS * beams * config.vocabulary * FLOAT
    return positions * position + 2 * kept + distributions


def _search_bytes(model: CaptionModel, frames: int, beams: int, max_words: int) -> int:
    """Of one averaged encoding of a clip of so many frames."""
    copies = beams if model.copies_memory else 1
    positions = copies * model.memory_positions(frames)
    return search_bytes(model.config, positions, beams, max_words)


def views_of_captioner(
    model: CaptionModel,
    shape: Sequence[int],
    device: torch.device,
    asked: int | None = None,
) -> int:
    """Choose how many views a captioner encodes at once; see `fitting`."""
    return fitting(
        device,
        asked,
        CPU_VIEWS,
        MOST_VIEWS,
        lambda: _captioner_bytes(model, shape, device),
    )


def views_of_retriever(
    model: TwoTowers,
    shape: Sequence[int],
    device: torch.device,
    asked: int | None = None,
) -> int:
    """Choose how many views a retriever encodes at once; see `fitting`."""
    return fitting(
        device,
        asked,
        CPU_VIEWS,
        MOST_VIEWS,
        lambda: _retriever_bytes(model, shape, device),
    )


def encodings_at_once(
    model: CaptionModel,
    frames: int,
    device: torch.device,
    beams: int,
    max_words: int,
    asked: int | None = None,
) -> int:
    """Choose how many averaged encodings are searched at once; see `fitting`."""

    def item() -> int:
        return _search_bytes(model, frames, beams, max_words)

    return fitting(device, asked, CPU_ENCODINGS, MOST_ENCODINGS, item)


def clips_of_captioner(
    model: CaptionModel,
    shape: Sequence[int],
    device: torch.device,
    beams: int,
    max_words: int,
) -> int:
    """Choose how many clips are encoded and captioned at once; see `fitting`."""

    def item() -> int:
        searched = _search_bytes(model, shape[0], beams, max_words)
        return max(_captioner_bytes(model, shape, device), searched)

    return fitting(device, None, CPU_CLIPS, MOST_CLIPS, item)


def clips_of_retriever(
    model: TwoTowers, shape: Sequence[int], device: torch.device
) -> int:
    """Choose how many clips are embedded at once; see `fitting`."""
    return fitting(
        device,
        None,
        CPU_CLIPS,
        MOST_CLIPS,
        lambda: _retriever_bytes(model, shape, device),
    )


def captions_at_once(width: int, device: torch.device) -> int:
    """Choose how many captions are embedded at once; see `fitting`.

    Args:
        width: of the text encoder; a middle of a layer is four times as wide.
        device: where they are embedded.
    """

    def item() -> int:
        return TEXT_TENSORS * 4 * width * MAX_PIECES * FLOAT

    return fitting(device, None, CPU_CAPTIONS, MOST_CAPTIONS, item)
