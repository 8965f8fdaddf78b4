# What the trained models say on the test split, and how good it is. A run's folder
# says what the model is: nothing here reads the config about it.


rule caption_split:
    input:
        model=weights("captioning"),
        beside=beside_weights("captioning"),
        log_mels=LAYOUT.log_mels("act", "test"),
    output:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "captions.csv",
    log:
        LAYOUT.logs / "caption_split" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        settings=to_json(CONFIG.captioning.decoding),
        run=subpath(input.model, parent=True),
    shell:
        "python -m workflow_src caption-split --settings {params.settings:q}"
        " --run {params.run:q}"
        " --log-mels {input.log_mels:q} --output {output:q}"
        " {resources.how} > {log:q} 2>&1"


# Once for all runs: with the official SPICE this takes most of its time.
rule prepare_references:
    input:
        references=LAYOUT.captions("{split}"),
        parser=spice_parser(SPICE.kind),
    output:
        prepared_references("{split}"),
    log:
        LAYOUT.logs / "prepare_references" / "{split}.log",
    priority: 9
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        how=how(SCORING),
    params:
        spice=SPICE.kind,
    shell:
        "python -m workflow_src prepare-references --references {input.references:q}"
        " --spice-kind {params.spice} --done {output:q}"
        " {resources.how} > {log:q} 2>&1"


rule score_captions:
    input:
        run=LAYOUT.run("captioning", "{recipe}", "{seed}") / "settings.yaml",
        candidates=LAYOUT.run("captioning", "{recipe}", "{seed}") / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        scores=LAYOUT.run("captioning", "{recipe}", "{seed}") / "scores.json",
        clips=LAYOUT.run("captioning", "{recipe}", "{seed}") / "clips.csv",
        statistics=LAYOUT.run("captioning", "{recipe}", "{seed}") / "statistics.csv",
    log:
        LAYOUT.logs / "score_captions" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        how=how(SCORING),
    params:
        split="test",
        spice=SPICE.kind,
        run=subpath(input.run, parent=True),
        folder=subpath(output.scores, parent=True),
    shell:
        "python -m workflow_src score-captions --run {params.run:q}"
        " --candidates {input.candidates:q} --references {input.references:q}"
        " --split {params.split} --spice-kind {params.spice}"
        " --output {params.folder:q} {resources.how} > {log:q} 2>&1"


rule caption_grid:
    input:
        model=weights("captioning"),
        beside=beside_weights("captioning"),
        log_mels=LAYOUT.log_mels("act", "test"),
        waveforms=LAYOUT.waveforms("test"),
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
        how=how(COMPUTE, VIEWS, SEARCHES),
        gpu=one_gpu,
    params:
        settings=to_json(steps.caption_grid(CONFIG)),
        run=subpath(input.model, parent=True),
    shell:
        "python -m workflow_src caption-grid --settings {params.settings:q}"
        " --run {params.run:q}"
        " --log-mels {input.log_mels:q} --waveforms {input.waveforms:q}"
        " --output {output:q}"
        " {resources.how} > {log:q} 2>&1"


rule score_caption_grid:
    input:
        run=LAYOUT.run("captioning", "{recipe}", "{seed}") / "settings.yaml",
        candidates=LAYOUT.run("captioning", "{recipe}", "{seed}")
        / "tta"
        / "captions.csv",
        references=LAYOUT.captions("test"),
        prepared=prepared_references("test"),
    output:
        grid_files("captioning"),
    log:
        LAYOUT.logs / "score_caption_grid" / "{recipe}.seed{seed}.log",
    priority: 8
    conda:
        "../envs/workflow.yaml"
    threads: one_core
    resources:
        how=how(SCORING),
    params:
        spice=SPICE.kind,
        run=subpath(input.run, parent=True),
        folder=subpath(input.candidates, parent=True),
    shell:
        "python -m workflow_src score-caption-grid --run {params.run:q}"
        " --candidates {input.candidates:q} --references {input.references:q}"
        " --spice-kind {params.spice} --output {params.folder:q}"
        " {resources.how} > {log:q} 2>&1"


rule score_retrieval_grid:
    input:
        model=weights("retrieval"),
        beside=beside_weights("retrieval"),
        log_mels=LAYOUT.log_mels("panns", "test"),
        waveforms=LAYOUT.waveforms("test"),
        captions=LAYOUT.captions("test"),
    output:
        files=grid_files("retrieval"),
    log:
        LAYOUT.logs / "score_retrieval_grid" / "{recipe}.seed{seed}.log",
    benchmark:
        LAYOUT.logs / "score_retrieval_grid" / "{recipe}.seed{seed}.time.tsv"
    priority: 8
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE, VIEWS),
        gpu=one_gpu,
    params:
        settings=to_json(steps.retrieval_grid(CONFIG)),
        run=subpath(input.model, parent=True),
        folder=lambda wildcards, output: str(Path(output.files[0]).parent.parent),
    shell:
        "python -m workflow_src score-retrieval-grid --settings {params.settings:q}"
        " --run {params.run:q} --log-mels {input.log_mels:q}"
        " --waveforms {input.waveforms:q} --captions {input.captions:q}"
        " --output {params.folder:q}"
        " {resources.how} > {log:q} 2>&1"


rule score_retrieval:
    input:
        model=weights("retrieval"),
        beside=beside_weights("retrieval"),
        log_mels=LAYOUT.log_mels("panns", "test"),
        captions=LAYOUT.captions("test"),
    output:
        scores=LAYOUT.run("retrieval", "{recipe}", "{seed}") / "scores.json",
        ranks=LAYOUT.run("retrieval", "{recipe}", "{seed}") / "ranks.csv",
    log:
        LAYOUT.logs / "score_retrieval" / "{recipe}.seed{seed}.log",
    conda:
        "../envs/workflow.yaml"
    threads: model_threads
    resources:
        how=how(COMPUTE),
        gpu=one_gpu,
    params:
        split="test",
        run=subpath(input.model, parent=True),
        folder=subpath(output.scores, parent=True),
    shell:
        "python -m workflow_src score-retrieval --run {params.run:q}"
        " --log-mels {input.log_mels:q}"
        " --captions {input.captions:q} --split {params.split}"
        " --output {params.folder:q} {resources.how} > {log:q} 2>&1"
