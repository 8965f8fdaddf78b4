"""The weights that ship with the repository: rounded, of one run of each task.

    python -m workflow_src.versioning.shipped_weights

writes them beside the full ones, which .dvcignore leaves out for embedded corpora.
Other corpora have a remote of their own, to which all full checkpoints go.
"""

import sys

from workflow_src.config import load
from workflow_src.config.schema import Config
from workflow_src.errors import InputError
from workflow_src.layout import FRONT_ENDS, Layout
from workflow_src.models.folder_weights import read_weights
from workflow_src.models.half_weights import write_half
from workflow_src.models.run_folder import HALF, MODEL
from workflow_src.versioning.selected import selected_layout


def write_shipped(config: Config, layout: Layout) -> None:
    """Write the rounded weights of the rows with Multi-TTA, and remove others.

    Args:
        config: resolved.
        layout: of its corpus.

    Raises:
        InputError: a checkpoint is damaged.
    """
    if config.selected_corpus != "embedded":
        return
    recipe, seed = config.tta.recipe, config.seeds[0]
    runs = [layout.run(task, recipe, seed) for task in FRONT_ENDS]
    for path in layout.runs.glob(f"*/*/*/{HALF}"):
        if path.parent not in runs:
            path.unlink()
    for run in runs:
        # In a clone with artifacts the rounded ones are all there is.
        if (run / MODEL).exists():
            write_half(read_weights(run), run / HALF)


if __name__ == "__main__":
    try:
        write_shipped(load(), selected_layout())
    except InputError as error:
        sys.exit(f"error: {error}")
