# The small final files.
RESULTS = expand("results/table{number}.csv", number=[1, 2, 3, 4]) + [
    "results/sanity.csv"
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
