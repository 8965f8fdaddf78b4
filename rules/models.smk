# The method on models beside the paper's (docs/models.md): each entry of `models` in
# config.yaml, trained, tested and tabulated. Targets of their own, not part of `all`:
#   snakemake --cores 8 --resources gpu=1 models
#   snakemake --cores 8 --resources gpu=1 likelihood
from workflow_src.config import modelled


include: "models_common.smk"


MODEL = LAYOUT.of_model("{model}")
MODEL_CAPTIONER = MODEL.run("captioning", "{recipe}", "{seed}")
MODEL_RETRIEVER = MODEL.run("retrieval", "{recipe}", "{seed}")
MODEL_RUN = MODEL.run("{task}", "{recipe}", "{seed}")
CHECKPOINTS = modelled.checkpoints(CONFIG)


wildcard_constraints:
    model="[a-z0-9_]+",
    features="[a-z0-9_]+-[0-9a-f]+",


# (run's folder, task, recipe) of every training of `models`.
MODEL_RUNS = [
    (LAYOUT.of_model(entry.name).run(entry.task, recipe, seed), entry.task, recipe)
    for entry in CONFIG.models.entries
    for recipe in CONFIG.models.recipes
    for seed in CONFIG.seeds
]
MODEL_POINT = CONFIG.models.grid.points[0].name
MODEL_SCORES = [run / name for run, task, _ in MODEL_RUNS for name in SCORE_FILES[task]]
MODEL_POINTS = [
    run / "tta" / MODEL_POINT / name
    for run, task, recipe in MODEL_RUNS
    if recipe == CONFIG.models.pairmix
    for name in SCORE_FILES[task]
]


rule models:
    input:
        LAYOUT.results / "models.csv",


rule likelihood:
    input:
        LAYOUT.results / "likelihood_retrieval.csv",


rule fetch_checkpoint:
    output:
        "pretrained/hub/{checkpoint}/{revision}/.fetched",
    log:
        "logs/fetch_checkpoint/{checkpoint}.{revision}.log",
    wildcard_constraints:
        checkpoint="[^/]+",
        revision="[0-9a-f]{40}",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    resources:
        download=1,
    params:
        name=lambda wildcards, output: CHECKPOINTS[
            str(Path(output[0]).parent)
        ].checkpoint,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m workflow_src fetch-checkpoint --name {params.name:q}"
        " --revision {wildcards.revision:q} --folder {params.folder:q}"
        " --done {output:q} > {log:q} 2>&1"


rule model_features:
    input:
        waveforms=LAYOUT.waveforms("{split}"),
        checkpoint=lambda wildcards: checkpoints_of([features_of(wildcards)]),
    output:
        directory(LAYOUT.features("{features}", "{split}")),
    log:
        LAYOUT.logs / "model_features" / "{features}.{split}.log",
    benchmark:
        LAYOUT.logs / "model_features" / "{features}.{split}.time.tsv"
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        settings=lambda wildcards: to_json(
            modelled.features(CONFIG, wildcards.features)
        ),
    shell:
        "python -m workflow_src model-features --settings {params.settings:q}"
        " --waveforms {input.waveforms:q} --output {output:q}"
        " {resources.how} > {log:q} 2>&1"


