# Further splits of an own corpus, its other <name>.csv files, evaluated like the test
# split, without the grid of test-time augmentation: `snakemake results/<name>/table1.csv`.
def of_split(task, name):
    """A file of an evaluation of a further split."""
    return LAYOUT.evaluated(task, "{recipe}", "{seed}", "{split}") / name


use rule caption as caption_split with:
    input:
        LAYOUT.run("captioning", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("act", "{split}"),
        LAYOUT.vocabulary,
    output:
        of_split("captioning", "captions.csv"),
    log:
        LAYOUT.logs / "caption" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split="|".join(EXTRA_SPLITS),


use rule score_captions as score_captions_split with:
    input:
        of_split("captioning", "captions.csv"),
        LAYOUT.captions("{split}"),
        prepared_references("{split}"),
    output:
        of_split("captioning", "scores.json"),
        of_split("captioning", CLIP_FILES["captioning"]),
    log:
        LAYOUT.logs / "score_captions" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split="|".join(EXTRA_SPLITS),


use rule score_retrieval as score_retrieval_split with:
    input:
        LAYOUT.run("retrieval", "{recipe}", "{seed}") / "model.pt",
        LAYOUT.log_mels("panns", "{split}"),
        LAYOUT.captions("{split}"),
    output:
        of_split("retrieval", "scores.json"),
        of_split("retrieval", CLIP_FILES["retrieval"]),
    log:
        LAYOUT.logs / "score_retrieval" / "{split}" / "{recipe}.seed{seed}.log",
    wildcard_constraints:
        split="|".join(EXTRA_SPLITS),


use rule table as table_split with:
    input:
        FIRST_USE,
        lambda wildcards: score_files(config, wildcards.table, wildcards.split),
    output:
        "results/{split}/{table}.csv",
    log:
        LAYOUT.logs / "{split}.{table}.log",
    wildcard_constraints:
        split="|".join(EXTRA_SPLITS),
