# What people read, hear and paste: the tables' other forms, Figure 3 and the page.
# None of it is part of `all`.
from workflow_src.files import file_digest
from workflow_src.metrics import sentence_similarity

# A table as tidy CSV, Markdown, LaTeX and HTML: `snakemake table_formats`.
FORMATS = ["tidy.csv", "md", "tex", "html"]


rule table_formats:
    input:
        expand(
            LAYOUT.results / "{table}.{suffix}",
            table=[*CONFIG.tables, "figure4"],
            suffix=FORMATS,
        ),


rule formats_of_table:
    input:
        FIRST_USE,
        table=LAYOUT.results / "{formatted}.csv",
    output:
        multiext(
            str(LAYOUT.results / "{formatted}"),
            *(f".{own}" for own in FORMATS if own != "html"),
        ),
        shown(
            LAYOUT.results / "{formatted}.html",
            "table",
            category,
            "table with intervals",
            "HTML",
        ),
    log:
        LAYOUT.logs / "table_formats" / "{formatted}.log",
    wildcard_constraints:
        formatted="table[1-4]|figure4|sweep",
    conda:
        "../envs/workflow.yaml"
    params:
        folder=subpath(input.table, parent=True),
    shell:
        "python -m workflow_src table-formats --table {input.table:q} --output {params.folder:q}"
        " > {log:q} 2>&1"


rule figure3:
    input:
        FIRST_USE,
        captions=LAYOUT.captions("test"),
        scores=[
            LAYOUT.run("captioning", recipe, CONFIG.seeds[0]) / "scores.json"
            for recipe in steps.examples(CONFIG).systems.values()
        ],
        beside=[
            LAYOUT.run("captioning", recipe, CONFIG.seeds[0]) / "captions.csv"
            for recipe in steps.examples(CONFIG).systems.values()
        ],
    output:
        multiext(str(LAYOUT.results / "figure3"), ".csv", ".md", ".tex"),
    log:
        LAYOUT.logs / "figure3.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.examples(CONFIG)),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src figure3 --settings {params.settings:q} --scores {input.scores:q}"
        " --captions {input.captions:q} --output {params.folder:q} > {log:q} 2>&1"


# What the captions of the tables' captioners are like, beside how well they match. How
# close they come in meaning is among it where the encoder for that is installed.
CAPTION_STATISTICS = steps.caption_statistics(CONFIG, sentence_similarity.available())
DESCRIBED = list(
    dict.fromkeys(
        ("captioning", row.recipe, row.tta) for row in CAPTION_STATISTICS.rows
    )
)


rule caption_statistics:
    input:
        FIRST_USE,
        scores=only_scores(score_files(DESCRIBED, CONFIG.seeds)),
        beside=list(
            dict.fromkeys(
                (
                    LAYOUT.run(task, recipe, seed)
                    / ("captions.csv" if point is None else "tta/captions.csv")
                )
                for task, recipe, point in DESCRIBED
                for seed in CONFIG.seeds
            )
        ),
        references=LAYOUT.captions("test"),
        train_captions=LAYOUT.captions("train"),
    output:
        shown(
            LAYOUT.results / "caption_statistics.csv",
            "caption_statistics",
            "Captions",
            "what they are like",
            "CSV",
        ),
    log:
        LAYOUT.logs / "caption_statistics.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(CAPTION_STATISTICS),
    shell:
        "python -m workflow_src caption-statistics --settings {params.settings:q}"
        " --scores {input.scores:q} --references {input.references:q}"
        " --train-captions {input.train_captions:q} --output {output:q}"
        " > {log:q} 2>&1"


# The page, and what it shows that no table needs: what retrievers find first, and the
# test-time views of one clip. The first seed's runs speak for their recipes.
PAGE_RETRIEVERS = {
    row.recipe: LAYOUT.runs / "page" / "retrieved" / f"{row.recipe}.csv"
    for name in CONFIG.tables
    for row in steps.table(CONFIG, name).rows
    if "retrieval" in row.tasks
}
PAGE_VIEWS = LAYOUT.runs / "page" / "views.npz"
# The page has the sweep where it was run, and never asks for its trainings: so it is no
# input, and its digest among the parameters makes the page anew.
PAGE_SWEEP = [LAYOUT.results / "sweep.csv"]
PAGE_SWEEP = [path for path in PAGE_SWEEP if path.exists()]
# Likewise the study: this corpus's own, or else that of the scale `study`.
PAGE_STUDY = [
    path
    for corpus in (LAYOUT.name, f"{CONFIG.selected_corpus}-study")
    if (path := LAYOUT.results.parent / corpus / "study" / "effects.csv").exists()
][:1]


