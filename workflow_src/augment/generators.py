"""Random generators: every draw of the package comes from an explicit one."""

import zlib

import numpy as np
import torch


def seed_from(*keys: int | str) -> int:
    """Makes a 64-bit seed from numbers and names, well spread for any keys.

    `seed_from(20, "augment", epoch, step)` is the same number on every machine
    and in every process: names enter by their CRC-32, never by `hash`.
    """
    entropy = [zlib.crc32(k.encode()) if isinstance(k, str) else k for k in keys]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])


def torch_generator(
    *keys: int | str, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Makes a torch generator on `device`, seeded by `seed_from(*keys)`."""
    return torch.Generator(_home(torch.device(device))).manual_seed(seed_from(*keys))


def or_default(generator: torch.Generator | None) -> torch.Generator:
    """Gives `generator`, or torch's default one, which `torch.manual_seed` seeds."""
    return torch.default_generator if generator is None else generator


def _next_seed(generator: torch.Generator) -> int:
    return int(
        torch.randint(2**63 - 1, (), generator=generator, device=generator.device)
    )


def numpy_generator(generator: torch.Generator) -> np.random.Generator:
    """Makes a NumPy generator, seeded by one draw from `generator`.

    torch has no public Beta, Dirichlet or choice without replacement that takes
    a generator; NumPy has all three.
    """
    return np.random.default_rng(_next_seed(generator))


def on_device(generator: torch.Generator, device: torch.device) -> torch.Generator:
    """Gives `generator` itself if it lives on `device`, else one there, seeded by it.

    Millions of noise samples are drawn where they are needed instead of being
    drawn on the CPU and copied.
    """
    home = _home(device)
    if generator.device.type == home.type:
        return generator
    return torch.Generator(home).manual_seed(_next_seed(generator))


def _home(device: torch.device) -> torch.device:
    """Where a generator for `device` lives: `meta`, which draws nothing, has none."""
    return torch.device("cpu") if device.type == "meta" else device
