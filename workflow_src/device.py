"""Choose the device of a step, and how many CPU threads it may take."""

import ctypes

import torch

from workflow_src.errors import InputError

# Of glibc's malloc.h: M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD (bytes).
MALLOC_OPTIONS = {-4: 0, -1: 1 << 30, -2: 64 << 20}


def prepare(device: str = "auto", threads: int | None = None) -> torch.device:
    """Give the device that is asked for and limit the CPU threads.

    Args:
        device: `cpu`, `cuda`, `cuda:N`, or `auto`: the first GPU that this process
            sees (CUDA_VISIBLE_DEVICES hands them out), else the CPU.
        threads: of the CPU; None leaves it to torch.

    Raises:
        InputError: a GPU is asked for and torch sees none.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    wanted = device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(
            f"device is {wanted}, but torch {torch.__version__} sees no "
            "GPU; use auto or cpu"
        )
    if wanted == "cpu":
        _keep_freed_memory()
    return torch.device(wanted)


def _keep_freed_memory() -> None:
    """Let the C library keep what is freed instead of giving it back to the system.

    Each training step takes and frees the same large blocks. Given back, they are
    fetched and zeroed page by page every time, which costs a small convolutional
    network a quarter of its step. Where the C library has no mallopt (macOS),
    nothing changes but the speed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in MALLOC_OPTIONS.items():
            mallopt(option, value)


def in_words(device: torch.device) -> str:
    """Name a device for people: the model of a GPU, or `cpu`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type
