"""`make dvc-commit`: put the finished run of the selected corpus under version control.

Records it in its dvc.yaml and dvc.lock, copies what DVC keeps to the remote, and
removes what nothing refers to any more. Nothing is trained; git is left to you.
"""

import subprocess
import sys
from pathlib import Path

from workflow_src.config import load
from workflow_src.errors import InputError
from workflow_src.files import gigabytes
from workflow_src.versioning import provenance
from workflow_src.versioning.command import changes, dvc
from workflow_src.versioning.pipelines import (
    SHIPPED,
    addresses,
    remote_addresses,
    waveforms_address,
    write_stages,
)
from workflow_src.versioning.selected import (
    SHIPPED_STAGES,
    selected_layout,
    stages_file,
)
from workflow_src.versioning.shipped_weights import write_shipped
from workflow_src.versioning.waveforms import pack_all

# The remote that is part of this repository, and what it may grow to. Every release of
# artifacts stays in git's history: see docs/dvc.md.
FOLDER = Path("artifacts")
LIMIT = 8_000_000


def commit() -> None:
    """Record, push and tidy up.

    Raises:
        InputError: the run is not finished, or DVC fails.
    """
    layout = selected_layout()
    path = stages_file(layout.name)
    _require_finished()
    write_stages(path, layout)
    stages, pushed = addresses(path), remote_addresses(path)
    waveforms = waveforms_address(path)
    if waveforms:
        pack_all(layout)
        stages.append(waveforms)
        pushed.append(waveforms)
    write_shipped(load(), layout)
    for folder in provenance.folders(layout).values():
        provenance.write(folder)
    dvc("commit", "--force", "--quiet", *stages)
    remote = dvc("config", "core.remote", capture=True).strip()
    if path == SHIPPED_STAGES:
        remote = SHIPPED
    dvc("push", "--quiet", *pushed)
    if remote == SHIPPED:
        # Other remotes may serve other clones: tidying those is for their owners.
        arguments = ("--workspace", "--cloud", "--remote", SHIPPED)
        dvc("gc", *arguments, "--force", "--quiet")
        require_small()
    left = changes(*stages)
    if left:
        raise InputError("dvc status after the commit: " + "; ".join(left))
    provenance.adopt(layout)
    print(f"{layout.name} is recorded and pushed to the remote {remote}. Now:")
    print(f"  git add --all {path} {path.with_suffix('.lock')} {FOLDER}")
    # Results are ignored but for those that are recorded on purpose.
    print(f"  git add --all --force {layout.results}")


def require_small(folder: Path = FOLDER) -> None:
    """Say how large the remote in this repository is.

    Raises:
        InputError: larger than it may be.
    """
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LIMIT:
        raise InputError(
            f"{folder}/ has {gigabytes(size)}, more than the {gigabytes(LIMIT)} that "
            "may ship with the repository: give the corpus a remote of its own (dvc "
            "remote add --default), or leave something out in .dvcignore"
        )
    print(f"{folder}/ has {gigabytes(size)} of at most {gigabytes(LIMIT)}")


def _require_finished() -> None:
    command = [sys.executable, "-m", "workflow_src.snakemake_command"]
    done = subprocess.run(
        [*command, "--dry-run", "all", "text"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if "Nothing to be done" not in done.stdout:
        raise InputError(
            "Snakemake has something to do; finish the run first "
            "(snakemake --dry-run all text says what):\n" + done.stdout[-2000:]
        )


if __name__ == "__main__":
    try:
        commit()
    except InputError as error:
        sys.exit(f"error: {error}")
