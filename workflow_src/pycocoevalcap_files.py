"""Jars and tables inside the installed `pycocoevalcap`: METEOR's also has WordNet."""

from importlib.util import find_spec
from pathlib import Path

from workflow_src.errors import InputError


def packaged_file(*parts: str) -> Path:
    """Give the path of a file inside `pycocoevalcap`, without importing it.

    Args:
        parts: of the path below the package.

    Raises:
        InputError: the package or the file is missing.
    """
    spec = find_spec("pycocoevalcap")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the package `pycocoevalcap` is not installed")
    path = Path(spec.submodule_search_locations[0], *parts)
    if not path.exists():
        raise InputError(f"{path} is missing: install pycocoevalcap==1.2 again")
    return path
