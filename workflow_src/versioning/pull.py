"""`make pull`: fetch the artifacts, check them, then tell Snakemake of them.

Nothing is marked as current before `dvc status` finds nothing changed: neither a
file nor a parameter.
"""

import sys

from workflow_src.config import load, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.versioning import provenance
from workflow_src.versioning.command import changes, dvc


def pull() -> None:
    """Pull, check, adopt; InputError names what is stale, changed or missing."""
    layout = Layout(corpus_name(steps.corpus_identity(load())))
    dvc("pull")
    _stop_at("dvc status finds changed", changes())
    found = provenance.adopt(layout)
    _stop_at("not what their records were written for", found.changed)
    _stop_at("recorded, but missing", found.missing)
    if not found.current:
        raise InputError(f"no artifacts of {layout.name} are under version control")
    print(f"{len(found.current)} artifacts of {layout.name} are current")


def _stop_at(complaint: str, found: list) -> None:
    if found:
        listed = "".join(f"\n  {line}" for line in found)
        raise InputError(f"{complaint}:{listed}\nnothing was marked as current")


if __name__ == "__main__":
    try:
        pull()
    except InputError as error:
        sys.exit(f"error: {error}")
