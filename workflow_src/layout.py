"""Where every file of a corpus lives: one place, for the rules of Snakemake.

    data/<corpus>/      what is made from the corpus alone
    runs/<corpus>/      what is trained on it, and the captions and scores of the models
    results/<corpus>/   the small final files

Steps do not know these places: their options name the files that they read and
write. `workflow_src.corpus.identity` gives a corpus its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workflow_src.audio.settings import FrontEndName

# The front end that each audio encoder was published with.
FRONT_ENDS: dict[str, FrontEndName] = {"captioning": "act", "retrieval": "panns"}
SPLITS = ("train", "val", "test")


def task_of(front_end: str) -> str:
    """Name the task whose audio encoder has a front end."""
    return next(task for task, used in FRONT_ENDS.items() if used == front_end)


@dataclass(frozen=True)
class Layout:
    """Paths of one corpus, relative to the project's root.

    Arguments named like a wildcard of Snakemake ("{split}") work as values.
    """

    name: str

    @property
    def data(self) -> Path:
        """Folder of the corpus."""
        return Path("data") / self.name

    @property
    def runs(self) -> Path:
        """Folder of all trainings on the corpus."""
        return Path("runs") / self.name

    @property
    def logs(self) -> Path:
        """Folder of the steps' logs and timings."""
        return Path("logs") / self.name

    @property
    def results(self) -> Path:
        """Folder of the corpus's tables and figures."""
        return Path("results") / self.name

    @property
    def source(self) -> Path:
        """The corpus as it arrives: caption CSVs and audio files."""
        return self.data / "source"

    @property
    def manifest(self) -> Path:
        """The state of every clip."""
        return self.data / "manifest.csv"

    def captions(self, split: str) -> Path:
        """Captions of the clips that are there, one row each."""
        return self.data / "captions" / f"{split}.csv"

    def tags(self, split: str) -> Path:
        """Event tags of the clips that are there (embedded corpus only)."""
        return self.data / "tags" / f"{split}.csv"

    def shard(self, split: str, number: int | str) -> Path:
        """Waveforms and manifest of one shard of a split: a folder."""
        return self.data / "shards" / split / str(number)

    def shard_manifest(self, split: str) -> Path:
        """The state of every clip of a split."""
        return self.data / "manifests" / f"{split}.csv"

    def waveforms(self, split: str) -> Path:
        """The waveform cache of a split: a folder."""
        return self.data / "waveforms" / split

    def log_mels(self, front_end: str, split: str) -> Path:
        """The log-mel cache of a split under a front end: a folder."""
        return self.data / "log_mels" / front_end / split

    @property
    def vocabulary(self) -> Path:
        """Words of the training captions, by first appearance."""
        return self.data / "text" / "vocabulary.txt"

    @property
    def word2vec(self) -> Path:
        """Word vectors of the vocabulary: float32 (V, D)."""
        return self.data / "text" / "word2vec.npy"

    @property
    def word_pieces(self) -> Path:
        """WordPiece vocabulary of the small BERT: a folder."""
        return self.data / "text" / "word_pieces"

    def pretrained(self, task: str) -> Path:
        """Our own pre-trained audio encoder of a task."""
        return self.runs / "pretraining" / FRONT_ENDS[task] / "encoder.pt"

    def run(self, task: str, recipe: str, seed: int | str) -> Path:
        """Folder of one training.

        Args:
            task: captioning or retrieval.
            recipe: name of the augmentation recipe.
            seed: of the training.
        """
        return self.runs / task / recipe / f"seed{seed}"

    def evaluated(
        self, task: str, recipe: str, seed: int | str, split: str = "test"
    ) -> Path:
        """Folder of a model's captions or ranks on a split, and of their scores.

        Those of the test split lie in the run's own folder.

        Args:
            task: captioning or retrieval.
            recipe: name of the augmentation recipe.
            seed: of the training.
            split: that is evaluated.
        """
        run = self.run(task, recipe, seed)
        return run if split == "test" else run / "splits" / split

    def point(self, task: str, recipe: str, seed: int | str, name: str) -> Path:
        """Folder of the scores at a point of the grid of test-time augmentation.

        Args:
            task: captioning or retrieval.
            recipe: name of the augmentation recipe.
            seed: of the training.
            name: of the point.
        """
        return self.run(task, recipe, seed) / "tta" / name

    def studied(self, corpus: str) -> Layout:
        """Places of the study's trainings on a part of the training split.

        Args:
            corpus: as `workflow_src.study.settings.Arm.corpus` names it.
        """
        return Layout(f"{self.name}/study/{corpus}")

    def of_model(self, name: str) -> Layout:
        """Places of the trainings of a model beside the paper's."""
        return Layout(f"{self.name}/models/{name}")

    def features(self, front_end: str, split: str) -> Path:
        """What a model's own front end makes of a split: a folder.

        Args:
            front_end: its name, see `workflow_src.config.modelled`.
            split: of the corpus.
        """
        return self.data / "features" / front_end / split

    @property
    def identities(self) -> list[Path]:
        """What the corpus is, in the folders that other corpora must not take."""
        return [self.data / "corpus.yaml", self.runs / "corpus.yaml"]
