"""Says where the code has changed since a model was trained.

A change of the code is no reason to train for days again, and must not pass
unnoticed: a line names what changed, and how many trainings are older.
"""

from __future__ import annotations

from collections import Counter

from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.models.run_folder import read_record
from workflow_src.progress import say
from workflow_src.version import source_digests

ANEW = "snakemake --forcerun pretrain train_captioning train_retrieval -- all"


def say_changes(layout: Layout) -> None:
    """Print one line where trainings of a corpus are of other code than today's."""
    line = changes(layout)
    if line:
        say(line)


def changes(layout: Layout) -> str:
    """What changed since the trainings of a corpus were made; empty: nothing."""
    records = sorted(layout.runs.glob("*/*/**/settings.yaml"))
    if not records:
        return ""
    today = source_digests()
    older = trainings = 0
    commits: Counter[str] = Counter()
    changed: set[str] = set()
    for path in records:
        try:
            code = read_record(path.parent).code
        except InputError:
            continue  # of a training that was stopped while it wrote
        trainings += 1
        different = {
            name for name, own in today.items() if code.sources.get(name) != own
        }
        if different:
            older += 1
            changed |= different
            commits[str(code)] += 1
    if not older:
        return ""
    return (
        f"the code in workflow_src/{{{','.join(sorted(changed))}}} has changed since "
        f"{older} of {trainings} trainings in {layout.runs} were made "
        f"({', '.join(commits)}); they are kept. To make them anew: {ANEW}"
    )
