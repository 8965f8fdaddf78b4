# What is learned from the training captions alone.


rule vocabulary:
    input:
        LAYOUT.captions("train"),
    output:
        LAYOUT.vocabulary,
    log:
        LAYOUT.logs / "vocabulary.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src vocabulary > {log} 2>&1"


rule word2vec:
    input:
        LAYOUT.captions("train"),
        LAYOUT.vocabulary,
    output:
        LAYOUT.word2vec,
    log:
        LAYOUT.logs / "word2vec.log",
    conda:
        "../envs/workflow.yaml"
    params:
        width=config["captioning"]["model"]["decoder_width"],
    shell:
        "python -m workflow_src word2vec > {log} 2>&1"


rule word_pieces:
    input:
        LAYOUT.captions("train"),
    output:
        directory(LAYOUT.word_pieces),
    log:
        LAYOUT.logs / "word_pieces.log",
    conda:
        "../envs/workflow.yaml"
    params:
        pieces=config["retrieval"]["model"]["text_pieces"],
    shell:
        "python -m workflow_src word-pieces > {log} 2>&1"


# What is made from captions and tags alone: small, and under version control.
rule text:
    input:
        expand(LAYOUT.captions("{split}"), split=SPLITS),
        LAYOUT.manifest,
        LAYOUT.vocabulary,
        LAYOUT.word2vec if config["captioning"]["word2vec"] else [],
        LAYOUT.word_pieces
        if config["retrieval"]["model"]["text_encoder"] is None
        else [],
