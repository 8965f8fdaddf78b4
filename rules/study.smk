# The study of docs/study.md: the same trainings on the first clips of the training
# split, at several sizes, with several seeds. A target of its own, not part of `all`:
#   snakemake --cores 8 --resources gpu=1 --config scale=study -- study
from workflow_src.config import studied
from workflow_src.study.files import STUDY_FILES

# A part of the training corpus, and all that is learned from its captions alone.
PART = LAYOUT.data / "study" / "{clips}"
STUDIED = LAYOUT.studied("{clips}{length}")
CAPTIONER = STUDIED.run("captioning", "{recipe}", "{seed}")
RETRIEVER = STUDIED.run("retrieval", "{recipe}", "{seed}")


wildcard_constraints:
    clips=r"\d+",
    length=r"(x\d+)?",


rule study:
    input:
        expand("results/study/{file}", file=STUDY_FILES),


rule studied_captions:
    input:
        LAYOUT.captions("train"),
    output:
        PART / "captions.csv",
    log:
        LAYOUT.logs / "study" / "captions.{clips}.log",
    conda:
        "../envs/workflow.yaml"
    shell:
        "python -m workflow_src first-captions --captions {input:q}"
        " --clips {wildcards.clips} --output {output:q} > {log:q} 2>&1"


use rule vocabulary as studied_vocabulary with:
    input:
        PART / "captions.csv",
    output:
        PART / "vocabulary.txt",
    log:
        LAYOUT.logs / "study" / "vocabulary.{clips}.log",


use rule word2vec as studied_word2vec with:
    input:
        captions=PART / "captions.csv",
        vocabulary=PART / "vocabulary.txt",
    output:
        PART / "word2vec.npy",
    log:
        LAYOUT.logs / "study" / "word2vec.{clips}.log",


use rule word_pieces as studied_word_pieces with:
    input:
        PART / "captions.csv",
    output:
        directory(PART / "word_pieces"),
    log:
        LAYOUT.logs / "study" / "word_pieces.{clips}.log",


use rule train_captioning as studied_captioner with:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        captions=PART / "captions.csv",
        val_captions=LAYOUT.captions("val"),
        waveforms=LAYOUT.waveforms("train"),
        log_mels=LAYOUT.log_mels("act", "train"),
        val_log_mels=LAYOUT.log_mels("act", "val"),
        vocabulary=PART / "vocabulary.txt",
        word_vectors=PART / "word2vec.npy" if CONFIG.captioning.word2vec else [],
        encoder=encoder_input("captioning"),
        spice=(
            spice_parser("java")
            if CONFIG.captioning.training.selection == "spider"
            else []
        ),
    output:
        model=CAPTIONER / "model.pt",
        history=CAPTIONER / "history.csv",
        settings=CAPTIONER / "settings.yaml",
        vocabulary=CAPTIONER / "vocabulary.txt",
    log:
        LAYOUT.logs / "study" / "captioner.{clips}{length}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "study" / "captioner.{clips}{length}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=lambda wildcards: to_json(
            studied.captioner(
                CONFIG,
                wildcards.recipe,
                int(wildcards.seed),
                int(wildcards.clips),
                times(wildcards),
            )
        ),


use rule train_retrieval as studied_retriever with:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        captions=PART / "captions.csv",
        val_captions=LAYOUT.captions("val"),
        waveforms=LAYOUT.waveforms("train"),
        log_mels=LAYOUT.log_mels("panns", "train"),
        val_log_mels=LAYOUT.log_mels("panns", "val"),
        word_pieces=(
            PART / "word_pieces" if CONFIG.retrieval.model.text_encoder is None else []
        ),
        encoder=encoder_input("retrieval"),
        text_encoder=fetched(CONFIG.retrieval.model.text_encoder),
    output:
        model=RETRIEVER / "model.pt",
        history=RETRIEVER / "history.csv",
        settings=RETRIEVER / "settings.yaml",
        text_encoder=directory(RETRIEVER / "text_encoder"),
    log:
        LAYOUT.logs / "study" / "retriever.{clips}{length}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "study" / "retriever.{clips}{length}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=lambda wildcards: to_json(
            studied.retriever(
                CONFIG,
                wildcards.recipe,
                int(wildcards.seed),
                int(wildcards.clips),
                times(wildcards),
            )
        ),


use rule caption_split as studied_split with:
    input:
        model=CAPTIONER / "model.pt",
        beside=[CAPTIONER / "settings.yaml", CAPTIONER / "vocabulary.txt"],
        log_mels=LAYOUT.log_mels("act", "test"),
    output:
        CAPTIONER / "captions.csv",
    log:
        LAYOUT.logs / "study" / "captions.{clips}{length}.{recipe}.seed{seed}.log",


