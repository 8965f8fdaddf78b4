# AudioCaps as it is published: its captions, and a mirror of its audio. Audio from
# elsewhere is fetched where it is decoded, by the jobs of `ingest`.


localrules:
    audiocaps_captions,
    audiocaps_mirror,


rule audiocaps_captions:
    output:
        expand(LAYOUT.source / "{name}.csv", name=SPLITS),
    log:
        LAYOUT.logs / "audiocaps_captions.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings={key: config["audiocaps"][key] for key in ("version", "captions")},
    shell:
        "python -m workflow_src audiocaps-captions > {log} 2>&1"


rule audiocaps_mirror:
    output:
        touch(LAYOUT.source / "mirror.done"),
    log:
        LAYOUT.logs / "audiocaps_mirror.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=config["audiocaps"]["huggingface"],
    shell:
        "python -m workflow_src audiocaps-mirror > {log} 2>&1"
