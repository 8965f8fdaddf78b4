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
    params:
        rows=lambda wildcards: config["tables"][wildcards.table],
        corpus=LAYOUT.name,
    shell:
        "{STEP} table {wildcards.table} > {log} 2>&1"


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
    params:
        corpus=LAYOUT.name,
    shell:
        "{STEP} sanity > {log} 2>&1"
