"""Which models there are beside the paper's: their entries in config.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workflow_src.errors import InputError
from workflow_src.settings import Settings

Task = Literal["captioning", "retrieval"]
FORM = "form"  # folder, in a run's, of what a model is beside its weights
ENTRY = "entry"  # key of a run's settings
PARAMETERS = "parameters"  # key of a run's environment
HUB = Path("pretrained") / "hub"  # where checkpoints of the hub are fetched to


@dataclass(frozen=True)
class PartSettings(Settings):
    """A part of a model: its audio encoder, or what reads or writes words.

    Attributes:
        kind: what it is, by name: an audio encoder of `families.audio`; of a text
            part its `model_type` in transformers, or what its family says.
        checkpoint: where it starts: a name on the Hugging Face hub, with `revision`,
            or without it a folder in the hub's layout; None: random weights.
        revision: commit of the hub.
        sizes: of a part with random weights, by the names of its config class.

    Raises:
        InputError: a revision that is no commit, or sizes beside a checkpoint.
    """

    kind: str
    checkpoint: str | None = None
    revision: str | None = None
    sizes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.checkpoint is None and self.revision is not None:
            raise InputError("revision is of a checkpoint, and there is none")
        if self.revision and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise InputError(
                "revision is a commit of 40 hexadecimal digits, which stays what it "
                f"is, not {self.revision!r}"
            )
        if self.checkpoint is not None and self.sizes:
            raise InputError(f"{self.checkpoint} has sizes of its own: leave out sizes")

    @property
    def fetched(self) -> Path | None:
        """The folder that the checkpoint is fetched to; None: nothing to fetch."""
        if self.checkpoint is None or self.revision is None:
            return None
        return HUB / self.checkpoint.replace("/", "--") / self.revision

    @property
    def place(self) -> tuple[str, str | None]:
        """What transformers shall read: a folder, or a name with its revision.

        Raises:
            InputError: there is no such folder.
        """
        fetched = self.fetched
        if fetched is not None:
            if (fetched / "config.json").is_file():
                return str(fetched), None
            return str(self.checkpoint), self.revision
        if not Path(str(self.checkpoint)).is_dir():
            raise InputError(
                f"checkpoint {self.checkpoint} is no folder; a name on the hub needs "
                "its revision"
            )
        return str(self.checkpoint), None


@dataclass(frozen=True)
class ModelEntry(Settings):
    """A model of the table `models`: an entry of `models.entries` in config.yaml.

    Attributes:
        name: in the table and in paths.
        task: that it is trained for.
        family: how its parts are joined: a name of `families.captioners` or
            `families.retrievers`.
        audio: its audio encoder.
        text: what reads captions (retrieval) or writes them (captioning); None: the
            audio part brings it.
        positions: most frames that a captioner's decoder attends to: neighbours are
            averaged until there are no more. ACT's decoder has 126.
        embedding: width of a retriever's common space, where the family has a choice.
        learning_rate: at its highest; None: that of the task's section.

    Raises:
        InputError: a name that is none for a path, or a number out of range.
    """

    name: str
    task: Task
    family: str
    audio: PartSettings
    text: PartSettings | None = None
    positions: int = 126
    embedding: int = 1024
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]+", self.name):
            raise InputError(
                f"name has small letters, digits and _, it is {self.name!r}"
            )
        for key in ("positions", "embedding"):
            if getattr(self, key) < 1:
                raise InputError(f"{key} is at least 1, not {getattr(self, key)}")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise InputError(f"learning_rate is above 0, not {self.learning_rate}")

    @property
    def parts(self) -> list[PartSettings]:
        """The audio part, and the text part where there is one."""
        return [self.audio, *([self.text] if self.text else [])]