rule retrieved:
    input:
        models=[
            LAYOUT.run("retrieval", "{recipe}", CONFIG.seeds[0]) / name
            for name in ("model.pt", "settings.yaml", "text_encoder")
        ],
        log_mels=LAYOUT.log_mels("panns", "test"),
        captions=LAYOUT.captions("test"),
    output:
        temp(LAYOUT.runs / "page" / "retrieved" / "{recipe}.csv"),
    log:
        LAYOUT.logs / "retrieved" / "{recipe}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        run=lambda wildcards, input: str(Path(input.models[0]).parent),
    shell:
        "python -m workflow_src retrieved --run {params.run:q}"
        " --log-mels {input.log_mels:q} --captions {input.captions:q}"
        " --output {output:q} {resources.how} > {log:q} 2>&1"


rule views:
    input:
        models=[
            LAYOUT.run("captioning", CONFIG.tta.recipe, CONFIG.seeds[0]) / name
            for name in ("model.pt", "settings.yaml", "vocabulary.txt")
        ],
        log_mels=LAYOUT.log_mels("act", "test"),
        waveforms=LAYOUT.waveforms("test"),
    output:
        temp(PAGE_VIEWS),
    log:
        LAYOUT.logs / "views.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        settings=to_json(steps.viewed(CONFIG)),
        run=lambda wildcards, input: str(Path(input.models[0]).parent),
    shell:
        "python -m workflow_src views --settings {params.settings:q} --run {params.run:q}"
        " --log-mels {input.log_mels:q} --waveforms {input.waveforms:q}"
        " --output {output:q} {resources.how} > {log:q} 2>&1"


rule page:
    input:
        FIRST_USE,
        tables=expand(LAYOUT.results / "{table}.csv", table=CONFIG.tables),
        figure4=LAYOUT.results / "figure4.csv",
        caption_statistics=LAYOUT.results / "caption_statistics.csv",
        corpus=LAYOUT.results / "corpus.csv",
        manifest=LAYOUT.manifest,
        files=[
            *(score_files(table_rows(name), CONFIG.seeds) for name in CONFIG.tables),
            score_files(FIGURE4_ROWS, CONFIG.seeds),
        ],
        beside=[
            run_files("history.csv"),
            run_files("settings.yaml"),
            run_files("captions.csv", "captioning"),
            [
                LAYOUT.run("captioning", CONFIG.tta.recipe, seed)
                / "tta"
                / "captions.csv"
                for seed in CONFIG.seeds
            ],
        ],
        captions=LAYOUT.captions("test"),
        log_mels=LAYOUT.log_mels("act", "test"),
        waveforms=LAYOUT.waveforms("test"),
        train_captions=LAYOUT.captions("train"),
        train_waveforms=LAYOUT.waveforms("train"),
        retrieved=list(PAGE_RETRIEVERS.values()),
        views=PAGE_VIEWS,
        tags=[
            LAYOUT.tags(split)
            for split in ("test", "train")
            if CONFIG.selected_corpus == "embedded"
        ],
    output:
        shown(LAYOUT.results / "report.html", "page", "Page", "everything", "HTML"),
    log:
        LAYOUT.logs / "page.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.page(CONFIG)),
        scores=lambda wildcards, input: only_scores(dict.fromkeys(input.files)),
        # Timings are no input: they differ from run to run, and a clone has none.
        logs=str(LAYOUT.logs),
        sweep=[str(path) for path in PAGE_SWEEP],
        sweep_digest=[file_digest(path) for path in PAGE_SWEEP],
        study=[str(path) for path in PAGE_STUDY],
        study_digest=[file_digest(path) for path in PAGE_STUDY],
        tags=lambda wildcards, input: input.tags[:1],
        train_tags=lambda wildcards, input: input.tags[1:],
    shell:
        "python -m workflow_src page --settings {params.settings:q} --tables {input.tables:q}"
        " --figure4 {input.figure4:q} --corpus {input.corpus:q}"
        " --manifest {input.manifest:q} --scores {params.scores:q}"
        " --captions {input.captions:q} --log-mels {input.log_mels:q}"
        " --waveforms {input.waveforms:q} --train-captions {input.train_captions:q}"
        " --train-waveforms {input.train_waveforms:q}"
        " --retrieved {input.retrieved:q} --views {input.views:q}"
        " --caption-statistics {input.caption_statistics:q} --sweep {params.sweep:q}"
        " --study {params.study:q}"
        " --tags {params.tags:q} --train-tags {params.train_tags:q}"
        " --logs {params.logs:q} --output {output:q} > {log:q} 2>&1"


# Pictures of the page in docs/: `snakemake screenshots`. Needs requirements-browser.txt
# and Chromium.
rule screenshots:
    input:
        LAYOUT.results / "report.html",
    output:
        expand(
            "docs/screenshots/{screen}-{scheme}.png",
            screen=["desktop", "phone"],
            scheme=["light", "dark"],
        ),
    log:
        LAYOUT.logs / "screenshots.log",
    conda:
        "../envs/workflow.yaml"
    params:
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src screenshots --page {input:q} --output {params.folder:q}"
        " > {log:q} 2>&1"
