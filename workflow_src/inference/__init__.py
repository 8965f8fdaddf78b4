"""Trained models on a person's own sounds: captions, search, export.

    caption_files     what is to be heard in sound files
    search_folder     the sound files of a folder that fit a sentence
    describe_files    which of given captions fit sound files
    export_run        a run in the layout of the Hugging Face hub

The commands `caption`, `search`, `describe` and `export` are these functions. A
model is a run's folder, its name, an exported folder or a name on the hub
(`workflow_src.inference.runs`). Names are imported when they are first asked for:
torch takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow_src.inference.captions import caption_files
    from workflow_src.inference.describe import describe_files
    from workflow_src.inference.export import export_run
    from workflow_src.inference.loading import load_captioner, load_retriever
    from workflow_src.inference.runs import find_run
    from workflow_src.inference.search import search_folder
    from workflow_src.inference.sounds import sound_files
    from workflow_src.inference.windows import read_windows

__all__ = [
    "caption_files",
    "describe_files",
    "export_run",
    "find_run",
    "load_captioner",
    "load_retriever",
    "read_windows",
    "search_folder",
    "sound_files",
]

_MODULES = {
    "caption_files": "captions",
    "describe_files": "describe",
    "export_run": "export",
    "find_run": "runs",
    "load_captioner": "loading",
    "load_retriever": "loading",
    "read_windows": "windows",
    "search_folder": "search",
    "sound_files": "sounds",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