rule train_model:
    input:
        corpus=ancient(LAYOUT.identities[0]),
        captions=LAYOUT.captions("train"),
        val_captions=LAYOUT.captions("val"),
        waveforms=LAYOUT.waveforms("train"),
        features=model_features("train"),
        val_features=model_features("val"),
        vocabulary=LAYOUT.vocabulary,
        word_pieces=LAYOUT.word_pieces,
        checkpoints=lambda wildcards: checkpoints_of(of_model(wildcards).parts),
    output:
        model=MODEL_RUN / "model.pt",
        history=MODEL_RUN / "history.csv",
        settings=MODEL_RUN / "settings.yaml",
        vocabulary=MODEL_RUN / "vocabulary.txt",
        form=directory(MODEL_RUN / "form"),
    log:
        LAYOUT.logs / "train_model" / "{model}.{task}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "train_model" / "{model}.{task}.{recipe}.seed{seed}.time.tsv"
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE, TRAINING),
        gpu=one_gpu,
    params:
        settings=lambda wildcards: to_json(
            modelled.training(
                CONFIG, wildcards.model, wildcards.recipe, int(wildcards.seed)
            )
        ),
        run=subpath(output.model, parent=True),
    shell:
        "python -m workflow_src train-model --settings {params.settings:q}"
        " --corpus {input.corpus:q} --captions {input.captions:q}"
        " --val-captions {input.val_captions:q} --waveforms {input.waveforms:q}"
        " --features {input.features:q} --val-features {input.val_features:q}"
        " --vocabulary {input.vocabulary:q} --word-pieces {input.word_pieces:q}"
        " --run {params.run:q} {resources.how} > {log:q} 2>&1"


use rule caption_split as model_captions with:
    input:
        model=MODEL_CAPTIONER / "model.pt",
        beside=[MODEL_CAPTIONER / "settings.yaml", MODEL_CAPTIONER / "form"],
        log_mels=model_features("test"),
    output:
        MODEL_CAPTIONER / "captions.csv",
    log:
        LAYOUT.logs / "model_captions" / "{model}.{recipe}.seed{seed}.log",


use rule score_captions as score_model_captions with:
    input:
        run=MODEL_CAPTIONER / "settings.yaml",
        candidates=MODEL_CAPTIONER / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        scores=MODEL_CAPTIONER / "scores.json",
        clips=MODEL_CAPTIONER / "clips.csv",
        statistics=MODEL_CAPTIONER / "statistics.csv",
    log:
        LAYOUT.logs / "score_model_captions" / "{model}.{recipe}.seed{seed}.log",


use rule caption_grid as model_caption_grid with:
    input:
        model=MODEL_CAPTIONER / "model.pt",
        beside=[MODEL_CAPTIONER / "settings.yaml", MODEL_CAPTIONER / "form"],
        log_mels=model_features("test"),
        waveforms=LAYOUT.waveforms("test"),
    output:
        MODEL_CAPTIONER / "tta" / "captions.csv",
    log:
        LAYOUT.logs / "model_caption_grid" / "{model}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "model_caption_grid" / "{model}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=to_json(modelled.caption_grid(CONFIG)),


use rule score_caption_grid as score_model_caption_grid with:
    input:
        run=MODEL_CAPTIONER / "settings.yaml",
        candidates=MODEL_CAPTIONER / "tta" / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        [
            MODEL_CAPTIONER / "tta" / MODEL_POINT / name
            for name in SCORE_FILES["captioning"]
        ],
    log:
        LAYOUT.logs / "score_model_caption_grid" / "{model}.{recipe}.seed{seed}.log",


use rule score_retrieval as score_model_retrieval with:
    input:
        model=MODEL_RETRIEVER / "model.pt",
        beside=[MODEL_RETRIEVER / "settings.yaml", MODEL_RETRIEVER / "form"],
        log_mels=model_features("test"),
        captions=LAYOUT.captions("test"),
    output:
        scores=MODEL_RETRIEVER / "scores.json",
        ranks=MODEL_RETRIEVER / "ranks.csv",
    log:
        LAYOUT.logs / "score_model_retrieval" / "{model}.{recipe}.seed{seed}.log",


use rule score_retrieval_grid as score_model_retrieval_grid with:
    input:
        model=MODEL_RETRIEVER / "model.pt",
        beside=[MODEL_RETRIEVER / "settings.yaml", MODEL_RETRIEVER / "form"],
        log_mels=model_features("test"),
        waveforms=LAYOUT.waveforms("test"),
        captions=LAYOUT.captions("test"),
    output:
        files=[
            MODEL_RETRIEVER / "tta" / MODEL_POINT / name
            for name in SCORE_FILES["retrieval"]
        ],
    log:
        LAYOUT.logs / "score_model_retrieval_grid" / "{model}.{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs
        / "score_model_retrieval_grid"
        / "{model}.{recipe}.seed{seed}.time.tsv"
    params:
        settings=to_json(modelled.retrieval_grid(CONFIG)),
        run=subpath(input.model, parent=True),
        folder=lambda wildcards, output: str(Path(output.files[0]).parent.parent),


