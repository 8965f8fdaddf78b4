"""Audio-text pairs of a split, as the trainings and evaluations use them."""

from pathlib import Path

from workflow_src.corpus.captions import read_captions


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """Pairs of clip file name and caption, in file order; see `read_captions`."""
    return [(clip.file_name, caption) for clip, caption in read_captions(path)]


def read_references(path: str | Path) -> dict[str, list[str]]:
    """All captions of each clip, clips in order of first appearance."""
    references: dict[str, list[str]] = {}
    for name, caption in read_pairs(path):
        references.setdefault(name, []).append(caption)
    return references
