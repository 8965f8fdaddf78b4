# Pre-training of the audio encoders on tags, and one training per task, recipe
# and seed. A killed training goes on from its last epoch: its resume file lies
# in the run's folder and is no declared output, so Snakemake does not delete it.


# A file that needs a person (Google Drive asks some) can be put there by hand: the
# error of this rule says which file and where.
localrules:
    fetch_published,


rule fetch_published:
    output:
        PRETRAINED / ".{published}.fetched",
    log:
        "logs/fetch_{published}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        download=1,
    params:
        folder=lambda wildcards, output: str(Path(output[0]).parent),
        sums=steps.pinned_sums(CONFIG),
    shell:
        "python -m workflow_src fetch --name {wildcards.published}"
        " --sha256 {params.sums:q}"
        " --folder {params.folder:q} --done {output:q} > {log:q} 2>&1"


rule pretrain:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        log_mels=LAYOUT.log_mels("{front_end}", "tagged"),
        tags=LAYOUT.tags("tagged"),
        val_log_mels=LAYOUT.log_mels("{front_end}", "val"),
        val_tags=LAYOUT.tags("val"),
    output:
        encoder=LAYOUT.runs / "pretraining" / "{front_end}" / "encoder.pt",
        history=LAYOUT.runs / "pretraining" / "{front_end}" / "history.csv",
        settings=LAYOUT.runs / "pretraining" / "{front_end}" / "settings.yaml",
    log:
        LAYOUT.logs / "pretrain_{front_end}.log",
    benchmark:
        LAYOUT.logs / "pretrain_{front_end}.time.tsv"
    priority: 10
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE, TRAINING),
        gpu=one_gpu,
    params:
        settings=lambda wildcards: to_json(
            steps.pretraining(CONFIG, wildcards.front_end)
        ),
        run=subpath(output.encoder, parent=True),
    shell:
        "python -m workflow_src pretrain --settings {params.settings:q}"
        " --corpus {input.corpus:q}"
        " --log-mels {input.log_mels:q} --tags {input.tags:q}"
        " --val-log-mels {input.val_log_mels:q} --val-tags {input.val_tags:q}"
        " --run {params.run:q} {resources.how} > {log:q} 2>&1"


rule train_captioning:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        captions=LAYOUT.captions("train"),
        val_captions=LAYOUT.captions("val"),
        waveforms=LAYOUT.waveforms("train"),
        log_mels=LAYOUT.log_mels("act", "train"),
        val_log_mels=LAYOUT.log_mels("act", "val"),
        vocabulary=LAYOUT.vocabulary,
        word_vectors=WORD_VECTORS,
        encoder=encoder_input("captioning"),
        spice=(
            spice_parser("java")
            if CONFIG.captioning.training.selection == "spider"
            else []
        ),
    output:
        model=LAYOUT.run("captioning", "{recipe}", "{seed}") / "model.pt",
        history=LAYOUT.run("captioning", "{recipe}", "{seed}") / "history.csv",
        settings=LAYOUT.run("captioning", "{recipe}", "{seed}") / "settings.yaml",
        vocabulary=LAYOUT.run("captioning", "{recipe}", "{seed}") / "vocabulary.txt",
    log:
        LAYOUT.logs / "train_captioning" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "train_captioning" / "{recipe}.seed{seed}.time.tsv"
    priority: 5
    conda:
        "../envs/workflow.yaml"
    threads: training_threads
    resources:
        how=how(COMPUTE, TRAINING, TRUST, CORENLP),
        gpu=gpus_of_a_training,
    params:
        settings=lambda wildcards: to_json(
            steps.captioner(CONFIG, wildcards.recipe, int(wildcards.seed))
        ),
        encoder=encoder_file("captioning"),
        run=subpath(output.model, parent=True),
    shell:
        "python -m workflow_src train-captioner --settings {params.settings:q}"
        " --corpus {input.corpus:q} --captions {input.captions:q}"
        " --val-captions {input.val_captions:q} --waveforms {input.waveforms:q}"
        " --log-mels {input.log_mels:q} --val-log-mels {input.val_log_mels:q}"
        " --vocabulary {input.vocabulary:q} --word-vectors {input.word_vectors:q}"
        " --encoder {params.encoder:q} --run {params.run:q}"
        " {resources.how} > {log:q} 2>&1"


rule train_retrieval:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        captions=LAYOUT.captions("train"),
        val_captions=LAYOUT.captions("val"),
        waveforms=LAYOUT.waveforms("train"),
        log_mels=LAYOUT.log_mels("panns", "train"),
        val_log_mels=LAYOUT.log_mels("panns", "val"),
        word_pieces=WORD_PIECES,
        encoder=encoder_input("retrieval"),
        text_encoder=fetched(CONFIG.retrieval.model.text_encoder),
    output:
        model=LAYOUT.run("retrieval", "{recipe}", "{seed}") / "model.pt",
        history=LAYOUT.run("retrieval", "{recipe}", "{seed}") / "history.csv",
        settings=LAYOUT.run("retrieval", "{recipe}", "{seed}") / "settings.yaml",
        text_encoder=directory(
            LAYOUT.run("retrieval", "{recipe}", "{seed}") / "text_encoder"
        ),
    log:
        LAYOUT.logs / "train_retrieval" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "train_retrieval" / "{recipe}.seed{seed}.time.tsv"
    priority: 5
    conda:
        "../envs/workflow.yaml"
    threads: training_threads
    resources:
        how=how(COMPUTE, TRAINING, TRUST),
        gpu=gpus_of_a_training,
    params:
        settings=lambda wildcards: to_json(
            steps.retriever(CONFIG, wildcards.recipe, int(wildcards.seed))
        ),
        encoder=encoder_file("retrieval"),
        run=subpath(output.model, parent=True),
    shell:
        "python -m workflow_src train-retriever --settings {params.settings:q}"
        " --corpus {input.corpus:q} --captions {input.captions:q}"
        " --val-captions {input.val_captions:q} --waveforms {input.waveforms:q}"
        " --log-mels {input.log_mels:q} --val-log-mels {input.val_log_mels:q}"
        " --word-pieces {input.word_pieces:q} --encoder {params.encoder:q}"
        " --run {params.run:q} {resources.how} > {log:q} 2>&1"
