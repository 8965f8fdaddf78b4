# Shared by all rules: the config as settings, the layout of files, and how many jobs
# may run side by side.
import math
import os
import shlex
import sys
from pathlib import Path

from workflow_src import gpus
from workflow_src.config import corpus as selected
from workflow_src.config import evaluations, load, steps
from workflow_src.corpus.identity import corpus_name
from workflow_src.errors import InputError
from workflow_src.evaluation.scores import CLIP_FILES, SCORE_FILES
from workflow_src.layout import FRONT_ENDS, SPLITS, Layout, task_of
from workflow_src.metrics import spice
from workflow_src.models.catalogue import CATALOGUE
from workflow_src.models.catalogue import FOLDER as PRETRAINED
from workflow_src.models.catalogue import place
from workflow_src.settings import to_json
from workflow_src.versioning import code_changes, provenance

SPICE_CACHE = Path("data") / "spice.sqlite"
METEOR_TABLES = Path("data") / "meteor"
try:
    CONFIG = load("config.yaml", dict(workflow.config_settings.overwrite_config))
    CORPUS_SPLITS = selected.splits(CONFIG)
    EXTRA_SPLITS = [
        split for split in CORPUS_SPLITS if split not in (*SPLITS, "tagged")
    ]
    CORPUS = steps.corpus_identity(CONFIG)
    LAYOUT = Layout(corpus_name(CORPUS))
    SPICE = spice.of_workflow(
        CONFIG.metrics.spice,
        Path(CONFIG.metrics.corenlp) if CONFIG.metrics.corenlp else None,
        SPICE_CACHE,
    )
except InputError as error:
    # One sentence, no traceback: this is about the user's file.
    sys.exit(str(error))

GRID_POINTS = [point.name for point in CONFIG.tta.grid.points]
# A file that rules of committed files have as an input, and what `dvc pull` brought:
# see workflow_src/versioning/provenance.py. A dry run changes nothing.
FIRST_USE = provenance.FIRST_USE
ADOPTED = provenance.begin(LAYOUT)
code_changes.say_changes(LAYOUT)


def how(*options):
    """How a step runs, not what comes out.

    A resource of its rule and no parameter, so that a change makes nothing stale.
    """
    return shlex.join(str(word) for words in options for word in words)


def given(value):
    """A value as a word of a command; none where the step decides."""
    return [] if value is None else [value]


COMPUTE = ["--device", CONFIG.device]
if CONFIG.threads:
    COMPUTE += ["--threads", CONFIG.threads]
TRAINING = ["--options", to_json(CONFIG.training)]
TRUST = ["--trust-pickle" if CONFIG.trust_pickle else "--no-trust-pickle"]
CORENLP = ["--corenlp", SPICE.corenlp] if SPICE.corenlp else []
SCORING = ["--spice-cache", SPICE_CACHE, "--meteor-tables", METEOR_TABLES, *CORENLP]
LOSSES = ["--max-missing", CONFIG.clips.max_missing]
DOWNLOADING = ["--options", to_json(CONFIG.audiocaps.options)]
VIEWS = ["--views-per-batch", *given(CONFIG.tta.views_per_batch)]
SEARCHES = ["--encodings-per-search", *given(CONFIG.tta.encodings_per_search)]


wildcard_constraints:
    split="[a-zA-Z0-9_-]+",
    shard="[0-9]+",
    front_end="act|panns",
    task="captioning|retrieval",
    recipe="[a-z0-9_]+",
    seed="[0-9]+",
    clips="[0-9]+",
    table="table[1-4]",


def literal(path):
    """A path of the user's as a rule's input: its braces are no wildcards."""
    return str(path).replace("{", "{{").replace("}", "}}")


def has_gpu():
    """Whether a training runs on a GPU: asked for, or found on this machine.

    The node on which one types says nothing of a cluster's other nodes: all jobs with a
    model ask for a GPU there, unless the device is `cpu`.
    """
    return CONFIG.device != "cpu" if on_cluster() else gpus.wanted(CONFIG.device)


