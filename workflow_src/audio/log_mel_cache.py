"""The log-mel cache of a split, if it is the one that a model is fed."""

from pathlib import Path

from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.audio.store import LogMelStore
from workflow_src.errors import InputError


def open_log_mels(
    folder: Path, front_end: FrontEndSettings, form: AudioForm
) -> LogMelStore:
    """Open the log-mels of a split that a model reads.

    Args:
        folder: the store.
        front_end: that the model was made for.
        form: of the clips.

    Raises:
        InputError: there are none, or they were made with another `hop_length` or of
            clips of another length. Snakemake makes them anew; a step that is run
            by hand does not.
    """
    store = LogMelStore(folder)
    frames = front_end.frames(form.samples)
    if store.shape[1] != frames:
        raise InputError(
            f"{store.folder} has {store.shape[1]} frames a clip, but hop_length "
            f"{front_end.hop_length} and clips of {form.seconds:g} s give {frames}: "
            "let Snakemake make it anew"
        )
    return store
