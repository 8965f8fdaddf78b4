# The small final files, in results/<corpus>/. Those of the demo are committed, so each
# rule has FIRST_USE as an input: see workflow_src/versioning/provenance.py.
from workflow_src.report.headlines import TABLES as HEADLINE_TABLES

HEADLINE_RECIPES = list(
    dict.fromkeys(
        row.recipe for name in HEADLINE_TABLES for row in CONFIG.tables[name].rows
    )
)
RESULT_FILES = [
    *(f"table{number}.csv" for number in (1, 2, 3, 4)),
    "sanity.csv",
    "corpus.csv",
    "figure4.csv",
    "figure4.png",
    "figure4.svg",
]
RESULTS = [
    *(LAYOUT.results / name for name in RESULT_FILES),
    *(LAYOUT.results / "metrics" / f"{recipe}.json" for recipe in HEADLINE_RECIPES),
    LAYOUT.results / "corpus.yaml",
    *(Path("results") / name for name in RESULT_FILES),
]


# On a cluster: small enough for the node that one types on.
localrules:
    first_use,
    corpus_of_results,
    selected_result,
    table,
    figure4,
    sweep_table,
    sanity,
    headlines,


# Newer than what was committed, in a clone where nothing has run yet.
rule first_use:
    output:
        FIRST_USE,
    log:
        LAYOUT.logs / "first_use.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "touch {output:q} > {log:q} 2>&1"


# What is typed, `results/table4.csv`, is the selected corpus's.
rule selected_result:
    input:
        LAYOUT.results / "{file}",
    output:
        "results/{file}",
    log:
        LAYOUT.logs / "selected_result" / "{file}.log",
    wildcard_constraints:
        file=r"[a-z0-9_]+\.(csv|png|svg|html|md|tex)",
    conda:
        "../envs/workflow.yaml"
    params:
        corpus=LAYOUT.name,
    shell:
        "cp {input:q} {output:q} > {log:q} 2>&1"


rule corpus_of_results:
    input:
        FIRST_USE,
    output:
        LAYOUT.results / "corpus.yaml",
    log:
        LAYOUT.logs / "corpus_of_results.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(CORPUS),
    shell:
        "python -m workflow_src identify-corpus --settings {params.settings:q}"
        " --outputs {output:q}"
        " > {log:q} 2>&1"


rule table:
    input:
        FIRST_USE,
        files=lambda wildcards: score_files(table_rows(wildcards.table), CONFIG.seeds),
    output:
        shown(
            LAYOUT.results / "{table}.csv",
            "table",
            category,
            "all figures",
            "CSV",
        ),
    log:
        LAYOUT.logs / "{table}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=lambda wildcards: to_json(steps.table(CONFIG, wildcards.table)),
        scores=lambda wildcards, input: only_scores(input.files),
    shell:
        "python -m workflow_src table --settings {params.settings:q}"
        " --scores {params.scores:q}"
        " --output {output:q} > {log:q} 2>&1"


FIGURE4_ROWS = evaluations.of_figure4(CONFIG)


rule figure4:
    input:
        FIRST_USE,
        files=score_files(FIGURE4_ROWS, CONFIG.seeds),
    output:
        table=shown(
            LAYOUT.results / "figure4.csv", "figure4", "Figure 4", "all figures", "CSV"
        ),
        pictures=[
            LAYOUT.results / "figure4.png",
            shown(
                LAYOUT.results / "figure4.svg", "figure4", "Figure 4", "picture", "SVG"
            ),
        ],
    log:
        LAYOUT.logs / "figure4.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.figure4(CONFIG)),
        scores=lambda wildcards, input: only_scores(input.files),
    shell:
        "python -m workflow_src figure4 --settings {params.settings:q}"
        " --scores {params.scores:q}"
        " --output {output.table:q} --pictures {output.pictures:q} > {log:q} 2>&1"


# All trainings and evaluations behind the tables: what lies in runs/<corpus>/.
rule runs:
    input:
        LAYOUT.identities[1],
        [score_files(table_rows(name), CONFIG.seeds) for name in CONFIG.tables],
        score_files(FIGURE4_ROWS, CONFIG.seeds),


# Section 4.3: a target of its own, not part of `all`.
rule sweep:
    input:
        expand("results/sweep.{suffix}", suffix=["csv", "png", "svg"]),


