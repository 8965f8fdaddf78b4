"""The published files that the paper's models start from: where, how large, fetched.

`workflow_src.transfer` fetches it to `pretrained/`. Where a place wants a person,
the error says which file to put where.
"""

from collections.abc import Mapping
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.models.catalogue import CATALOGUE, FOLDER, place
from workflow_src.progress import say
from workflow_src.transfer import RetryPolicy, check_sums, digest, fetch_file

RETRY = RetryPolicy(attempts=5, backoff=2.0)


def text_encoder(name: str, folder: Path = FOLDER) -> str:
    """Where transformers shall look for a text encoder: the folder that was fetched.

    A name that was not fetched here stays a name: transformers then fetches it
    itself, from the hub or from its own cache.
    """
    fetched = folder / name
    return str(fetched) if (fetched / "config.json").is_file() else name


def fetch(
    name: str, folder: Path = FOLDER, pinned: Mapping[str, str] | None = None
) -> Path:
    """Fetch what a name of the catalogue stands for, where it is not there yet.

    Args:
        name: of the catalogue.
        folder: where pre-trained files go.
        pinned: file name -> sha256, for files whose sum nobody published;
            a pinned sum stands above one of the catalogue.

    Returns:
        The file, or the folder of several.

    Raises:
        InputError: if the name is unknown, the network fails, a sum differs, or
            the place wants a person: then with what to put where.
    """
    if name not in CATALOGUE:
        raise InputError(f"{name} is none of {', '.join(CATALOGUE)}")
    for published in CATALOGUE[name]:
        path = folder / published.file
        sums = {"md5": published.md5, "sha256": published.sha256}
        if pinned and path.name in pinned:
            sums["sha256"] = pinned[path.name].lower()
        known = {kind: value for kind, value in sums.items() if value is not None}
        if path.is_file():
            check_sums(path, known)
        else:
            instead = f"fetch {published.page} with a browser and save it as {path}"
            fetch_file(
                published.url,
                path,
                known,
                size=published.size,
                retry=RETRY,
                instead=instead,
            )
        if not known:
            say(
                f"{path}: nobody published its sum, so this file is unchecked. To have "
                f"it checked from now on, add to config.yaml under pretrained_sha256:"
                f'\n  "{path.name}": {digest(path, "sha256")}'
            )
    return place(name, folder)
