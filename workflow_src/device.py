"""Choose the device of a step, and how many CPU threads it may take."""

from collections.abc import Mapping

import torch

from workflow_src.errors import InputError


def prepare(config: Mapping) -> torch.device:
    """Give the device that the config asks for and limit the CPU threads.

    `auto` is the first GPU that this process sees (CUDA_VISIBLE_DEVICES hands
    them out), else the CPU.

    Raises:
        InputError: the config asks for a GPU and torch sees none.
    """
    if config["threads"] is not None:
        torch.set_num_threads(config["threads"])
    wanted = config["device"]
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(
            f"config.yaml: device is {wanted}, but torch {torch.__version__} sees no "
            "GPU; use auto or cpu"
        )
    return torch.device(wanted)
