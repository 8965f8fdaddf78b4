"""The weights in a trained model's folder: of a run, a shipped or an exported one."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from workflow_src.errors import InputError
from workflow_src.models.half_weights import read_half
from workflow_src.models.run_folder import HALF, MODEL
from workflow_src.models.weights import load_weights

WEIGHTS = "model.safetensors"  # of an exported folder


def weights_file(folder: Path) -> Path:
    """The file of weights in a model's folder; the rounded ones where no others are."""
    for name in (WEIGHTS, MODEL, HALF):
        if (folder / name).is_file():
            return folder / name
    return folder / MODEL


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The weights in a folder, name -> tensor on the CPU.

    Raises:
        InputError: they are missing or damaged.
    """
    path = weights_file(folder)
    if path.name == HALF:
        return read_half(path)
    if path.name == MODEL:
        weights: dict[str, Tensor] = load_weights(path)["model"]
        return weights
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is no whole file of weights: {error}") from None


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
