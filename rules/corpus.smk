# The clips: synthesised, published or somebody's own; decoded into the waveform
# cache shard by shard, with the state of every clip in the manifest.
if config["corpus"] != "folder":

    include: f"corpus_{config['corpus']}.smk"


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
    resources:
        download=int(selected.downloads(config)),
    params:
        settings=settings("audio", "clips"),
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
        FIRST_USE,  # as results/corpus.csv is committed
        [LAYOUT.shard_manifest(split) for split in CORPUS_SPLITS],
    output:
        LAYOUT.manifest,
        "results/corpus.csv",
    log:
        LAYOUT.logs / "manifest.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src manifest > {log} 2>&1"
