"""Waveforms under version control, for corpora that nobody else may get any more.

    python -m workflow_src.versioning.waveforms

packs those of the selected corpus into `waveforms/<corpus>/`, an output of its own in
DVC, so that results and checkpoints can be pulled without it. Embedded corpora are
synthesised anew instead.
"""

import sys
from pathlib import Path

from workflow_src.audio.packed import pack, unpack
from workflow_src.augment.settings import SAMPLE_RATE
from workflow_src.errors import InputError
from workflow_src.files import gigabytes
from workflow_src.layout import Layout
from workflow_src.versioning.records import STORE_INDEX
from workflow_src.versioning.selected import selected_layout

FOLDER = Path("waveforms")


def pack_all(layout: Layout) -> None:
    """Pack the waveforms of every split that is there.

    Raises:
        InputError: there is none, or one is damaged.
    """
    stores = _splits(layout.waveforms("train").parent)
    if not stores:
        raise InputError(f"{layout.data} has no waveforms to be packed")
    for split, store in stores.items():
        pack(store, FOLDER / layout.name / split, SAMPLE_RATE)
    packed, full = _size(FOLDER / layout.name), _size(layout.waveforms("train").parent)
    print(f"{gigabytes(full)} of waveforms take {gigabytes(packed)} in {FOLDER}/")


def unpack_all(layout: Layout) -> None:
    """Unpack what was pulled.

    Raises:
        InputError: nothing was, or it is damaged.
    """
    packed = _splits(FOLDER / layout.name)
    if not packed:
        raise InputError(f"no waveforms of {layout.name} are under version control")
    for split, folder in packed.items():
        unpack(folder, layout.waveforms(split))


def _splits(folder: Path) -> dict[str, Path]:
    """Split -> its folder, of whole ones."""
    found = sorted(index.parent for index in folder.glob(f"*/{STORE_INDEX}"))
    return {path.name: path for path in found if path.suffix != ".partial"}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    try:
        pack_all(selected_layout())
    except InputError as error:
        sys.exit(f"error: {error}")