rule sweep_table:
    input:
        FIRST_USE,
        files=score_files(
            [
                (task, cell.recipe.name, None)
                for cell in CONFIG.sweep_cells
                for task in CLIP_FILES
            ],
            CONFIG.seeds,
        ),
    output:
        table=shown(
            LAYOUT.results / "sweep.csv", "sweep", "Sweep", "all figures", "CSV"
        ),
        pictures=[
            LAYOUT.results / "sweep.png",
            shown(LAYOUT.results / "sweep.svg", "sweep", "Sweep", "picture", "SVG"),
        ],
    log:
        LAYOUT.logs / "sweep.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.sweep(CONFIG)),
        scores=lambda wildcards, input: only_scores(input.files),
    shell:
        "python -m workflow_src sweep --settings {params.settings:q}"
        " --scores {params.scores:q}"
        " --output {output.table:q} --pictures {output.pictures:q} > {log:q} 2>&1"


# Which middle layer suits retrieval, on validation: a target of its own.
rule layer_search:
    input:
        FIRST_USE,
        models=[
            LAYOUT.run("retrieval", CONFIG.tta.recipe, seed) / name
            for seed in CONFIG.seeds
            for name in ("model.pt", "settings.yaml", "text_encoder")
        ],
        log_mels=LAYOUT.log_mels("panns", "val"),
        waveforms=LAYOUT.waveforms("val"),
        captions=LAYOUT.captions("val"),
    output:
        LAYOUT.results / "layer_search.csv",
    log:
        LAYOUT.logs / "layer_search.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE, VIEWS),
        gpu=one_gpu,
    params:
        settings=to_json(steps.layer_search(CONFIG)),
        runs=lambda wildcards, input: [
            str(Path(path).parent)
            for path in input.models
            if path.endswith("model.pt")
        ],
    shell:
        "python -m workflow_src layer-search --settings {params.settings:q}"
        " --runs {params.runs:q}"
        " --log-mels {input.log_mels:q} --waveforms {input.waveforms:q}"
        " --captions {input.captions:q} --output {output:q}"
        " {resources.how} > {log:q} 2>&1"


# The picture of the method in the README: `snakemake docs/method.png`.
rule method_figure:
    output:
        "docs/method.png",
    log:
        LAYOUT.logs / "method_figure.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src method-figure --output {output:q} > {log:q} 2>&1"


# The pictures of docs/: `snakemake docs/augmentations.md`.
rule pictures:
    input:
        waveforms=LAYOUT.waveforms("train"),
        captions=LAYOUT.captions("train"),
    output:
        page="docs/augmentations.md",
        learning_rates="docs/learning_rates.svg",
        pictures=directory("docs/augmentations"),
    log:
        LAYOUT.logs / "pictures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.pictures(CONFIG)),
    shell:
        "python -m workflow_src pictures --settings {params.settings:q}"
        " --waveforms {input.waveforms:q} --captions {input.captions:q}"
        " --page {output.page:q} --pictures {output.pictures:q}"
        " --learning-rates {output.learning_rates:q} > {log:q} 2>&1"


rule sanity:
    input:
        FIRST_USE,
        scores=only_scores(score_files(sanity_rows(), CONFIG.seeds[:1])),
        train_captions=LAYOUT.captions("train"),
        test_captions=LAYOUT.captions("test"),
    output:
        shown(
            LAYOUT.results / "sanity.csv", "sanity", "Sanity", "trivial systems", "CSV"
        ),
    log:
        LAYOUT.logs / "sanity.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src sanity --scores {input.scores:q}"
        " --train-captions {input.train_captions:q}"
        " --test-captions {input.test_captions:q} --output {output:q}"
        " > {log:q} 2>&1"


rule headlines:
    input:
        FIRST_USE,
        tables=expand(LAYOUT.results / "{table}.csv", table=HEADLINE_TABLES),
    output:
        expand(LAYOUT.results / "metrics" / "{recipe}.json", recipe=HEADLINE_RECIPES),
    log:
        LAYOUT.logs / "headlines.log",
    conda:
        "../envs/workflow.yaml"
    params:
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src headlines --tables {input.tables:q}"
        " --output {params.folder:q}"
        " > {log:q} 2>&1"


include: "page.smk"
