"""A run's folder: what it holds, and the record that says what the run is.

    settings.yaml    the settings, what was read, the corpus, the code, the machine
    model.pt         weights of the best epoch, with its number and its metrics
    model.half.safetensors.xz   of a shipped run, instead: see `half_weights`
    history.csv      a row an epoch: learning rate, loss, validation metrics
    vocabulary.txt   of a captioner: its words
    text_encoder/    of a retriever: its tokenizer, and the sizes of its text encoder

Whoever has the folder can use the model: no config.yaml and no corpus are needed.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from workflow_src.corpus.identity import CorpusIdentity
from workflow_src.errors import InputError, in_one_line
from workflow_src.files import write_atomically
from workflow_src.settings import Settings, plain, read
from workflow_src.version import CodeVersion, code_version

SETTINGS = "settings.yaml"
MODEL = "model.pt"
HALF = "model.half.safetensors.xz"
HISTORY = "history.csv"
VOCABULARY = "vocabulary.txt"
TEXT_ENCODER = "text_encoder"
RESUME = "resume.pt"  # while a training is not done

T = TypeVar("T")


@dataclass(frozen=True)
class RunRecord(Settings):
    """What a training is: the content of `settings.yaml`.

    Attributes:
        task: captioning or retrieval, or pretraining of an encoder.
        settings: of the training, as plain values.
        inputs: what was read -> its SHA-256.
        corpus: that it was trained on.
        code: that trained it.
        environment: Python, torch, the device, the precision.
    """

    task: Literal["captioning", "retrieval", "pretraining"]
    settings: dict[str, Any]
    inputs: dict[str, str]
    corpus: CorpusIdentity
    code: CodeVersion
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def decisive(self) -> dict[str, Any]:
        """What a training must share with another to go on where that one stopped."""
        return {"settings": self.settings, "inputs": self.inputs}

    def part(self, key: str, kind: type[T]) -> T:
        """Read one of the settings as its class.

        Args:
            key: of the settings.
            kind: its class.

        Raises:
            InputError: it is missing or damaged.
        """
        if key not in self.settings:
            raise InputError(f"{SETTINGS} of a {self.task} run has no {key}")
        return read(kind, self.settings[key], f"{SETTINGS}: {key}")

    def require_task(self, task: str, folder: Path) -> None:
        """Raise an InputError if the run in a folder is of another task."""
        if self.task != task:
            raise InputError(f"{folder} is a run of {self.task}, not of {task}")


def run_record(
    task: Literal["captioning", "retrieval", "pretraining"],
    settings: Settings,
    inputs: Mapping[str, str],
    corpus: CorpusIdentity,
    device: str,
    computed: Mapping[str, str] | None = None,
) -> RunRecord:
    """Make the record of a training that starts now.

    Args:
        task: of the training.
        settings: of the training.
        inputs: what it reads -> its SHA-256.
        corpus: that it is trained on.
        device: that it runs on, in words.
        computed: what else decides how numbers are rounded, such as the precision.
    """
    import torch

    environment = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "device": device,
        "machine": platform.machine(),
        **(computed or {}),
    }
    return RunRecord(
        task, plain(settings), dict(inputs), corpus, code_version(), environment
    )


def write_record(record: RunRecord, folder: Path) -> None:
    """Write `settings.yaml` of a run's folder."""
    text = yaml.safe_dump(
        plain(record), sort_keys=False, allow_unicode=True, default_flow_style=None
    )
    write_atomically(folder / SETTINGS, text)


def read_record(folder: Path) -> RunRecord:
    """Read `settings.yaml` of a run's folder.

    Raises:
        InputError: it is missing or damaged.
    """
    path = folder / SETTINGS
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except FileNotFoundError:
        raise InputError(f"{folder} is no run's folder: it has no {SETTINGS}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {in_one_line(error)}") from None
    return read(RunRecord, values, str(path))


# libyaml's, where PyYAML was built with it: ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
