# The small final files.
RESULTS = expand("results/table{number}.csv", number=[1, 2, 3, 4]) + [
    "results/sanity.csv",
    "results/corpus.csv",
    "results/figure4.csv",
]


rule table:
    input:
        lambda wildcards: score_files(config, wildcards.table),
    output:
        "results/{table}.csv",
    log:
        LAYOUT.logs / "{table}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        rows=lambda wildcards: config["tables"][wildcards.table],
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src table {wildcards.table} > {log} 2>&1"


rule figure4:
    input:
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
