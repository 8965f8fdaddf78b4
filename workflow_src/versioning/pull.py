"""`make pull`: fetch the artifacts, check them, then tell Snakemake of them.

Nothing is marked as current before `dvc status` finds nothing changed: neither a
file nor a parameter. `make pull-waveforms` fetches the waveforms too, where they are
under version control, and unpacks them. Snakemake does not go on from them yet
(docs/dvc.md).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.versioning import provenance
from workflow_src.versioning.command import changes, dvc
from workflow_src.versioning.pipelines import (
    addresses,
    remote_addresses,
    waveforms_address,
)
from workflow_src.versioning.selected import selected_layout, stages_file
from workflow_src.versioning.waveforms import unpack_all


def pull(waveforms: bool = False) -> None:
    """Pull, check, adopt.

    Args:
        waveforms: those too.

    Raises:
        InputError: names what is stale, changed or missing.
    """
    layout = selected_layout()
    path = stages_file(layout.name)
    if not path.exists():
        raise InputError(f"no artifacts of {layout.name} are under version control")
    stages, pulled = addresses(path), remote_addresses(path)
    packed = waveforms_address(path)
    if waveforms and packed:
        stages.append(packed)
        pulled.append(packed)
    dvc("pull", *pulled)
    _stop_at("dvc status finds changed", changes(*stages))
    if waveforms:
        unpack_all(layout)
    adoption = provenance.adopt(layout)
    _stop_at("not what their records were written for", adoption.changed)
    _stop_at("recorded, but missing", adoption.missing)
    if not adoption.current:
        raise InputError(f"no artifacts of {layout.name} are under version control")
    print(f"{len(adoption.current)} artifacts of {layout.name} are current")
    if packed and not waveforms:
        print("its waveforms are not among them: make pull-waveforms fetches those")


def _stop_at(complaint: str, offending: Sequence[str | Path]) -> None:
    if offending:
        listed = "".join(f"\n  {line}" for line in offending)
        raise InputError(f"{complaint}:{listed}\nnothing was marked as current")


if __name__ == "__main__":
    try:
        pull(waveforms="--waveforms" in sys.argv[1:])
    except InputError as error:
        sys.exit(f"error: {error}")
