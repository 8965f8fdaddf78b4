"""Runs work on PyTorch's `meta` device and fails where a GPU would be waited for.

`meta` tensors have shapes and no numbers: full-size models run on it at once, and an
operation whose result the host must know cannot. What runs here runs on a GPU without
a wait and without tensors of two devices in one operation.
"""

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

META = torch.device("meta")
# The host reads their result, or its shape depends on the numbers.
WAITS = {
    "_local_scalar_dense",
    "item",
    "equal",
    "is_nonzero",
    "nonzero",
    "masked_select",
    "unique_consecutive",
    "unique_dim",
    "_unique2",
    "bincount",
}
BY_PLACE = {"index", "index_put", "index_put_"}
# May have parts on two devices.
COPIES = {"_to_copy", "copy_"}


class _NoNewTensors(TorchFunctionMode):
    """Raises where numbers of the host are sent: no other mode sees it."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        device = torch.device(kwargs.get("device") or "cpu")
        if func in (torch.tensor, torch.as_tensor) and device == META:
            raise AssertionError("torch.tensor(..., device=) waits for its copy")
        return func(*args, **kwargs)


class NoWaiting(TorchDispatchMode):
    """Raises where an operation on `meta` tensors would make the host wait.

    Attributes:
        operations: how many ran: the launches on a GPU, about.
    """

    def __init__(self):
        super().__init__()
        self.operations = 0
        self._functions = _NoNewTensors()

    def __enter__(self):
        self._functions.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        self._functions.__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        leaves = tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        name = func.overloadpacket.__name__
        result = func(*args, **kwargs)
        made = [own for own in tree_leaves(result) if isinstance(own, torch.Tensor)]
        there = [own for own in tensors if own.device == META]
        here = [own for own in tensors if own.device != META and own.ndim]
        if name in COPIES and (there or any(own.device == META for own in made)):
            # `copy_` names where to first; `_to_copy` makes it.
            target, source = (
                (args[0], args[1]) if name == "copy_" else (made[0], args[0])
            )
            blocking = not (kwargs.get("non_blocking") or args[2:3] == (True,))
            if target.device != source.device and (
                target.device != META or (blocking and source.ndim)
            ):
                raise AssertionError(
                    f"{name} waits: {source.device} to {target.device}"
                )
        elif there and name in WAITS:
            raise AssertionError(f"{name} waits for its result")
        elif there and here:
            raise AssertionError(f"{name} of tensors on two devices")
        elif there and name in BY_PLACE and _masks(args[1]):
            raise AssertionError(f"{name} by a mask waits for its size")
        self.operations += bool(there)
        return result


def _masks(places):
    return any(own is not None and own.dtype == torch.bool for own in places)


def on_meta(make):
    """What `make` makes, in evaluation mode, with parameters and buffers on `meta`."""
    with META:
        return make().eval()
