"""`make dvc-commit`: put the finished run of the selected corpus under version control.

Records it in dvc.yaml and dvc.lock, copies what DVC keeps to the remote, and
removes what nothing refers to any more. Nothing is trained; git is left to you.
"""

import subprocess
import sys
from pathlib import Path

from dvc.utils.serialize import modify_yaml

from workflow_src.config import load, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.errors import InputError
from workflow_src.files import gigabytes
from workflow_src.layout import Layout
from workflow_src.versioning import provenance
from workflow_src.versioning.command import changes, dvc
from workflow_src.versioning.stages import tracked

# The remote that is part of this repository, and what it may grow to.
SHIPPED = Path("artifacts")
LIMIT = 20_000_000


def commit() -> None:
    """Record, push and tidy up.

    Raises:
        InputError: the run is not finished, or DVC fails.
    """
    layout = Layout(corpus_name(steps.corpus_identity(load())))
    _require_finished()
    write_stages(Path("dvc.yaml"), layout)
    for folder in provenance.folders(layout).values():
        provenance.write(folder)
    dvc("commit", "--force", "--quiet")
    remote = dvc("config", "core.remote", capture=True).strip()
    dvc("push", "--quiet")
    if remote == "shipped":
        # Other remotes may serve other clones: tidying those is for their owners.
        dvc("gc", "--workspace", "--cloud", "--force", "--quiet")
        _require_small()
    left = changes()
    if left:
        raise InputError("dvc status after the commit: " + "; ".join(left))
    provenance.adopt(layout)
    print(f"{layout.name} is recorded and pushed to the remote {remote}. Now:")
    print("  git add --all dvc.yaml dvc.lock artifacts")
    # Results are ignored but for those that are recorded on purpose.
    print(f"  git add --all --force {layout.results}")


def write_stages(path: Path, layout: Layout) -> None:
    """Enter the corpus and the keys that its stages depend on; keep all else."""
    with modify_yaml(path) as content:
        content["vars"][0]["corpus"] = layout.name
        for stage, files in tracked().items():
            content["stages"][stage]["params"] = [
                {file: keys} for file, keys in files.items()
            ]


def _require_finished() -> None:
    command = [sys.executable, "-m", "workflow_src.snakemake_command"]
    done = subprocess.run(
        [*command, "--dry-run", "all"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if "Nothing to be done" not in done.stdout:
        raise InputError(
            "Snakemake has something to do; finish the run first "
            "(snakemake --dry-run all says what):\n" + done.stdout[-2000:]
        )


def _require_small() -> None:
    size = sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file())
    if size > LIMIT:
        raise InputError(
            f"{SHIPPED}/ has {gigabytes(size)}, more than the {gigabytes(LIMIT)} that "
            "may ship with the repository; leave checkpoints out in .dvcignore"
        )
    print(f"{SHIPPED}/ has {gigabytes(size)} of at most {gigabytes(LIMIT)}")


if __name__ == "__main__":
    try:
        commit()
    except InputError as error:
        sys.exit(f"error: {error}")