def on_cluster():
    """Whether jobs run on other nodes; known once Snakemake asks rules for resources."""
    return not workflow.local_exec


def one_gpu(wildcards):
    """GPUs of a job with a model."""
    return int(has_gpu())


def gpus_of_a_training(wildcards):
    """GPUs that a captioner's or a retriever's training takes."""
    return CONFIG.training.gpus if has_gpu() else 0


# `--resources gpu=N` says how many GPUs the jobs of this machine take, one each; the
# steps then choose which. Not said: all there are. 0: none, whatever there is. A
# cluster (--jobs: its nodes) counts its own.
if workflow.resource_settings.nodes is None:
    GPUS = workflow.global_resources.get("gpu").value
    if GPUS is None and has_gpu():
        workflow.register_resource("gpu", gpus.jobs_at_once(CONFIG.device))
    elif GPUS == 0:
        os.environ[gpus.VISIBLE] = ""


# Jobs that fetch clips side by side; `--resources download=N` allows N of them. They
# share one pace however many they are (audiocaps.clips_per_hour).
DOWNLOADS = 4
if workflow.global_resources.get("download").value is None:
    workflow.register_resource("download", DOWNLOADS)


def usable_cores():
    """Cores that this process may use; macOS says only how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def share_of_cores(threads):
    """What a job that uses so many threads takes from --cores.

    --cores may be more than the machine has (`--cores 8` on a laptop with two):
    more jobs side by side than cores would only slow each other down and fill the
    memory. So a job takes the share of --cores that it takes of the machine.
    """
    side_by_side = max(1, usable_cores() // threads)
    return max(1, math.ceil((workflow.resource_settings.cores or 1) / side_by_side))


def one_core(wildcards):
    """Threads of a job that keeps one core busy."""
    return share_of_cores(1)


def model_threads(wildcards):
    """Threads of a job with a model; those on a GPU only feed it."""
    return 2 if has_gpu() else share_of_cores(CONFIG.threads or os.cpu_count())


def training_threads(wildcards):
    """Threads of a captioner's or a retriever's training, whose GPUs are fed each."""
    several = CONFIG.training.gpus if has_gpu() else 1
    return several * model_threads(wildcards)


if CONFIG.selected_corpus == "embedded":
    EMBEDDED_SHARDS = sum(selected.shards(CONFIG, split) for split in CORPUS_SPLITS)
CAPTIONS_FOLDER = selected.captions_folder(CONFIG, LAYOUT)


def source_files(wildcards):
    """What must be there before a split can be decoded."""
    if CONFIG.selected_corpus == "folder":
        return literal(CAPTIONS_FOLDER / f"{wildcards.split}.csv")
    if CONFIG.selected_corpus == "audiocaps":
        mirrored = selected.mirrored(CONFIG)
        return [LAYOUT.source / f"{wildcards.split}.csv"] + (
            [LAYOUT.source / "mirror.done"] if mirrored else []
        )
    return [
        LAYOUT.source / "tags.csv",
        *(LAYOUT.source / f"audio.{shard}.done" for shard in range(EMBEDDED_SHARDS)),
    ]


def fetched(name):
    """The mark that a published file is there; a file of the user is itself."""
    if name is None:
        return []
    return PRETRAINED / f".{name}.fetched" if name in CATALOGUE else []


def encoder_input(task):
    """What a task's encoder waits for: ours, a published file's mark, or a file."""
    if steps.own_encoder(CONFIG, task):
        return LAYOUT.pretrained(task)
    name = getattr(CONFIG, task).pretrained
    if name is None or name in CATALOGUE:
        return fetched(name)
    return literal(name)


def encoder_file(task):
    """The file that a task's audio encoder starts from, or nothing."""
    if steps.own_encoder(CONFIG, task):
        return [LAYOUT.pretrained(task)]
    name = getattr(CONFIG, task).pretrained
    return [] if name is None else [place(name)]


