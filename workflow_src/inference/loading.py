"""Load a trained model from a run's folder or from an exported one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.corpus.text import Vocabulary
from workflow_src.device import prepare
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.runs import WEIGHTS, find_run, weights_file
from workflow_src.models.act import ACT
from workflow_src.models.retrieval import AudioTextRetriever, TextEncoder
from workflow_src.models.run_folder import TEXT_ENCODER, VOCABULARY, read_record
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.models.weights import load_weights
from workflow_src.settings import digest


def load_captioner(
    run: str | Path | Captioner, device: str = "auto", threads: int | None = None
) -> Captioner:
    """Load a captioner; one that is loaded already is given back.

    Args:
        run: see `workflow_src.inference.runs`.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU; None leaves it to torch.

    Raises:
        InputError: there is no such captioner, or its files are damaged.
    """
    if isinstance(run, Captioner):
        return run
    folder = find_run(run, "captioning")
    record = read_record(folder)
    record.require_task("captioning", folder)
    on = prepare(device, threads)
    vocabulary = Vocabulary.load(folder / VOCABULARY)
    sizes = replace(record.part("model", ActConfig), vocabulary=len(vocabulary))
    model = ACT(sizes)
    load_into(model, folder)
    return Captioner(
        model.to(on).eval(),
        vocabulary,
        record.part("front_end", FrontEndSettings),
        record.part("audio", AudioForm),
        record,
        on,
    )


def load_retriever(
    run: str | Path | Retriever, device: str = "auto", threads: int | None = None
) -> Retriever:
    """Load a retriever; as `load_captioner`."""
    if isinstance(run, Retriever):
        return run
    folder = find_run(run, "retrieval")
    record = read_record(folder)
    record.require_task("retrieval", folder)
    on = prepare(device, threads)
    sizes = record.part("model", RetrieverConfig)
    model = AudioTextRetriever(sizes, TextEncoder.from_form(folder / TEXT_ENCODER))
    load_into(model, folder)
    return Retriever(
        model.to(on).eval(),
        record.part("front_end", FrontEndSettings),
        record.part("audio", AudioForm),
        record,
        on,
    )


def load_into(model: nn.Module, folder: Path) -> None:
    """Give a model the weights of a folder.

    Raises:
        InputError: they are damaged, or of another model.
    """
    try:
        model.load_state_dict(read_weights(folder))
    except RuntimeError as error:
        raise InputError(
            f"{weights_file(folder)} does not fit the settings beside it: "
            + str(error).splitlines()[-1].strip()
        ) from None


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights in a folder, name -> tensor on the CPU.

    Raises:
        InputError: they are missing or damaged.
    """
    path = weights_file(folder)
    if path.name != WEIGHTS:
        weights: dict[str, Tensor] = load_weights(path)["model"]
        return weights
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no whole file of weights: {error}") from None


def model_digest(loaded: Captioner | Retriever) -> str:
    """A name for what a model makes of a sound: 16 hexadecimal digits.

    A run and what was exported from it have the same.
    """
    found = hashlib.sha256()
    for name, tensor in sorted(loaded.model.state_dict().items()):
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        found.update(content.numpy())
    return digest([found.hexdigest(), loaded.front_end, loaded.audio], 16)
