"""A trained run in the layout of the Hugging Face hub.

- `model.safetensors`: the weights.
- `settings.yaml`: what the run is, as in its own folder.
- `config.json`: its sizes, for the hub, which counts downloads by it.
- `vocabulary.txt`: of a captioner.
- `text_encoder/`: of a retriever; tokenizer and sizes.
- `README.md`: the model card.

Such a folder is a RUN of every command, here or from the hub. Paths of the machine
that trained it do not go along: only the last name of each.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.corpus.text import Vocabulary
from workflow_src.errors import InputError
from workflow_src.inference.model_card import model_card
from workflow_src.inference.runs import find_run
from workflow_src.models.families.runs import is_of_family
from workflow_src.models.folder_weights import WEIGHTS, read_weights
from workflow_src.models.run_folder import (
    SETTINGS,
    TEXT_ENCODER,
    VOCABULARY,
    RunRecord,
    read_record,
    write_record,
)
from workflow_src.settings import plain, read

CONFIG, CARD = "config.json", "README.md"
ARCHITECTURES = {"captioning": "ACT", "retrieval": "AudioTextRetriever"}


def export_run(
    run: str | Path, folder: str | Path, *, licence: str | None = None
) -> Path:
    """Write a run in the layout of the Hugging Face hub.

    Args:
        run: see `workflow_src.inference.runs`.
        folder: must not exist, or be empty; it appears once it is whole.
        licence: of the model, as the hub names it (`mit`, `cc-by-4.0`); None leaves
            the choice open in the model card.

    Returns:
        The folder.

    Raises:
        InputError: there is no such run, or the folder holds something.
    """
    source, target = find_run(run), Path(folder)
    record = read_record(source)
    if record.task not in ARCHITECTURES:
        raise InputError(f"{source} is a run of {record.task}: there is no use for it")
    if is_of_family(record):
        raise InputError(
            f"{source} is of a model of docs/models.md: only the paper's two are "
            "exported"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is there already: name a folder that is not")
    weights = read_weights(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    partial.mkdir()
    try:
        _write(record, source, weights, partial, licence)
        if target.exists():
            target.rmdir()
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _write(
    record: RunRecord,
    source: Path,
    weights: dict[str, Any],
    folder: Path,
    licence: str | None,
) -> None:
    from safetensors.torch import save_file

    public = read(RunRecord, without_places(plain(record)))
    # Tensors that share memory cannot be saved so: each gets its own.
    apart = {name: tensor.clone().contiguous() for name, tensor in weights.items()}
    save_file(apart, folder / WEIGHTS, metadata={"format": "pt"})
    write_record(public, folder)
    # safetensors makes a file that its owner alone can read.
    (folder / WEIGHTS).chmod((folder / SETTINGS).stat().st_mode)
    words = None
    if record.task == "captioning":
        shutil.copyfile(source / VOCABULARY, folder / VOCABULARY)
        words = len(Vocabulary.load(folder / VOCABULARY))
    else:
        _copy_text_encoder(source / TEXT_ENCODER, folder / TEXT_ENCODER)
    _write_json(folder / CONFIG, _config(public, words))
    size = sum(tensor.numel() for tensor in weights.values())
    card = model_card(public, source, size=size, words=words, licence=licence)
    (folder / CARD).write_text(card, encoding="utf-8")


def _config(record: RunRecord, words: int | None) -> dict[str, Any]:
    sizes = dict(record.settings["model"])
    if words is not None:
        sizes["vocabulary"] = words
    return {
        "model_type": f"pairmix-{record.task}",
        "architectures": [ARCHITECTURES[record.task]],
        "model": sizes,
        "front_end": plain(record.part("front_end", FrontEndSettings)),
        "audio": plain(record.part("audio", AudioForm)),
    }


def _copy_text_encoder(source: Path, folder: Path) -> None:
    """Copy tokenizer and sizes; what transformers notes of their places stays here."""
    folder.mkdir()
    for path in sorted(source.iterdir()):
        if path.name in ("config.json", "tokenizer_config.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            _write_json(folder / path.name, without_places(content))
        elif path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, folder / path.name)


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def without_places(value: Any) -> Any:
    """Nested plain values, each absolute path in them cut to its last name."""
    if isinstance(value, dict):
        return {key: without_places(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_places(inner) for inner in value]
    if isinstance(value, str):
        for kind in (PurePosixPath, PureWindowsPath):
            if kind(value).is_absolute():
                return kind(value).name
    return value
