# The small final files. They are committed, so each rule has FIRST_USE as an input:
# see workflow_src/versioning/provenance.py.
RESULTS = expand("results/table{number}.csv", number=[1, 2, 3, 4]) + [
    "results/sanity.csv",
    "results/corpus.csv",
    "results/figure4.csv",
    *expand("results/metrics/{recipe}.json", recipe=recipes(config)),
]


rule table:
    input:
        FIRST_USE,
        lambda wildcards: score_files(config, wildcards.table),
    output:
        "results/{table}.csv",
    log:
        LAYOUT.logs / "{table}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        split=evaluated_split,
        rows=lambda wildcards: config["tables"][wildcards.table],
        settings=settings("metrics"),
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src table {wildcards.table} --split {params.split} > {log} 2>&1"


rule figure4:
    input:
        FIRST_USE,
        [path for task in CLIP_FILES for path in grid_files(config, task)],
        [
            LAYOUT.run(task, config["tta"]["recipe"], seed) / name
            for task in CLIP_FILES
            for seed in config["seeds"]
            for name in ("scores.json", CLIP_FILES[task])
        ],
    output:
        "results/figure4.csv",
        "results/figure4.png",
        "results/figure4.svg",
    log:
        LAYOUT.logs / "figure4.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=settings("tta", "metrics"),
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src figure4 > {log} 2>&1"


# Section 4.3: a target of its own, not part of `all`.
rule sweep:
    input:
        FIRST_USE,
        sweep_files(config),
    output:
        "results/sweep.csv",
        "results/sweep.png",
        "results/sweep.svg",
    log:
        LAYOUT.logs / "sweep.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=settings("sweep", "metrics"),
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src sweep > {log} 2>&1"


# Which middle layer suits retrieval, on validation: a target of its own.
rule layer_search:
    input:
        FIRST_USE,
        [
            LAYOUT.run("retrieval", config["tta"]["recipe"], seed) / "model.pt"
            for seed in config["seeds"]
        ],
        LAYOUT.log_mels("panns", "val"),
        LAYOUT.waveforms("val"),
        LAYOUT.captions("val"),
    output:
        "results/layer_search.csv",
    log:
        LAYOUT.logs / "layer_search.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=settings("tta", "augmentations"),
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src layer-search > {log} 2>&1"


# The pictures of docs/: `snakemake docs/augmentations.md`.
rule pictures:
    input:
        LAYOUT.waveforms("train"),
        LAYOUT.captions("train"),
    output:
        "docs/augmentations.md",
        "docs/learning_rates.svg",
        directory("docs/augmentations"),
    log:
        LAYOUT.logs / "pictures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=settings("augmentations"),
    shell:
        "python -m workflow_src pictures > {log} 2>&1"


rule sanity:
    input:
        FIRST_USE,
        score_files(config, "table1"),
        score_files(config, "table2"),
        LAYOUT.captions("train"),
        LAYOUT.captions("test"),
    output:
        "results/sanity.csv",
    log:
        LAYOUT.logs / "sanity.log",
    conda:
        "../envs/workflow.yaml"
    params:
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src sanity > {log} 2>&1"


rule metrics:
    input:
        expand("results/{table}.csv", table=METRICS_TABLES),
        FIRST_USE,
    output:
        expand("results/metrics/{recipe}.json", recipe=recipes(config)),
    log:
        LAYOUT.logs / "metrics.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src metrics > {log} 2>&1"
