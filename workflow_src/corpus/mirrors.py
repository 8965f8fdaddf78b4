"""Parquet mirrors of AudioCaps on the Hugging Face hub, by name.

Where each is and how it is laid out, as its pages said when they were looked at; the
commit keeps it so. What a mirror lacks is found out when it is read.
"""

from dataclasses import dataclass, field

from workflow_src.settings import Settings


@dataclass(frozen=True)
class MirrorColumns(Settings):
    """Names of a mirror's columns.

    Attributes:
        youtube_id: the video.
        start: seconds into it; None where the mirror has no such column, and a
            video then tells the clip.
        audio: encoded files: bytes, or a struct with a field `bytes`.
        caption: one caption, or a list of them; None: captions are not compared.
    """

    youtube_id: str = "youtube_id"
    start: str | None = "start_time"
    audio: str = "audio"
    caption: str | None = "caption"


@dataclass(frozen=True)
class SplitNames(Settings):
    """A mirror's names of the splits; None where it has no such split."""

    train: str | None = "train"
    val: str | None = "validation"
    test: str | None = "test"

    def of(self, split: str) -> str | None:
        """The mirror's name of a split."""
        return {"train": self.train, "val": self.val, "test": self.test}.get(split)


@dataclass(frozen=True)
class Mirror(Settings):
    """A data set on the hub, or its parquet files in a folder.

    Attributes:
        repository: owner/name of the data set; None where `folder` is given.
        revision: its commit, or a branch, which may change.
        folder: where its parquet files are already; they are only read.
        columns: how its columns are called.
        splits: how its splits are called.
        act_test: whether its test split may be that of ACT's authors.
    """

    repository: str | None = None
    revision: str = "main"
    folder: str | None = None
    columns: MirrorColumns = field(default_factory=MirrorColumns)
    splits: SplitNames = field(default_factory=SplitNames)
    act_test: bool = False


PRESETS = {
    # 45.2k / 2.22k / 4.41k rows, one a caption: 444 and 882 clips of val and test.
    "opensound": Mirror(
        "OpenSound/AudioCaps", "b29b3243d6ce49c2cd0d48d4b5f0701ae7969ded"
    ),
    # 45,087 / 2,230 / 4,400 rows, one a caption; 48 kHz, 432 GB in some 4,600
    # files. Its owner may ask to accept terms first.
    "jp1924": Mirror("jp1924/AudioCaps", "7575178e7f63592909025a87ab56c995c52bfac5"),
    # The test split alone: 957 rows, one a clip with a list of captions, no start.
    # 957 is the number of clips of ACT's authors, and so of the paper.
    "kuanhuggingface-test957": Mirror(
        "kuanhuggingface/audiocaps_hallucination",
        "89ecbf42744b923421e14dff2ae484d015d88391",
        columns=MirrorColumns(start=None),
        splits=SplitNames(train=None, val=None),
        act_test=True,
    ),
}
