# The synthesised corpus, in the form in which AudioCaps arrives.


rule embedded_captions:
    input:
        ancient(LAYOUT.identities),
    output:
        expand(LAYOUT.source / "{name}.csv", name=SPLITS),
        LAYOUT.source / "tags.csv",
        LAYOUT.source / "kinds.csv",
    log:
        LAYOUT.logs / "embedded_captions.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(steps.embedded_corpus(CONFIG)),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src embedded-captions --settings {params.settings:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule embedded_audio:
    input:
        ancient(LAYOUT.identities),
    output:
        LAYOUT.source / "audio.{shard}.done",
    log:
        LAYOUT.logs / "embedded_audio.{shard}.log",
    benchmark:
        LAYOUT.logs / "embedded_audio.{shard}.time.tsv"
    priority: 20
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    params:
        settings=to_json(steps.embedded_corpus(CONFIG)),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
        shards=EMBEDDED_SHARDS,
    shell:
        "python -m workflow_src embedded-audio --settings {params.settings:q}"
        " --output {params.folder:q} --shard {wildcards.shard}"
        " --shards {params.shards} --done {output:q} > {log:q} 2>&1"
