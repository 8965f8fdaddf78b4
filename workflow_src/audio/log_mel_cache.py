"""The log-mel cache of a split, if it is the one that the config describes."""

from collections.abc import Mapping

from workflow_src.audio.frontend import front_end
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.selected import clip_form
from workflow_src.errors import InputError
from workflow_src.layout import FRONT_ENDS, Layout


def open_log_mels(
    config: Mapping, layout: Layout, task: str, split: str
) -> LogMelStore:
    """Open the log-mels of a split that a task's models read.

    Raises:
        InputError: there are none, or they were made with another `hop` or of
            clips of another length. Snakemake makes them anew; a step that is run
            by hand does not.
    """
    store = LogMelStore(layout.log_mels(FRONT_ENDS[task], split))
    frames = front_end(config, FRONT_ENDS[task]).frames(clip_form(config).samples)
    if store.shape[1] != frames:
        raise InputError(
            f"{store.folder} has {store.shape[1]} frames a clip, but {task}.hop "
            f"{config[task]['hop']} and audio.seconds {config['audio']['seconds']:g} "
            f"give {frames}: let Snakemake make it anew"
        )
    return store
