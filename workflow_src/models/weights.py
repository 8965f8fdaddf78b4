"""Files of weights and training states: written whole, read without running code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from workflow_src.errors import InputError
from workflow_src.files import whole_file


def save_weights(content: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that a half-written one is never found under its name.

    Args:
        content: tensors, numbers, texts, and lists and dicts of them.
        path: is replaced, once the new content is on the disk; one process writes it.
    """
    with whole_file(path, alone=True) as file:
        torch.save(content, file)


def load_weights(path: Path) -> dict[str, Any]:
    """Read a checkpoint of ours, onto the CPU.

    Raises:
        InputError: the file is missing or is no checkpoint.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: train it first") from None
    except Exception as error:
        # A damaged file fails in many ways: zip, pickle, end of file.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} is no whole checkpoint: {reason}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} is no checkpoint of this project")
    return content
