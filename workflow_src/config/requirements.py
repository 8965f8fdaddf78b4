"""Which further requirements the selected config has: `make env` installs them.

python -m workflow_src.config.requirements
"""

from __future__ import annotations

import sys

from workflow_src.config.reading import load
from workflow_src.config.schema import Config
from workflow_src.errors import InputError
from workflow_src.layout import SPLITS

DOWNLOAD = "requirements-download.txt"


def further(config: Config) -> list[str]:
    """Files of requirements beyond requirements.txt that a run of a config has."""
    taken = config.audiocaps.taken
    youtube = config.selected_corpus == "audiocaps" and any(
        taken.source_of(split) == "youtube" for split in SPLITS
    )
    return [DOWNLOAD] if youtube else []


if __name__ == "__main__":
    try:
        print(" ".join(f"-r {file}" for file in further(load())))
    except InputError as error:
        sys.exit(f"error: {error}")
