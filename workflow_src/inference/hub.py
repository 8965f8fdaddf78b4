"""Exported models on the Hugging Face hub."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from workflow_src.errors import InputError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", re.ASCII)
# What `export` writes and loading reads; never a file that could run code.
FILES = ("settings.yaml", "model.safetensors", "vocabulary.txt", "text_encoder/*.json")


def fetch(name: str) -> Path:
    """Fetch a model of the hub into its cache; what is there is not fetched again.

    Args:
        name: owner/name, or owner/name@revision.

    Returns:
        The folder, in the layout that `export` writes.

    Raises:
        InputError: the hub has no such model, does not give it or cannot be
            reached while the cache has none.
    """
    import huggingface_hub
    from huggingface_hub import errors, utils

    repository, _, revision = name.partition("@")
    if not sys.stderr.isatty():
        utils.disable_progress_bars()  # type: ignore[attr-defined]
    try:
        folder = Path(
            huggingface_hub.snapshot_download(
                repository, revision=revision or None, allow_patterns=list(FILES)
            )
        )
    except errors.GatedRepoError:
        raise InputError(
            f"{repository} is gated: accept its terms on its page of the hub and run "
            "`hf auth login`"
        ) from None
    except errors.RevisionNotFoundError:
        raise InputError(f"the hub has no {repository}@{revision}") from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            f"{repository} is neither a run here nor a model on the hub, or it is "
            "private there (then run `hf auth login`)"
        ) from None
    except errors.LocalEntryNotFoundError:
        raise InputError(
            f"{repository} is no run here, and the hub cannot be reached: is there a "
            "network?"
        ) from None
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        raise InputError(f"{repository} cannot be fetched: {_told(error)}") from None
    if not (folder / "settings.yaml").is_file():
        raise InputError(
            f"{repository} on the hub is no model of this project: it has no "
            "settings.yaml"
        )
    return folder


def _told(error: Exception) -> str:
    """What an error says, in one line."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason_phrase}".strip()
    return " ".join(str(error).split()) or type(error).__name__
