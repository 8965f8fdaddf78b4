# AudioCaps as it is published: its captions, and a mirror of its audio. Audio from
# elsewhere is fetched where it is decoded, by the jobs of `ingest`.


localrules:
    audiocaps_captions,
    audiocaps_mirror,


# Looked at before anything is fetched; what the corpus will need on the disk.
TAKEN = ["--taken", to_json(CONFIG.audiocaps.taken)]
DISK = ["--samples", CONFIG.clip_form.samples] + [
    "--keeps-audio" if selected.keeps_audio(CONFIG) else "--no-keeps-audio"
]


rule audiocaps_captions:
    input:
        ancient(LAYOUT.identities),
    output:
        expand(LAYOUT.source / "{name}.csv", name=SPLITS),
    log:
        LAYOUT.logs / "audiocaps_captions.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        how=how(DOWNLOADING, TAKEN, DISK),
    params:
        settings=to_json(steps.audiocaps_captions(CONFIG)),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src audiocaps-captions --settings {params.settings:q}"
        " --output {params.folder:q}"
        " {resources.how} > {log:q} 2>&1"


rule audiocaps_mirror:
    input:
        expand(LAYOUT.source / "{name}.csv", name=SPLITS),
    output:
        LAYOUT.source / "mirror.done",
    log:
        LAYOUT.logs / "audiocaps_mirror.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        how=how(DOWNLOADING),
        download=1,
    params:
        settings=to_json(selected.mirror_settings(CONFIG)),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src audiocaps-mirror --settings {params.settings:q}"
        " --captions-folder {params.folder:q} --audio {params.folder:q}/audio"
        " --done {output:q} {resources.how} > {log:q} 2>&1"
