# Pre-training of the audio encoders on tags, and one training per task, recipe
# and seed. A killed training goes on from its last epoch: its resume file lies
# in the run's folder and is no declared output, so Snakemake does not delete it.


# A file that needs a person (Google Drive asks some) can be put there by hand: the
# error of this rule says which file and where.
localrules:
    fetch_published,


rule fetch_published:
    output:
        touch(PRETRAINED / ".{published}.fetched"),
    log:
        "logs/fetch_{published}.log",
    conda:
        "../envs/workflow.yaml"
    resources:
        download=1,
    params:
        sums=config["pretrained_sha256"],
    shell:
        "python -m workflow_src fetch {wildcards.published} > {log} 2>&1"


rule pretrain:
    input:
        expand(LAYOUT.log_mels("{{front_end}}", "{split}"), split=["tagged", "val"]),
        expand(LAYOUT.tags("{split}"), split=["tagged", "val"]),
    output:
        LAYOUT.runs / "pretraining" / "{front_end}" / "encoder.pt",
        LAYOUT.runs / "pretraining" / "{front_end}" / "history.csv",
    log:
        LAYOUT.logs / "pretrain_{front_end}.log",
    benchmark:
        LAYOUT.logs / "pretrain_{front_end}.time.tsv"
    priority: 10
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=lambda wildcards: settings("pretraining", "audio")
        | {"model": config[task_of(wildcards.front_end)]["model"]},
    shell:
        "python -m workflow_src pretrain {wildcards.front_end} > {log} 2>&1"


rule train_captioning:
    input:
        expand(LAYOUT.captions("{split}"), split=["train", "val"]),
        expand(LAYOUT.waveforms("{split}"), split=["train"]),
        expand(LAYOUT.log_mels("act", "{split}"), split=["train", "val"]),
        LAYOUT.vocabulary,
        LAYOUT.word2vec if config["captioning"]["word2vec"] else [],
        encoder=encoder_input("captioning"),
        spice=(
            spice_parser("java")
            if config["captioning"]["training"]["selection"] == "spider"
            else []
        ),
    output:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "history.csv",
    log:
        LAYOUT.logs / "train_captioning" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "train_captioning" / "{recipe}.seed{seed}.time.tsv"
    priority: 5
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=training_sections("captioning"),
        recipe=lambda wildcards: config["recipes"].get(wildcards.recipe),
    shell:
        "python -m workflow_src train captioning {wildcards.recipe} --seed {wildcards.seed} > {log} 2>&1"


rule train_retrieval:
    input:
        expand(LAYOUT.captions("{split}"), split=["train", "val"]),
        expand(LAYOUT.waveforms("{split}"), split=["train"]),
        expand(LAYOUT.log_mels("panns", "{split}"), split=["train", "val"]),
        LAYOUT.word_pieces
        if config["retrieval"]["model"]["text_encoder"] is None
        else [],
        encoder=encoder_input("retrieval"),
        text_encoder=fetched(config["retrieval"]["model"]["text_encoder"]),
    output:
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "history.csv",
    log:
        LAYOUT.logs / "train_retrieval" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "train_retrieval" / "{recipe}.seed{seed}.time.tsv"
    priority: 5
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=training_sections("retrieval"),
        recipe=lambda wildcards: config["recipes"].get(wildcards.recipe),
    shell:
        "python -m workflow_src train retrieval {wildcards.recipe} --seed {wildcards.seed} > {log} 2>&1"
