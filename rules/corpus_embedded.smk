# The synthesised corpus, in the form in which AudioCaps arrives.


rule embedded_captions:
    output:
        expand(LAYOUT.source / "{name}.csv", name=SPLITS),
        LAYOUT.source / "tags.csv",
        LAYOUT.source / "kinds.csv",
    log:
        LAYOUT.logs / "embedded_captions.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=settings("embedded", "audio"),
    shell:
        "python -m workflow_src embedded-captions > {log} 2>&1"


rule embedded_audio:
    output:
        touch(LAYOUT.source / "audio.{shard}.done"),
    log:
        LAYOUT.logs / "embedded_audio.{shard}.log",
    benchmark:
        LAYOUT.logs / "embedded_audio.{shard}.time.tsv"
    priority: 20
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    params:
        settings=settings("embedded", "audio"),
        shards=EMBEDDED_SHARDS,
    shell:
        "python -m workflow_src embedded-audio --shard {wildcards.shard} --shards {params.shards}"
        " > {log} 2>&1"