rule models_table:
    input:
        FIRST_USE,
        scores=[*MODEL_SCORES, *MODEL_POINTS],
        runs=[run / "settings.yaml" for run, _, _ in MODEL_RUNS],
    output:
        LAYOUT.results / "models.csv",
    log:
        LAYOUT.logs / "models_table.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(modelled.table(CONFIG)),
        scores=lambda wildcards, input: only_scores(input.scores),
        runs=LAYOUT.runs / "models",
    shell:
        "python -m workflow_src models-table --settings {params.settings:q}"
        " --scores {params.scores:q} --runs {params.runs:q}"
        " --output {output:q} > {log:q} 2>&1"


# Captioners as retrievers. The paper's captioner is the model `act`.
CAPTIONER_RUNS = [
    (modelled.PAPER_CAPTIONER, LAYOUT.run("captioning", recipe, seed))
    for recipe in CONFIG.models.recipes
    for seed in CONFIG.seeds
] + [
    (entry.name, LAYOUT.of_model(entry.name).run(entry.task, recipe, seed))
    for entry in CONFIG.models.entries
    for recipe in CONFIG.models.recipes
    for seed in CONFIG.seeds
    if entry.task == "captioning"
]
LIKELIHOODS = [
    (name, run / "likelihood" / score)
    for name, run in CAPTIONER_RUNS
    for score in ("likelihood", "likelihood-prior")
]


rule score_likelihood:
    input:
        model=weights("captioning"),
        beside=beside_weights("captioning"),
        log_mels=LAYOUT.log_mels("act", "test"),
        captions=LAYOUT.captions("test"),
    output:
        files=likelihood_files(LAYOUT.run("captioning", "{recipe}", "{seed}")),
    log:
        LAYOUT.logs / "score_likelihood" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        settings=to_json(modelled.likelihood(CONFIG)),
        run=subpath(input.model, parent=True),
        folder=lambda wildcards, output: str(Path(output.files[0]).parent.parent),
    shell:
        "python -m workflow_src score-likelihood --settings {params.settings:q}"
        " --run {params.run:q} --log-mels {input.log_mels:q}"
        " --captions {input.captions:q} --output {params.folder:q}"
        " {resources.how} > {log:q} 2>&1"


use rule score_likelihood as score_model_likelihood with:
    input:
        model=MODEL_CAPTIONER / "model.pt",
        beside=[MODEL_CAPTIONER / "settings.yaml", MODEL_CAPTIONER / "form"],
        log_mels=model_features("test"),
        captions=LAYOUT.captions("test"),
    output:
        files=likelihood_files(MODEL_CAPTIONER),
    log:
        LAYOUT.logs / "score_model_likelihood" / "{model}.{recipe}.seed{seed}.log",


rule likelihood_table:
    input:
        FIRST_USE,
        files=[path for _, run in CAPTIONER_RUNS for path in likelihood_files(run)],
    output:
        LAYOUT.results / "likelihood_retrieval.csv",
    log:
        LAYOUT.logs / "likelihood_table.log",
    conda:
        "../envs/workflow.yaml"
    params:
        settings=to_json(modelled.likelihood_table(CONFIG)),
        scores=[folder / "scores.json" for _, folder in LIKELIHOODS],
        models=[name for name, _ in LIKELIHOODS],
    shell:
        "python -m workflow_src likelihood-table --settings {params.settings:q}"
        " --scores {params.scores:q} --models {params.models:q}"
        " --output {output:q} > {log:q} 2>&1"
