"""The GPUs that this process may use, and which of them it takes. Fast: no torch.

Rules and steps ask here whether there is a GPU, so that they never disagree. A step
takes one by locking a file of its own for as long as it runs: the system lets go of
the lock when the process ends, however it ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

VISIBLE = "CUDA_VISIBLE_DEVICES"
NVML = "libnvidia-ml.so.1"  # comes with NVIDIA's driver
UUID_BYTES = 96  # NVML_DEVICE_UUID_V2_BUFFER_SIZE
MOST_SHARERS = 64  # processes of ours on one GPU that still know of each other


class Gpu(NamedTuple):
    """A GPU that CUDA would show to this process.

    Attributes:
        number: what CUDA_VISIBLE_DEVICES calls it.
        uuid: the same for every process of the machine, whatever is visible to it.
    """

    number: str
    uuid: str


class Taken(NamedTuple):
    """A GPU that this process has taken.

    Attributes:
        position: among the visible ones.
        gpu: which it is.
        sharers: other processes of ours that had it already.
    """

    position: int
    gpu: Gpu
    sharers: int


# Lock file -> its descriptor, open for as long as this process lives.
_held: dict[Path, int] = {}


def available() -> bool:
    """Whether `device: auto` means a GPU: torch is built for them, and one is visible.

    A cluster's login node has none and may still say `device: cuda`: `wanted` asks
    the setting first.
    """
    return torch_is_built_for_gpus() and bool(visible())


def wanted(device: str) -> bool:
    """Whether steps with this `device` setting run on a GPU.

    Args:
        device: auto, cpu, cuda or cuda:N.
    """
    return device.startswith("cuda") or (device == "auto" and available())


def jobs_at_once(device: str) -> int:
    """Count the jobs that this machine's GPUs take, one each; at least 1.

    Args:
        device: auto, cuda, or cuda:N, which is one GPU.
    """
    return 1 if ":" in device else max(1, len(visible()))


def visible(
    environment: Mapping[str, str] | None = None,
    uuids: Sequence[str] | None = None,
) -> list[Gpu]:
    """List the GPUs that CUDA would show, in its order.

    Args:
        environment: None: of this process. CUDA_VISIBLE_DEVICES in it names GPUs by
            index or UUID; as for CUDA, the list ends at the first that is none.
        uuids: of the machine's GPUs; None asks the driver.
    """
    uuids = installed() if uuids is None else uuids
    named = (os.environ if environment is None else environment).get(VISIBLE)
    if named is None:
        return [Gpu(str(index), uuid) for index, uuid in enumerate(uuids)]
    found: list[Gpu] = []
    for entry in named.split(",") if uuids else []:
        gpu = _named(entry.strip(), uuids)
        if gpu is None:
            break
        found.append(gpu)
    return found


def _named(entry: str, uuids: Sequence[str]) -> Gpu | None:
    """The GPU that an entry of CUDA_VISIBLE_DEVICES names."""
    if entry.startswith("MIG-"):  # a part of a GPU; the driver lists whole ones
        return Gpu(entry, entry)
    if entry.isdecimal():
        index = int(entry)
        return Gpu(entry, uuids[index]) if index < len(uuids) else None
    whole = [uuid for uuid in uuids if entry and uuid.startswith(entry)]
    return Gpu(entry, whole[0]) if len(whole) == 1 else None


@cache
def installed() -> tuple[str, ...]:
    """The UUIDs of the GPUs that NVIDIA's driver knows, by PCI bus; () without one."""
    try:
        return driver_uuids(ctypes.CDLL(NVML))
    except (OSError, AttributeError):
        return ()


def driver_uuids(nvml: Any) -> tuple[str, ...]:
    """Ask NVML, NVIDIA's management library, for the UUID of each GPU.

    CUDA itself would tell too, but a process that has asked it can no longer fork.

    Args:
        nvml: the loaded library.
    """
    if nvml.nvmlInit_v2():  # not 0: the driver is not loaded, or of another version
        return ()
    count = ctypes.c_uint()
    uuids = []
    if not nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)):
        for index in range(count.value):
            handle, text = ctypes.c_void_p(), ctypes.create_string_buffer(UUID_BYTES)
            failed = nvml.nvmlDeviceGetHandleByIndex_v2(
                index, ctypes.byref(handle)
            ) or nvml.nvmlDeviceGetUUID(handle, text, UUID_BYTES)
            uuids.append(f"index-{index}" if failed else text.value.decode())
    nvml.nvmlShutdown()
    return tuple(uuids)


@cache
def torch_is_built_for_gpus() -> bool:
    """Whether the installed torch has CUDA, by its version file: torch stays unread."""
    package = importlib.util.find_spec("torch")
    if package is None or package.origin is None:
        return False
    spec = importlib.util.spec_from_file_location(
        "torch_version", Path(package.origin).with_name("version.py")
    )
    if spec is None or spec.loader is None:
        return False
    version = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(version)
    return version.cuda is not None


def take(
    gpus: Sequence[Gpu], folder: Path | None = None, index: int | None = None
) -> Taken:
    """Take a GPU that no other process of this user has, or else the least shared.

    A process that took one keeps it when it asks again. Only processes that call
    this count: whoever else is on a GPU is not seen.

    Args:
        gpus: to choose from, at least one.
        folder: of the lock files; None: the machine's, this user's.
        index: of the only one that will do; None leaves the choice.
    """
    folder = lock_folder() if folder is None else folder
    choice = range(len(gpus)) if index is None else [index]
    for own, sharers in product(choice, range(MOST_SHARERS)):
        if folder / f"{gpus[own].uuid}.{sharers}" in _held:
            return Taken(own, gpus[own], sharers)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Every GPU's first place comes before any GPU's second.
    for sharers, own in product(range(MOST_SHARERS), choice):
        path = folder / f"{gpus[own].uuid}.{sharers}"
        # Programs that this one starts do not inherit it (PEP 446).
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        _held[path] = descriptor
        return Taken(own, gpus[own], sharers)
    return Taken(choice[0], gpus[choice[0]], MOST_SHARERS)


def take_several(
    gpus: Sequence[Gpu], count: int, folder: Path | None = None
) -> list[Taken]:
    """Take different GPUs, as `take` would one after the other.

    Args:
        gpus: to choose from, at least `count`.
        count: of those to take.
        folder: of the lock files; None: the machine's, this user's.
    """
    several: list[Taken] = []
    left = list(gpus)
    for _ in range(count):
        taken = take(left, folder)
        left.remove(taken.gpu)
        several.append(taken._replace(position=list(gpus).index(taken.gpu)))
    return sorted(several)


def lock_folder() -> Path:
    """Where this user's processes on this machine say which GPU they have."""
    return Path(tempfile.gettempdir()) / f"pairmix-workflow-gpus-{os.getuid()}"


def show_only(*gpus: Gpu) -> None:
    """Hide the other GPUs from CUDA, in this process and in those it starts.

    Works before CUDA has begun in this process, and not after.
    """
    if VISIBLE not in os.environ:
        # By PCI bus, as the driver counts; CUDA's own order is by speed.
        os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    os.environ[VISIBLE] = ",".join(gpu.number for gpu in gpus)
