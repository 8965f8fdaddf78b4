# Further splits of an own corpus, its other <name>.csv files, evaluated like the test
# split, without the grid of test-time augmentation: `snakemake results/<name>/table1.csv`.
def of_split(task, name):
    """A file of an evaluation of a further split."""
    return LAYOUT.evaluated(task, "{recipe}", "{seed}", "{split}") / name


EXTRA_SPLIT = "|".join(EXTRA_SPLITS)


use rule caption_split as caption_extra_split with:
    input:
        model=weights("captioning"),
        beside=beside_weights("captioning"),
        log_mels=LAYOUT.log_mels("act", "{split}"),
    output:
        of_split("captioning", "captions.csv"),
    log:
        LAYOUT.logs / "caption_split" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split=EXTRA_SPLIT,


use rule score_captions as score_captions_extra_split with:
    input:
        run=LAYOUT.run("captioning", "{recipe}", "{seed}") / "settings.yaml",
        candidates=of_split("captioning", "captions.csv"),
        references=LAYOUT.captions("{split}"),
        prepared=prepared_references("{split}"),
    output:
        scores=of_split("captioning", "scores.json"),
        clips=of_split("captioning", "clips.csv"),
        statistics=of_split("captioning", "statistics.csv"),
    log:
        LAYOUT.logs / "score_captions" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split=EXTRA_SPLIT,
    params:
        split="{split}",
        spice=SPICE.kind,
        run=subpath(input.run, parent=True),
        folder=subpath(output.scores, parent=True),


use rule score_retrieval as score_retrieval_extra_split with:
    input:
        model=weights("retrieval"),
        beside=beside_weights("retrieval"),
        log_mels=LAYOUT.log_mels("panns", "{split}"),
        captions=LAYOUT.captions("{split}"),
    output:
        scores=of_split("retrieval", "scores.json"),
        ranks=of_split("retrieval", "ranks.csv"),
    log:
        LAYOUT.logs / "score_retrieval" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split=EXTRA_SPLIT,
    params:
        split="{split}",
        run=subpath(input.model, parent=True),
        folder=subpath(output.scores, parent=True),


use rule table as table_extra_split with:
    input:
        FIRST_USE,
        files=lambda wildcards: score_files(
            table_rows(wildcards.table, wildcards.split), CONFIG.seeds, wildcards.split
        ),
    output:
        LAYOUT.results / "{split}" / "{table}.csv",
    log:
        LAYOUT.logs / "{split}.{table}.log",
    wildcard_constraints:
        split=EXTRA_SPLIT,
    params:
        settings=lambda wildcards: to_json(
            steps.table(CONFIG, wildcards.table, wildcards.split)
        ),
        scores=lambda wildcards, input: only_scores(input.files),


use rule selected_result as selected_result_extra_split with:
    input:
        LAYOUT.results / "{split}" / "{file}",
    output:
        "results/{split}/{file}",
    log:
        LAYOUT.logs / "selected_result" / "{split}.{file}.log",
    wildcard_constraints:
        split=EXTRA_SPLIT,
        file=r"[a-z0-9_]+\.csv",