def prepared_references(split):
    """The mark that METEOR's table and SPICE's parses are there for a split."""
    return LAYOUT.runs / "references" / f"{split}.spice-{SPICE.kind}.prepared"


def spice_parser(kind):
    """The mark that the parser of a SPICE is there; it may be fetched first."""
    return fetched("corenlp") if kind == "java" and SPICE.corenlp is None else []


def score_files(rows, seeds, split="test"):
    """Files that a table is made from: of (task, recipe, point of the grid or None)."""
    files = []
    for task, recipe, point in rows:
        for seed in seeds:
            folder = LAYOUT.evaluated(task, recipe, seed, split)
            if point is not None:
                folder = LAYOUT.point(task, recipe, seed, point)
            files += [folder / name for name in SCORE_FILES[task]]
    return files


def table_rows(name, split="test"):
    """(task, recipe, point or None) of every row of a table."""
    return evaluations.of_table(CONFIG, name, split)


def only_scores(files):
    """Of the files behind a table, those that say what they are."""
    return [path for path in map(str, files) if path.endswith("scores.json")]


def weights(task):
    """The weights in a run's folder."""
    return LAYOUT.run(task, "{recipe}", "{seed}") / "model.pt"


def beside_weights(task):
    """What else a run's folder holds that its model needs."""
    run = LAYOUT.run(task, "{recipe}", "{seed}")
    own = "vocabulary.txt" if task == "captioning" else "text_encoder"
    return [run / "settings.yaml", run / own]


def grid_files(task):
    """What the evaluation of a run's grid writes."""
    return [
        LAYOUT.point(task, "{recipe}", "{seed}", point) / name
        for point in GRID_POINTS
        for name in SCORE_FILES[task]
    ]


def sanity_rows():
    """The trainings of Tables 1 and 2, each once."""
    rows = [*table_rows("table1"), *table_rows("table2")]
    return list(dict.fromkeys((task, recipe, None) for task, recipe, _ in rows))


def run_files(name, task=None):
    """A file in every training's folder behind the tables."""
    rows = [row for table in CONFIG.tables for row in table_rows(table)]
    return list(
        dict.fromkeys(
            LAYOUT.run(own, recipe, seed) / name
            for own, recipe, _ in rows
            for seed in CONFIG.seeds
            if own == (task or own)
        )
    )


def shown(path, caption, place, content, form):
    """A file of `snakemake --report`, with its caption in rules/report/.

    Args:
        path: of the file.
        caption: name of the text, without `.rst`.
        place: its category, or a function of the wildcards.
        content: what the file has, in words.
        form: in which it has it.
    """
    labels = {"content": content, "form": form}
    return report(path, caption=f"report/{caption}.rst", category=place, labels=labels)


def category(wildcards):
    """Where a table, in any of its forms, or Figure 4 stands in the report."""
    name = wildcards.get("table") or wildcards.formatted
    return "Sweep" if name == "sweep" else f"{name[:-1].capitalize()} {name[-1]}"


STUDY = CONFIG.study


def study_runs(task=None):
    """Folders of the study's trainings, of one task or both."""
    return [
        LAYOUT.studied(arm.corpus).run(arm.task, arm.recipe, seed)
        for arm, seeds in STUDY.arms.items()
        for seed in seeds
        if arm.task == (task or arm.task)
    ]


def times(wildcards):
    """Length of a training of the study, in multiples of `updates`."""
    return int(wildcards.length.removeprefix("x") or 1)


def study_test_time(task):
    """Folders of the runs that are tested with test-time augmentation."""
    tested = STUDY.test_time
    if task not in tested.tasks:
        return []
    return [
        LAYOUT.studied(str(tested.clips)).run(task, tested.recipe, seed)
        for seed in STUDY.seeds
    ]


def study_points(folder, task):
    """Files of the scores at every point of test-time augmentation of a run."""
    return [
        folder / "tta" / point.name / name
        for point in STUDY.test_time.grid.points
        for name in SCORE_FILES[task]
    ]
