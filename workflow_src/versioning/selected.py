"""The corpus that config.yaml selects, and where DVC's stages of a corpus stand.

    python -m workflow_src.versioning.selected CORPUS

fails where another corpus is selected; the stages of dvc.yaml begin with it, as what
they call makes the files of the selected corpus.
"""

import sys
from pathlib import Path

import yaml

from workflow_src.config import load, steps
from workflow_src.corpus.identity import CorpusIdentity, corpus_name
from workflow_src.errors import InputError
from workflow_src.layout import Layout

# Of the corpus that ships with the repository; others have a file of their own.
SHIPPED_STAGES = Path("dvc.yaml")
FURTHER_STAGES = Path("tracked")


def selected_layout() -> Layout:
    """Where the files of the selected corpus are."""
    return Layout(corpus_name(identity()))


def identity() -> CorpusIdentity:
    """What the selected corpus is."""
    return steps.corpus_identity(load())


def stages_file(corpus: str) -> Path:
    """The file with DVC's stages of a corpus, there or not.

    Args:
        corpus: its name.
    """
    if corpus_of(SHIPPED_STAGES) == corpus:
        return SHIPPED_STAGES
    return FURTHER_STAGES / corpus / "dvc.yaml"


def corpus_of(path: Path) -> str:
    """The corpus whose stages a dvc.yaml has."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return str(content["vars"][0]["corpus"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError):
        raise InputError(f"{path} names no corpus under vars") from None


def require_selected(corpus: str) -> None:
    """Raise an InputError where config.yaml selects another corpus."""
    selected = selected_layout().name
    if selected != corpus:
        stages = stages_file(selected)
        remedy = f"dvc repro {stages}" if stages.exists() else "make dvc-commit"
        raise InputError(
            f"these stages make {corpus}, and config.yaml selects {selected}: for "
            f"that, {remedy}"
        )


if __name__ == "__main__":
    try:
        require_selected(sys.argv[1])
    except InputError as error:
        sys.exit(f"error: {error}")
