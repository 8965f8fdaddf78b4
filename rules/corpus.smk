# The clips: synthesised, or somebody's own; decoded into the waveform cache shard
# by shard, with the state of every clip in the manifest.


localrules:
    audiocaps_captions,
    audiocaps_mirror,


rule audiocaps_captions:
    output:
        expand(LAYOUT.data / "official" / "{name}.csv", name=SPLITS),
    params:
        settings={key: config["audiocaps"][key] for key in ("version", "captions")},
    log:
        LAYOUT.logs / "audiocaps_captions.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src audiocaps-captions > {log} 2>&1"


rule audiocaps_mirror:
    output:
        touch(LAYOUT.source / "mirror.done"),
    params:
        settings=config["audiocaps"]["huggingface"],
    log:
        LAYOUT.logs / "audiocaps_mirror.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src audiocaps-mirror > {log} 2>&1"


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


rule ingest:
    input:
        source_files,
    output:
        temp(directory(LAYOUT.shard("{split}", "{shard}"))),
    log:
        LAYOUT.logs / "ingest" / "{split}.{shard}.log",
    priority: 20
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    params:
        settings=settings("audio"),
        shards=lambda wildcards: selected.shards(config, wildcards.split),
    shell:
        "python -m workflow_src ingest {wildcards.split}"
        " --shard {wildcards.shard} --shards {params.shards} > {log} 2>&1"


rule join:
    input:
        lambda wildcards: [
            LAYOUT.shard(wildcards.split, shard)
            for shard in range(selected.shards(config, wildcards.split))
        ],
    output:
        directory(LAYOUT.waveforms("{split}")),
        LAYOUT.shard_manifest("{split}"),
        LAYOUT.captions("{split}"),
        [LAYOUT.tags("{split}")] if config["corpus"] == "embedded" else [],
    log:
        LAYOUT.logs / "join" / "{split}.log",
    wildcard_constraints:
        split="|".join(split for split in CORPUS_SPLITS if split != "tagged"),
    priority: 20
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src join {wildcards.split} > {log} 2>&1"


# Clips with tags and no caption.
use rule join as join_tagged with:
    output:
        directory(LAYOUT.waveforms("{split}")),
        LAYOUT.shard_manifest("{split}"),
        LAYOUT.tags("{split}"),
    wildcard_constraints:
        split="tagged",


rule manifest:
    input:
        [LAYOUT.shard_manifest(split) for split in CORPUS_SPLITS],
    output:
        LAYOUT.manifest,
    log:
        LAYOUT.logs / "manifest.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src manifest > {log} 2>&1"
