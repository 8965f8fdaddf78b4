# What the rules of other models share; models.smk includes it.
from workflow_src.config import modelled


def of_model(wildcards):
    """The entry of a model."""
    return CONFIG.models.entry(wildcards.model)


def model_features(split):
    """The features that a model's front end makes of a split."""
    return lambda wildcards: LAYOUT.features(
        modelled.features_name(of_model(wildcards)), split
    )


def checkpoints_of(parts):
    """The marks that checkpoints of the hub are there; a folder is a file of yours."""
    return [part.fetched / ".fetched" for part in parts if part.fetched is not None]


def features_of(wildcards):
    """The part whose front end makes features of a name."""
    return modelled.features(CONFIG, wildcards.features).part


def likelihood_files(run):
    """What the scoring of a captioner as a retriever writes."""
    return [
        run / "likelihood" / score / name
        for score in ("likelihood", "likelihood-prior")
        for name in SCORE_FILES["retrieval"]
    ]
