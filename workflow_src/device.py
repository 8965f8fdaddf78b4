"""Choose the device of a step, and how many CPU threads it may take."""

import ctypes

import torch

from workflow_src import gpus
from workflow_src.errors import InputError
from workflow_src.progress import say

# Of glibc's malloc.h: M_MMAP_MAX, M_TRIM_THRESHOLD, M_TOP_PAD (bytes).
MALLOC_OPTIONS = {-4: 0, -1: 1 << 30, -2: 64 << 20}


def prepare(device: str = "auto", threads: int | None = None) -> torch.device:
    """Give the device that is asked for and limit the CPU threads.

    `auto` and `cuda` take a GPU that no other step has (`workflow_src.gpus`), for as
    long as this process runs, and hide the others from CUDA.

    Args:
        device: `cpu`; `cuda`; `cuda:N`, the Nth that CUDA_VISIBLE_DEVICES shows; or
            `auto`: a GPU where there is one, else the CPU.
        threads: of the CPU; None leaves it to torch.

    Raises:
        InputError: a GPU is asked for and there is none, or no such one.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if gpus.wanted(device):
        chosen = _take_gpu(device)
        if chosen is not None:
            return chosen
    _keep_freed_memory()
    return torch.device("cpu")


def _take_gpu(device: str) -> torch.device | None:
    """Take a GPU for this process; None where `auto` must do without."""
    _, _, number = device.partition(":")
    seen = gpus.visible()
    if number and seen and int(number) >= len(seen):
        raise InputError(
            f"device is {device}, but GPUs count from 0 and {len(seen)} can be seen"
        )
    # CUDA reads which GPUs are visible once, when torch first looks at it.
    begun = torch.cuda.is_initialized()
    taken = gpus.take(seen, index=int(number) if number else None) if seen else None
    if taken is not None and not number and not begun:
        gpus.show_only(taken.gpu)
    if not torch.cuda.is_available():
        if device != "auto":
            raise InputError(
                f"device is {device}, but torch {torch.__version__} sees no "
                "GPU; use auto or cpu"
            )
        say(
            f"there is a GPU, but torch {torch.__version__} cannot use it (is its "
            "driver too old?): on the CPU instead"
        )
        return None
    if taken is not None and taken.sharers:
        say(f"every GPU is taken: {taken.sharers} more on GPU {taken.gpu.number}")
    # Of the others hidden, the one that is left has index 0.
    position = taken.position if taken is not None and begun else 0
    chosen = torch.device("cuda", int(number) if number else position)
    # What names no device (pinned memory, streams) goes there too.
    torch.cuda.set_device(chosen)
    return chosen


def take_gpus(device: str, count: int) -> None:
    """Take GPUs for the processes that this one starts, and hide the others from them.

    Args:
        device: auto or cuda; cpu takes none.
        count: of the GPUs.

    Raises:
        InputError: there are not so many, or the device is one of them.
    """
    if device == "cpu":
        return
    asked = f"training.gpus is {count}, but"
    if ":" in device:
        raise InputError(f"{asked} device is {device}, which is one: set it to cuda")
    seen = gpus.visible() if gpus.wanted(device) else []
    if len(seen) < count:
        raise InputError(f"{asked} GPUs that can be used here: {len(seen)}")
    taken = gpus.take_several(seen, count)
    shared = [own.gpu.number for own in taken if own.sharers]
    if shared:
        say(f"not enough GPUs are free: others have {', '.join(shared)} too")
    gpus.show_only(*(own.gpu for own in taken))


def prepare_rank(device: str, threads: int | None, place: int) -> torch.device:
    """Give the device of one of the processes that share a training.

    Args:
        device: auto, cpu or cuda.
        threads: of the CPU, of each process; None leaves it to torch.
        place: of the process among those of this machine, from 0; it has the GPU at
            that place among the visible ones.

    Raises:
        InputError: a GPU is asked for and there is none.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if not gpus.wanted(device):
        _keep_freed_memory()
        return torch.device("cpu")
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if place >= seen:
        raise InputError(
            f"process {place} of this machine needs a GPU of its own, but "
            f"torch {torch.__version__} can use {seen}"
        )
    chosen = torch.device("cuda", place)
    torch.cuda.set_device(chosen)
    return chosen


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


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Copy from the CPU to a device, without a wait for what it is still to do.

    A GPU reads page-locked memory by itself; from other memory the host would help.
    """
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def in_words(device: torch.device) -> str:
    """Name a device for people: the model of a GPU, or `cpu`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type
