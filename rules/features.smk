# The log-mel cache of each front end.


rule log_mels:
    input:
        LAYOUT.waveforms("{split}"),
    output:
        directory(LAYOUT.log_mels("{front_end}", "{split}")),
    log:
        LAYOUT.logs / "log_mels" / "{front_end}.{split}.log",
    benchmark:
        LAYOUT.logs / "log_mels" / "{front_end}.{split}.time.tsv"
    priority: 15
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        gpu=int(has_gpu()),
    params:
        hop=lambda wildcards: config[task_of(wildcards.front_end)]["hop"],
    shell:
        "python -m workflow_src log-mels {wildcards.front_end} {wildcards.split} > {log} 2>&1"
