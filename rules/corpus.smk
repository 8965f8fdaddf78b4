# The clips: synthesised, published or somebody's own; decoded into the waveform
# cache shard by shard, with the state of every clip in the manifest.


localrules:
    identify_corpus,


# The first of all jobs: what the corpus is, so that no other takes its folders.
rule identify_corpus:
    output:
        LAYOUT.identities,
    log:
        LAYOUT.logs / "identify_corpus.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(CORPUS),
    shell:
        "python -m workflow_src identify-corpus --settings {params.settings:q}"
        " --outputs {output:q}"
        " > {log:q} 2>&1"


if CONFIG.selected_corpus != "folder":

    include: f"corpus_{CONFIG.selected_corpus}.smk"


rule ingest:
    input:
        source_files,
        identity=ancient(LAYOUT.identities),
    output:
        temp(directory(LAYOUT.shard("{split}", "{shard}"))),
    log:
        LAYOUT.logs / "ingest" / "{split}.{shard}.log",
    priority: 20
    localrule: any(selected.downloads(CONFIG, split) for split in CORPUS_SPLITS)
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        how=how(DOWNLOADING, LOSSES),
        download=lambda wildcards: int(selected.downloads(CONFIG, wildcards.split)),
    params:
        settings=lambda wildcards: to_json(
            selected.ingest_settings(CONFIG, wildcards.split)
        ),
        shards=lambda wildcards: selected.shards(CONFIG, wildcards.split),
        folder=str(CAPTIONS_FOLDER),
        audio=str(selected.audio_folder(CONFIG, LAYOUT)),
    shell:
        "python -m workflow_src ingest --settings {params.settings:q}"
        " --split {wildcards.split}"
        " --captions-folder {params.folder:q} --audio {params.audio:q}"
        " --shard {wildcards.shard} --shards {params.shards} --output {output:q}"
        " {resources.how} > {log:q} 2>&1"


rule join:
    input:
        lambda wildcards: [
            LAYOUT.shard(wildcards.split, shard)
            for shard in range(selected.shards(CONFIG, wildcards.split))
        ],
    output:
        waveforms=directory(LAYOUT.waveforms("{split}")),
        manifest=LAYOUT.shard_manifest("{split}"),
        captions=LAYOUT.captions("{split}"),
        tags=(LAYOUT.tags("{split}") if CONFIG.selected_corpus == "embedded" else []),
    log:
        LAYOUT.logs / "join" / "{split}.log",
    wildcard_constraints:
        split="|".join(split for split in CORPUS_SPLITS if split != "tagged"),
    priority: 20
    conda:
        "../envs/workflow.yaml"
    resources:
        how=how(LOSSES),
    params:
        folder=str(CAPTIONS_FOLDER),
        test_clips=lambda wildcards: selected.test_clips(CONFIG, wildcards.split),
        # The shards are temporary: what they depend on, the joined split depends on.
        ingested=lambda wildcards: to_json(
            selected.ingest_settings(CONFIG, wildcards.split)
        ),
    shell:
        "python -m workflow_src join --split {wildcards.split}"
        " --captions-folder {params.folder:q}"
        " --test-clips {params.test_clips:q}"
        " --shards {input:q} --waveforms {output.waveforms:q}"
        " --manifest {output.manifest:q} --captions {output.captions:q}"
        " --tags {output.tags:q} {resources.how} > {log:q} 2>&1"


# Clips with tags and no caption.
use rule join as join_tagged with:
    output:
        waveforms=directory(LAYOUT.waveforms("{split}")),
        manifest=LAYOUT.shard_manifest("{split}"),
        captions=[],
        tags=LAYOUT.tags("{split}"),
    wildcard_constraints:
        split="tagged",


rule merge_manifests:
    input:
        [LAYOUT.shard_manifest(split) for split in CORPUS_SPLITS],
    output:
        LAYOUT.manifest,
    log:
        LAYOUT.logs / "merge_manifests.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src merge-manifests --manifests {input:q}"
        " --manifest {output:q} > {log:q} 2>&1"


# Clips wanted, got and lost, by split.
rule corpus_table:
    input:
        FIRST_USE,  # as it is committed
        manifest=LAYOUT.manifest,
    output:
        shown(
            LAYOUT.results / "corpus.csv", "corpus", "Corpus", "clips by split", "CSV"
        ),
    log:
        LAYOUT.logs / "corpus_table.log",
    conda:
        "../envs/workflow.yaml"
    params:
        audiocaps=(
            "--audiocaps"
            if CONFIG.selected_corpus == "audiocaps"
            else "--no-audiocaps"
        ),
    shell:
        "python -m workflow_src corpus-table --manifest {input.manifest:q}"
        " --table {output:q} {params.audiocaps} > {log:q} 2>&1"
