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
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        settings=lambda wildcards: to_json(steps.front_end(CONFIG, wildcards.front_end)),
    shell:
        "python -m workflow_src log-mels --settings {params.settings:q}"
        " --waveforms {input:q}"
        " --output {output:q} {resources.how} > {log:q} 2>&1"
