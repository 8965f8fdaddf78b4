# What the trained models say on the test split, and how good it is.


rule caption:
    input:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("act", "test"),
        LAYOUT.vocabulary,
    output:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "captions.csv",
    log:
        LAYOUT.logs / "caption" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=config["captioning"]["decoding"],
        split=evaluated_split,
    shell:
        "python -m workflow_src caption {wildcards.recipe} --seed {wildcards.seed}"
        " --split {params.split} > {log} 2>&1"


# Once for all runs: with the official SPICE this takes most of its time.
rule prepare_references:
    input:
        LAYOUT.captions("{split}"),
        spice_parser(SPICE.kind),
    output:
        touch(prepared_references("{split}")),
    log:
        LAYOUT.logs / "prepare_references" / "{split}.log",
    priority: 9
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    shell:
        "python -m workflow_src prepare-references --split {wildcards.split} > {log} 2>&1"


rule score_captions:
    input:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "captions.csv",
        LAYOUT.captions("test"),
        prepared_references("test"),
    output:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "scores.json",
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "clips.csv",
    log:
        LAYOUT.logs / "score_captions" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    params:
        split=evaluated_split,
        spice=SPICE.kind,
    shell:
        "python -m workflow_src evaluate captioning {wildcards.recipe}"
        " --seed {wildcards.seed} --split {params.split} > {log} 2>&1"


rule caption_grid:
    input:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("act", "test"),
        LAYOUT.waveforms("test"),
        LAYOUT.vocabulary,
    output:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "tta" / "captions.csv",
    log:
        LAYOUT.logs / "caption_grid" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "caption_grid" / "{recipe}.seed{seed}.time.tsv"
    priority: 8
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=grid_settings() | {"decoding": config["captioning"]["decoding"]},
    shell:
        "python -m workflow_src caption-grid {wildcards.recipe}"
        " --seed {wildcards.seed} > {log} 2>&1"


rule score_caption_grid:
    input:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "tta" / "captions.csv",
        LAYOUT.captions("test"),
        prepared_references("test"),
    output:
        [
            LAYOUT.run("captioning", "{recipe}", "{seed}") / "tta" / point / name
            for point in GRID_POINTS
            for name in ("scores.json", CLIP_FILES["captioning"])
        ],
    log:
        LAYOUT.logs / "score_caption_grid" / "{recipe}.seed{seed}.log",
    priority: 8
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    params:
        spice=SPICE.kind,
    shell:
        "python -m workflow_src evaluate-grid captioning {wildcards.recipe}"
        " --seed {wildcards.seed} > {log} 2>&1"


rule score_retrieval_grid:
    input:
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("panns", "test"),
        LAYOUT.waveforms("test"),
        LAYOUT.captions("test"),
    output:
        [
            LAYOUT.run("retrieval", "{recipe}", "{seed}") / "tta" / point / name
            for point in GRID_POINTS
            for name in ("scores.json", CLIP_FILES["retrieval"])
        ],
    log:
        LAYOUT.logs / "score_retrieval_grid" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "score_retrieval_grid" / "{recipe}.seed{seed}.time.tsv"
    priority: 8
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        settings=grid_settings(),
    shell:
        "python -m workflow_src evaluate-grid retrieval {wildcards.recipe}"
        " --seed {wildcards.seed} > {log} 2>&1"


rule score_retrieval:
    input:
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("panns", "test"),
        LAYOUT.captions("test"),
    output:
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "scores.json",
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "ranks.csv",
    log:
        LAYOUT.logs / "score_retrieval" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        gpu=int(has_gpu()),
    params:
        split=evaluated_split,
    shell:
        "python -m workflow_src evaluate retrieval {wildcards.recipe}"
        " --seed {wildcards.seed} --split {params.split} > {log} 2>&1"
