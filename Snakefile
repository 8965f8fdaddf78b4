from snakemake.utils import min_version

min_version("9.0")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/corpus.smk"
include: "rules/features.smk"
include: "rules/text.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/study.smk"
include: "rules/models.smk"


if EXTRA_SPLITS:

    include: "rules/extra_splits.smk"


# Jobs will run: what came with a clone, and was looked at, stays known.
onstart:
    ADOPTED.keep()


rule all:
    default_target: True
    input:
        RESULTS,
