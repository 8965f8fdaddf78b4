"""Load a trained model by any name that RUN may be."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from workflow_src.device import prepare
from workflow_src.evaluation.captioning import Captioner
from workflow_src.evaluation.retrieval import Retriever
from workflow_src.inference.runs import find_run
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
    return Captioner.load(find_run(run, "captioning"), prepare(device, threads))


def load_retriever(
    run: str | Path | Retriever, device: str = "auto", threads: int | None = None
) -> Retriever:
    """Load a retriever; as `load_captioner`."""
    if isinstance(run, Retriever):
        return run
    return Retriever.load(find_run(run, "retrieval"), prepare(device, threads))


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
