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
        "python -m workflow_src vocabulary --captions {input:q}"
        " --output {output:q} > {log:q} 2>&1"


rule word2vec:
    input:
        captions=LAYOUT.captions("train"),
        vocabulary=LAYOUT.vocabulary,
    output:
        LAYOUT.word2vec,
    log:
        LAYOUT.logs / "word2vec.log",
    conda:
        "../envs/workflow.yaml"
    params:
        width=steps.word2vec_width(CONFIG),
    shell:
        "python -m workflow_src word2vec --captions {input.captions:q}"
        " --vocabulary {input.vocabulary:q} --width {params.width}"
        " --output {output:q} > {log:q} 2>&1"


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
        size=steps.word_pieces_size(CONFIG),
    shell:
        "python -m workflow_src word-pieces --captions {input:q} --size {params.size}"
        " --output {output:q} > {log:q} 2>&1"


WORD_VECTORS = LAYOUT.word2vec if CONFIG.captioning.word2vec else []
WORD_PIECES = LAYOUT.word_pieces if CONFIG.retrieval.model.text_encoder is None else []


# What is made from captions and tags alone: small, and under version control.
TEXT = [
    *(LAYOUT.captions(split) for split in SPLITS),
    LAYOUT.manifest,
    LAYOUT.vocabulary,
    WORD_VECTORS,
    WORD_PIECES,
]


rule text:
    input:
        TEXT,


# All that lies in data/<corpus>/, with the log-mels that the models of the tables see.
rule features:
    input:
        TEXT,
        [
            LAYOUT.log_mels(front_end, split)
            for task, front_end in FRONT_ENDS.items()
            for split in [
                *SPLITS,
                *(["tagged"] if steps.own_encoder(CONFIG, task) else []),
            ]
        ],
