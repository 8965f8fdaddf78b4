# What every rule shares: the resolved config, the layout of files, the command
# line of a step, and how many jobs may run side by side.
import math
import os
import shlex
import shutil
import sys

from workflow_src import config as workflow_config
from workflow_src.errors import InputError
from workflow_src.layout import FRONT_ENDS, SPLITS, Layout
from workflow_src.report.tables import score_files

OVERRIDES = dict(workflow.config_settings.overwrite_config)
try:
    config = workflow_config.load("config.yaml", OVERRIDES)
except InputError as error:
    # One sentence, no traceback: this is about the user's file.
    sys.exit(str(error))

LAYOUT = Layout.of(config)
STEP = shlex.join(
    [sys.executable, "-m", "workflow_src"] + workflow_config.set_arguments(OVERRIDES)
)


wildcard_constraints:
    split="[a-zA-Z0-9_-]+",
    shard="[0-9]+",
    front_end="act|panns",
    task="captioning|retrieval",
    recipe="[a-z0-9_.]+",
    seed="[0-9]+",
    table="table[1-4]",


def has_gpu():
    """Whether a training runs on a GPU: asked for, or found on this machine."""
    return config["device"].startswith("cuda") or (
        config["device"] == "auto" and shutil.which("nvidia-smi") is not None
    )


def model_threads(wildcards):
    """Threads that a job with a model takes from --cores.

    On a CPU one job a core, whatever --cores says: more would only make each
    other slower and fill the memory. So a job takes the share of --cores that a
    core of the machine has. With a GPU the jobs only feed it: two threads.
    """
    if has_gpu():
        return 2
    wanted = config["threads"] or os.cpu_count()
    side_by_side = max(1, len(os.sched_getaffinity(0)) // wanted)
    return max(1, math.ceil((workflow.resource_settings.cores or 1) / side_by_side))


def settings(*sections):
    """The parts of the config that a rule depends on: when they change, it re-runs."""
    return {section: config[section] for section in sections}
