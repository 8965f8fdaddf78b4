"""Multi-level test-time augmentation, Eq. 2 of the paper in its general form.

A model is a chain of layers f_1 .. f_H. A strategy gives every layer h a
partition P_h of the outputs of the layer before it; the i-th output of layer h
is the mean over the i-th group:

    o[h, i] = 1 / |P_h[i]| * sum of f_h(o[h-1, j]) over j in P_h[i]

Conventional TTA averages at the last layer only, Mid-TTA at one layer before
it, Multi-TTA at several. Layers are numbered 1 .. H as in the paper; the
indices inside a partition start at 0, as everywhere in Python.

`MultiTTA`, `TTA` and `MidTTA` wrap a model; `GenerationTTA` one that writes word
by word. The names that need torch are imported when they are first asked for:
the grid of Figure 4 is planned without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from workflow_src.tta.grid import GridPoint, grid_points
from workflow_src.tta.levels import aggregate
from workflow_src.tta.strategy import Strategy

if TYPE_CHECKING:
    from workflow_src.tta.generation import Ensemble, GenerationTTA, generate
    from workflow_src.tta.multi import TTA, MidTTA, MultiTTA

__all__ = [
    "TTA",
    "Ensemble",
    "GenerationTTA",
    "GridPoint",
    "MidTTA",
    "MultiTTA",
    "Strategy",
    "aggregate",
    "generate",
    "grid_points",
]

_MODULES = {
    "TTA": "multi",
    "Ensemble": "generation",
    "GenerationTTA": "generation",
    "MidTTA": "multi",
    "MultiTTA": "multi",
    "generate": "generation",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
