"""A folder of decoded clips: what a mirror had, in the form of the waveform store.

A clip is `<id>_<start>.flac`: mono, of 16 bits, at the store's rate, so reading it
again gives the same samples. Those whose audio is of no use are in a journal.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

import soundfile

from workflow_src.audio.decoding import BadAudio, ClipForm, decode
from workflow_src.corpus.captions import Clip
from workflow_src.corpus.source import Fetched, LostClip
from workflow_src.errors import InputError
from workflow_src.files import (
    append_json_line,
    open_json_lines,
    read_json_lines,
    write_atomically,
)

FORM = "form.json"
LOST = "lost.jsonl"


class DecodedSource:
    """Audio source of the clips that a `DecodedWriter` has written to a folder."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        lines = read_json_lines(self.folder / LOST)
        self._lost = {line["file_name"]: line for line in lines}

    def fetch(self, clip: Clip) -> Fetched:
        """The clip's file.

        Raises:
            LostClip: if the mirror has none, or none of use.
        """
        path = self.folder / clip.file_name
        if path.exists():
            return Fetched(path)
        lost = self._lost.get(clip.file_name)
        if lost is not None:
            raise LostClip(lost["state"], lost["reason"])
        raise LostClip("unavailable", "the mirror has no such clip")


class DecodedWriter:
    """Decodes clips into a folder; a context manager.

    Attributes:
        out: the folder.
        form: what a clip is brought to.
        had: file names of the clips that are there.

    Raises:
        InputError: if the folder holds clips of another form.
    """

    def __init__(self, out: Path, form: ClipForm):
        out.mkdir(parents=True, exist_ok=True)
        _check_form(out, form)
        self.out = out
        self.form = form
        self.had = {path.name for path in out.glob("*.flac")}

    def __enter__(self) -> "DecodedWriter":
        self._lost: BinaryIO = open_json_lines(self.out / LOST)
        return self

    def __exit__(self, *_: object) -> None:
        self._lost.close()

    def take(self, clip: Clip, audio: bytes) -> None:
        """Decode a clip and write it, or why it is of no use."""
        encoded = self.out / "clip.partial"
        encoded.write_bytes(audio)
        try:
            samples = decode(encoded, self.form)
        except BadAudio as bad:
            lost = {"file_name": clip.file_name, "state": bad.state, "reason": str(bad)}
            append_json_line(self._lost, lost)
            return
        finally:
            encoded.unlink()
        flac = io.BytesIO()
        rate = self.form.sample_rate
        soundfile.write(flac, samples, rate, format="FLAC", subtype="PCM_16")
        write_atomically(self.out / clip.file_name, flac.getvalue())
        self.had.add(clip.file_name)


def _check_form(out: Path, form: ClipForm) -> None:
    """InputError where the clips that are there have another form."""
    wanted = asdict(form)
    path = out / FORM
    if not path.exists():
        write_atomically(path, json.dumps(wanted))
    elif (there := json.loads(path.read_bytes())) != wanted:
        raise InputError(
            f"{out} holds clips of {_words(there)}, and the config (`audio`, "
            f"`clips.min_seconds`) asks for {_words(wanted)}: delete that folder to "
            "fetch the mirror again"
        )


def _words(form: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in form.items())
