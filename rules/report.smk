# The small final files. They are committed, so each rule has FIRST_USE as an input:
# see workflow_src/versioning/provenance.py.
RESULTS = expand("results/table{number}.csv", number=[1, 2, 3, 4]) + [
    "results/sanity.csv",
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
        rows=lambda wildcards: config["tables"][wildcards.table],
        corpus=LAYOUT.name,
    shell:
        "python -m workflow_src table {wildcards.table} > {log} 2>&1"


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
