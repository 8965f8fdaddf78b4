"""The model card of an exported run: the README.md that the hub shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from workflow_src.evaluation.scores import SCORES_FILE, Scores, read_scores
from workflow_src.models.run_folder import RunRecord

PAPER = (
    '"Exploring Train and Test-Time Augmentations for Audio-Language Learning" (Kim et '
    "al., 2023)"
)
TITLES = {"captioning": "Audio captioner", "retrieval": "Audio-text retriever"}
TAGS = {
    "captioning": ["audio", "audio-captioning", "pairmix"],
    "retrieval": ["audio", "audio-text-retrieval", "pairmix"],
}
WHAT = {
    "captioning": (
        "It says in a sentence what is to be heard in a sound. The model is the Audio "
        "Captioning Transformer (ACT, Mei et al. 2021)"
    ),
    "retrieval": (
        "It finds the sounds that fit a sentence, and the sentences that fit a sound, "
        "by the cosine of their embeddings. The model is a ResNet38 of PANNs (Kong et "
        "al. 2020) beside a text encoder, trained with NT-Xent (Mei et al. 2022)"
    ),
}
USE = {
    "captioning": """\
python -m workflow_src caption MODEL sounds/
python -m workflow_src caption MODEL rain.wav --top 3 --tta multi-100 --json""",
    "retrieval": """\
python -m workflow_src search MODEL sounds/ "a dog barks while rain falls"
python -m workflow_src describe MODEL rain.wav --captions captions.txt""",
}
CORPORA = {
    "embedded": (
        "a corpus of synthesised sounds and captions, made to try the workflow "
        "offline. Of recordings the model knows little"
    ),
    "audiocaps": "AudioCaps: clips of YouTube videos, captioned by people",
    "folder": "a corpus of its maker's own",
}


def model_card(
    record: RunRecord,
    source: Path,
    *,
    size: int,
    words: int | None = None,
    licence: str | None = None,
) -> str:
    """Write the card of a run.

    Args:
        record: what the run is, without paths of a machine.
        source: folder of the run; of its scores, where it has some.
        size: numbers in the weights.
        words: in a captioner's vocabulary.
        licence: of the model, as the hub names it.
    """
    scores = None
    if (source / SCORES_FILE).is_file():
        scores = read_scores(source / SCORES_FILE)
    recipe, seed = record.settings["recipe"]["name"], record.settings["seed"]
    title = f"{TITLES[record.task]}, recipe `{recipe}`, seed {seed}"
    parts = [
        _front_matter(record, title, scores, licence),
        f"# {title}",
        f"{WHAT[record.task]}; its weights are {size:,} numbers. It was trained by a "
        f"reproduction of {PAPER}, code version {record.code}.",
        f"## Training data\n\n{_data(record)}",
        f"## Recipe\n\n{_recipe(record.settings['recipe'])}",
        f"## Scores\n\n{_scores(scores)}",
        "## Use\n\nWith the code of the reproduction; MODEL is this folder or its name "
        f"on the hub:\n\n```\n{USE[record.task]}\n```",
        f"## Limits\n\n{_limits(record, words)}",
        f"## Licence\n\n{_licence(licence)}",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(
    record: RunRecord, title: str, scores: Scores | None, licence: str | None
) -> str:
    """What the hub reads: YAML between dashes."""
    content: dict[str, Any] = {} if licence is None else {"license": licence}
    content |= {"language": "en", "tags": TAGS[record.task]}
    if scores is not None:
        corpus = f"{record.corpus.label} ({record.corpus.scale})"
        metrics = [
            {"type": name, "name": name, "value": round(value, 4)}
            for name, value in scores.metrics.items()
        ]
        result = {
            "task": {"type": f"audio-{record.task}"},
            "dataset": {"type": record.corpus.label, "name": corpus},
            "metrics": metrics,
        }
        content["model-index"] = [{"name": title, "results": [result]}]
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return f"---\n{text}---"


def _data(record: RunRecord) -> str:
    corpus = record.corpus
    facts = [f"- kind: {CORPORA[corpus.kind]}."]
    facts += [f"- name: {corpus.label}", f"- scale: {corpus.scale}"]
    facts += [f"- {key}: {value}" for key, value in corpus.origin.items()]
    return "\n".join(facts)


def _recipe(recipe: dict[str, Any]) -> str:
    """A table of the augmentations of the training."""
    own = {key: value for key, value in recipe.items() if isinstance(value, dict)}
    if not own:
        return f"`{recipe['name']}`: no augmentation."
    rows = ["| augmentation | settings |", "|---|---|"]
    for name, values in own.items():
        shown = ", ".join(f"{key} {value}" for key, value in values.items())
        rows.append(f"| {name} | {shown} |")
    return "\n".join(rows)


def _scores(scores: Scores | None) -> str:
    if scores is None:
        return "The run was not scored."
    rows = ["| metric | value |", "|---|---:|"]
    rows += [f"| {name} | {value:.2f} |" for name, value in scores.metrics.items()]
    said = (
        f"On {scores.clips} clips of the split `{scores.evaluated.split}`, without "
        "test-time augmentation; in per cent, but for ranks (medR, meanR).\n\n"
    )
    if "SPICE-py" in scores.metrics:
        rows.append("\nSPICE-py approximates SPICE; it is not the official metric.")
    return said + "\n".join(rows)


def _limits(record: RunRecord, words: int | None) -> str:
    audio = record.settings["audio"]
    limits = [
        f"- It hears windows of {audio['seconds']:g} s at {audio['sample_rate']:,} Hz, "
        "one channel. Longer sounds are cut into such windows, each by itself.",
        "- It knows the sounds of its training data. Of others it may say something "
        "fluent and wrong; a probability or a cosine is no measure of truth.",
        "- English only.",
    ]
    if words is not None:
        limits.append(
            f"- It can say {words - 2:,} words, those of its training captions."
        )
    return "\n".join(limits)


def _licence(licence: str | None) -> str:
    if licence is not None:
        return licence
    return (
        "None was chosen (`export --licence`). Whoever publishes the model chooses "
        "one that the licences of the training data and of pre-trained weights allow."
    )
