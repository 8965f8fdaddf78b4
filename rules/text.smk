# What is learned from the training captions alone.


rule vocabulary:
    input:
        LAYOUT.captions("train"),
    output:
        LAYOUT.vocabulary,
    log:
        LAYOUT.logs / "vocabulary.log",
    shell:
        "{STEP} vocabulary > {log} 2>&1"


rule word2vec:
    input:
        LAYOUT.captions("train"),
        LAYOUT.vocabulary,
    output:
        LAYOUT.word2vec,
    log:
        LAYOUT.logs / "word2vec.log",
    params:
        width=config["captioning"]["model"]["decoder_width"],
    shell:
        "{STEP} word2vec > {log} 2>&1"


rule word_pieces:
    input:
        LAYOUT.captions("train"),
    output:
        directory(LAYOUT.word_pieces),
    log:
        LAYOUT.logs / "word_pieces.log",
    params:
        pieces=config["retrieval"]["model"]["text_pieces"],
    shell:
        "{STEP} word-pieces > {log} 2>&1"
