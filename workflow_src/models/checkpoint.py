"""Checkpoints of other code: translate the keys, load all or say why not."""

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike

import torch
from torch import Tensor, nn

from workflow_src.errors import InputError

StateDict = Mapping[str, Tensor]
Names = list[tuple[str, str]]


@dataclass(frozen=True)
class LoadReport:
    """What a checkpoint gave.

    Attributes:
        loaded: names in the file.
        skipped: names in the file that were not taken.
        kept: names in the model that were left at their initial values.
    """

    loaded: tuple[str, ...]
    skipped: tuple[str, ...]
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} tensors loaded"]
        for label, names in (("skipped", self.skipped), ("left as made", self.kept)):
            if names:
                parts.append(f"{label}: {', '.join(names)}")
        return "; ".join(parts)


def read_state_dict(
    source: str | PathLike[str] | StateDict, trust_pickle: bool = False
) -> dict[str, Tensor]:
    """Read the tensors of a published checkpoint, from a file or as they are.

    Args:
        source: a file that `torch.load` reads, or a mapping already read; with
            the tensors under the key `model`, or at the top.
        trust_pickle: also unpickle objects that are not tensors. That can run
            any code the file's author put there.

    Raises:
        InputError: if the file is missing, unreadable, holds more than tensors
            while `trust_pickle` is off, or holds no tensors.
    """
    name = "the checkpoint"
    content: object = source
    if not isinstance(source, Mapping):
        name = str(source)
        try:
            content = torch.load(
                source, map_location="cpu", weights_only=not trust_pickle
            )
        except FileNotFoundError:
            raise InputError(f"{name}: no such file") from None
        except pickle.UnpicklingError as error:
            raise InputError(
                f"{name} is damaged or holds more than tensors, which could run code "
                "on loading; if you trust who made it, load it with trust_pickle=True "
                f"({str(error).splitlines()[0]})"
            ) from error
        except (RuntimeError, EOFError, OSError) as error:
            first_line = str(error).splitlines()[0] if str(error) else "end of file"
            raise InputError(f"{name} cannot be read: {first_line}") from error
    if isinstance(content, Mapping) and isinstance(content.get("model"), Mapping):
        content = content["model"]
    if not isinstance(content, Mapping) or not content:
        raise InputError(f"{name} holds no mapping from names to tensors")
    wrong = [key for key, value in content.items() if not isinstance(value, Tensor)]
    if wrong:
        names = ", ".join(map(str, wrong))
        raise InputError(f"{name} has entries that are no tensors: {names}")
    return dict(content)


def translate(name: str, pairs: Names) -> str:
    """Give the name that the other code has for one of ours.

    Args:
        name: ours.
        pairs: (start of our name, start of theirs); `{}` is a number.

    Returns:
        Their name; `name` itself where no pair fits.
    """
    for old, new in pairs:
        pattern = re.escape(old).replace(r"\{\}", r"(\d+)")
        start = re.match(pattern, name)
        if start:
            return new.format(*start.groups()) + name[start.end() :]
    return name


def load_exactly(
    module: nn.Module, state: StateDict, names: Names, may_miss: tuple[str, ...] = ()
) -> LoadReport:
    """Load every tensor of `state` into `module`, and every one the module has.

    Args:
        module: the model.
        state: tensors by the names of the other code.
        names: pairs (start of our name, start of theirs); `{}` is a number.
        may_miss: our names that the file may lack; they stay as they are.

    Returns:
        What was loaded, and what was left as it was.

    Raises:
        InputError: listing each missing, extra and misshapen key, by their names.
    """
    own = module.state_dict()
    theirs = {name: translate(name, names) for name in own}
    shapes = {theirs[name]: tensor.shape for name, tensor in own.items()}
    complaints = {
        "missing": [
            theirs[name]
            for name in own
            if theirs[name] not in state and name not in may_miss
        ],
        "unknown": [name for name in state if name not in shapes],
        "of another shape": [
            f"{name} {tuple(state[name].shape)} for {tuple(shape)}"
            for name, shape in shapes.items()
            if name in state and state[name].shape != shape
        ],
    }
    if any(complaints.values()):
        lists = [
            f"{what}: {', '.join(keys)}" for what, keys in complaints.items() if keys
        ]
        raise InputError(
            f"the checkpoint does not fit {type(module).__name__}; {'; '.join(lists)}"
        )
    loaded = {name: state[key] for name, key in theirs.items() if key in state}
    module.load_state_dict(own | loaded)
    kept = tuple(name for name in own if name not in loaded)
    return LoadReport(loaded=tuple(state), skipped=(), kept=kept)
