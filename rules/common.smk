# Shared by all rules: the resolved config, the layout of files, how steps see
# what was typed after --config, and how many jobs may run side by side.
import json
import math
import os
import shutil
import sys
from pathlib import Path

from workflow_src import config as workflow_config
from workflow_src.corpus import selected
from workflow_src.errors import InputError
from workflow_src.layout import SPLITS, Layout, task_of
from workflow_src.metrics import spice
from workflow_src.models.catalogue import CATALOGUE
from workflow_src.models.catalogue import FOLDER as PRETRAINED
from workflow_src.report.grid import grid_files
from workflow_src.report.metrics import TABLES as METRICS_TABLES
from workflow_src.report.metrics import recipes
from workflow_src.report.runs import CLIP_FILES
from workflow_src.report.sweep import sweep_files
from workflow_src.report.tables import score_files
from workflow_src.tta import grid_points
from workflow_src.versioning import provenance

OVERRIDES = dict(workflow.config_settings.overwrite_config)
try:
    config = workflow_config.load("config.yaml", OVERRIDES)
    CORPUS_SPLITS = selected.splits(config)
    EXTRA_SPLITS = [
        split for split in CORPUS_SPLITS if split not in (*SPLITS, "tagged")
    ]
    SPICE = spice.chosen(config)
except InputError as error:
    # One sentence, no traceback: this is about the user's file.
    sys.exit(str(error))

LAYOUT = Layout.of(config)
GRID_POINTS = [point.name for point in grid_points(**config["tta"]["grid"])]
# What `dvc pull` brought becomes known to Snakemake, if it is what was recorded.
FIRST_USE = provenance.begin(LAYOUT)
# All rules run `python -m workflow_src <step>`, with the Python that runs
# Snakemake, and with what was typed after --config.
os.environ.update(
    {
        "PATH": os.pathsep.join(
            [os.path.dirname(sys.executable), os.environ.get("PATH", "")]
        ),
        workflow_config.OVERRIDES: json.dumps(OVERRIDES),
        # A job keeps what it compiles: see the Makefile.
        "PYTHONDONTWRITEBYTECODE": "",
    }
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


def grid_settings():
    """What the grid of test-time augmentation depends on; not the sizes of batches."""
    batches = ("views_per_batch", "memories_per_search")
    own = {key: value for key, value in config["tta"].items() if key not in batches}
    return settings("augmentations") | {"tta": own}


def share_of_cores(threads):
    """What a job that uses so many threads takes from --cores.

    --cores may be more than the machine has (`--cores 8` on a laptop with two):
    more jobs side by side than cores would only slow each other down and fill the
    memory. So a job takes the share of --cores that it takes of the machine.
    """
    side_by_side = max(1, len(os.sched_getaffinity(0)) // threads)
    return max(1, math.ceil((workflow.resource_settings.cores or 1) / side_by_side))


def one_core(wildcards):
    """Threads of a job that keeps one core busy."""
    return share_of_cores(1)


def model_threads(wildcards):
    """Threads of a job with a model; those on a GPU only feed it."""
    return 2 if has_gpu() else share_of_cores(config["threads"] or os.cpu_count())


def settings(*sections):
    """Parts of the config: a rule that has them in `params` re-runs when they change."""
    return {section: config[section] for section in sections}


if config["corpus"] == "embedded":
    EMBEDDED_SHARDS = sum(selected.shards(config, split) for split in CORPUS_SPLITS)


def source_files(wildcards):
    """What must be there before a split can be decoded."""
    if config["corpus"] == "folder":
        return Path(config["corpus_dir"]) / f"{wildcards.split}.csv"
    if config["corpus"] == "audiocaps":
        mirrored = config["audiocaps"]["source"] == "huggingface"
        return [LAYOUT.source / f"{wildcards.split}.csv"] + (
            [LAYOUT.source / "mirror.done"] if mirrored else []
        )
    return [
        LAYOUT.source / "tags.csv",
        *(LAYOUT.source / f"audio.{shard}.done" for shard in range(EMBEDDED_SHARDS)),
    ]


def encoder_input(task):
    """What a task's models start from: our own encoder, a published one, or none."""
    if workflow_config.own_encoder(config, task):
        return LAYOUT.pretrained(task)
    return fetched(config[task]["pretrained"])


def fetched(name):
    """The mark that a published file is there; a file of the user needs none."""
    return PRETRAINED / f".{name}.fetched" if name in CATALOGUE else []


def evaluated_split(wildcards):
    """The split that an evaluation is of: its rule has a wildcard for further ones."""
    return wildcards.get("split", "test")


def prepared_references(split):
    """The mark that METEOR's table and SPICE's parses are there for a split."""
    return LAYOUT.data / "text" / f"references.{split}.spice-{SPICE.kind}.prepared"


def spice_parser(kind):
    """The mark that the parser of a SPICE is there; it may be fetched first."""
    return fetched("corenlp") if kind == "java" and SPICE.corenlp is None else []


def training_sections(task):
    """What a training depends on in the config, its recipe apart.

    Not the decoding: a training validates with greedy search.
    """
    own = {key: value for key, value in config[task].items() if key != "decoding"}
    return settings("augmentations", "audio") | {task: own}