use rule score_captions as score_studied_captions with:
    input:
        run=CAPTIONER / "settings.yaml",
        candidates=CAPTIONER / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        scores=CAPTIONER / "scores.json",
        clips=CAPTIONER / "clips.csv",
        statistics=CAPTIONER / "statistics.csv",
    log:
        LAYOUT.logs / "study" / "scores.{clips}{length}.{recipe}.seed{seed}.log",


use rule score_retrieval as score_studied_retriever with:
    input:
        model=RETRIEVER / "model.pt",
        beside=[RETRIEVER / "settings.yaml", RETRIEVER / "text_encoder"],
        log_mels=LAYOUT.log_mels("panns", "test"),
        captions=LAYOUT.captions("test"),
    output:
        scores=RETRIEVER / "scores.json",
        ranks=RETRIEVER / "ranks.csv",
    log:
        LAYOUT.logs / "study" / "ranks.{clips}{length}.{recipe}.seed{seed}.log",


use rule caption_grid as studied_caption_grid with:
    input:
        model=CAPTIONER / "model.pt",
        beside=[CAPTIONER / "settings.yaml", CAPTIONER / "vocabulary.txt"],
        log_mels=LAYOUT.log_mels("act", "test"),
        waveforms=LAYOUT.waveforms("test"),
    output:
        CAPTIONER / "tta" / "captions.csv",
    log:
        LAYOUT.logs / "study" / "caption_grid.{clips}{length}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs
        / "study"
        / "caption_grid.{clips}{length}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=to_json(studied.caption_grid(CONFIG)),


use rule score_caption_grid as score_studied_caption_grid with:
    input:
        run=CAPTIONER / "settings.yaml",
        candidates=CAPTIONER / "tta" / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        study_points(CAPTIONER, "captioning"),
    log:
        LAYOUT.logs
        / "study"
        / "score_caption_grid.{clips}{length}.{recipe}.seed{seed}.log",


use rule score_retrieval_grid as score_studied_retrieval_grid with:
    input:
        model=RETRIEVER / "model.pt",
        beside=[RETRIEVER / "settings.yaml", RETRIEVER / "text_encoder"],
        log_mels=LAYOUT.log_mels("panns", "test"),
        waveforms=LAYOUT.waveforms("test"),
        captions=LAYOUT.captions("test"),
    output:
        files=study_points(RETRIEVER, "retrieval"),
    log:
        LAYOUT.logs / "study" / "retrieval_grid.{clips}{length}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs
        / "study"
        / "retrieval_grid.{clips}{length}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=to_json(studied.retrieval_grid(CONFIG)),


# All that was trained, scored: what the study's tables are made of.
STUDY_TRAININGS = [
    run / name
    for task in CLIP_FILES
    for run in study_runs(task)
    for name in (*SCORE_FILES[task], "history.csv", "settings.yaml")
]
STUDY_CAPTIONS = [run / "captions.csv" for run in study_runs("captioning")]
STUDY_TESTED = [
    path
    for task in CLIP_FILES
    for run in study_test_time(task)
    for path in study_points(run, task)
]
STUDY_PARTS = [
    LAYOUT.data / "study" / str(clips) / "captions.csv"
    for clips in dict.fromkeys(arm.clips for arm in STUDY.arms)
]


rule study_tables:
    input:
        FIRST_USE,
        runs=STUDY_TRAININGS,
        captions=STUDY_CAPTIONS,
        tested=STUDY_TESTED,
        parts=STUDY_PARTS,
        references=LAYOUT.captions("test"),
        train_captions=LAYOUT.captions("train"),
        tags=LAYOUT.tags("test") if CONFIG.selected_corpus == "embedded" else [],
    output:
        [LAYOUT.results / "study" / file for file in STUDY_FILES],
    log:
        LAYOUT.logs / "study" / "tables.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(studied.tables(CONFIG)),
        # runs/<corpus>/study/<clips>/<task>/<recipe>/seed<n>/scores.json
        runs=lambda wildcards, input: str(Path(input.runs[0]).parents[4]),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow_src study --settings {params.settings:q}"
        " --runs {params.runs:q} --references {input.references:q}"
        " --train-captions {input.train_captions:q} --tags {input.tags:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule selected_study:
    input:
        LAYOUT.results / "study" / "{file}",
    output:
        "results/study/{file}",
    log:
        LAYOUT.logs / "study" / "selected.{file}.log",
    wildcard_constraints:
        file=r"[a-z0-9_]+\.(csv|png|svg|md)",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    shell:
        "cp {input:q} {output:q} > {log:q} 2>&1"
