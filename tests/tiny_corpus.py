"""A corpus of two dozen clips and models that train on it in a second, whole.

Every file is written by the steps of the package themselves.
"""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tests.records import captioning_settings, recipe, retrieval_settings
from workflow_src.audio.settings import ClipForm, FrontEndSettings
from workflow_src.corpus import steps
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.identity import CorpusIdentity
from workflow_src.corpus.settings import DownloadOptions, IngestSettings
from workflow_src.layout import Layout
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.training.settings import CaptioningOptimization, RetrievalOptimization

CLIPS = {"train": 12, "val": 4, "tagged": 8}
FORM = ClipForm()  # 10 s at 32 kHz
# Few frames: the models are the slow part.
FRONT_ENDS = {
    "act": FrontEndSettings("act", 4000),
    "panns": FrontEndSettings("panns", 4000),
}
ACT = ActConfig(
    encoder_width=16,
    encoder_layers=1,
    encoder_heads=2,
    encoder_feedforward=16,
    tag_classes=64,
    decoder_width=16,
    decoder_layers=1,
    decoder_heads=2,
    decoder_feedforward=16,
)
RETRIEVER = RetrieverConfig(
    audio_width=2,
    audio_blocks=(1, 1, 1, 1),
    text_encoder=None,
    text_width=16,
    text_layers=1,
    text_heads=2,
    text_vocabulary_size=150,
    embedding=16,
)
MIXED = recipe("mine", noise={}, specaugment={}, pairmix={"ratio": 0.5})
CAPTIONING = captioning_settings(
    recipe=MIXED,
    front_end=FRONT_ENDS["act"],
    model=ACT,
    word2vec=True,
    optimization=CaptioningOptimization(
        epochs=3, batch_size=6, learning_rate=1e-2, warmup_epochs=0
    ),
)
RETRIEVAL = retrieval_settings(
    recipe=replace(MIXED, name="all"),
    front_end=FRONT_ENDS["panns"],
    model=RETRIEVER,
    optimization=RetrievalOptimization(epochs=2, batch_size=6, learning_rate=1e-3),
)


@dataclass(frozen=True)
class TinyCorpus:
    """A corpus in a folder; `layout` names its files relative to `root`."""

    root: Path
    layout: Layout

    def captions(self, split: str) -> Path:
        return self.root / self.layout.captions(split)

    def tags(self, split: str) -> Path:
        return self.root / self.layout.tags(split)

    def log_mels(self, front_end: str, split: str) -> Path:
        return self.root / self.layout.log_mels(front_end, split)

    @property
    def identity(self) -> Path:
        return self.root / self.layout.identities[0]

    def training(self, front_end: str) -> dict[str, Path]:
        """The files that a training reads, by the names of its options."""
        own = {
            "corpus": self.identity,
            "captions": self.captions("train"),
            "val_captions": self.captions("val"),
            "waveforms": self.root / self.layout.waveforms("train"),
            "log_mels": self.log_mels(front_end, "train"),
            "val_log_mels": self.log_mels(front_end, "val"),
        }
        if front_end == "panns":
            return own | {"word_pieces": self.root / self.layout.word_pieces}
        return own | {
            "vocabulary": self.root / self.layout.vocabulary,
            "word_vectors": self.root / self.layout.word2vec,
        }


def make(root: Path) -> TinyCorpus:
    """Make the corpus below a folder."""
    # Here, as it imports torch.
    from workflow_src.models import steps as model_steps

    layout = Layout("embedded-tiny")
    made = EmbeddedSettings(
        seed=3, test_clips=0, **{f"{split}_clips": own for split, own in CLIPS.items()}
    )
    identity = CorpusIdentity("embedded", "embedded", "tiny", {"seed": made.seed})
    corpus = TinyCorpus(root, layout)
    steps.identify_corpus(identity, outputs=[root / own for own in layout.identities])
    source = root / layout.source
    steps.embedded_captions(made, output=source)
    steps.embedded_audio(
        made, output=source, shard=0, shards=1, done=source / "audio.0.done"
    )
    read = partial(
        steps.ingest,
        IngestSettings(FORM),
        captions_folder=source,
        audio=source / "audio",
        shard=0,
        shards=1,
        options=DownloadOptions(),
        max_missing=0.0,
    )
    for split in CLIPS:
        shard, waveforms = (
            root / layout.shard(split, 0),
            root / layout.waveforms(split),
        )
        read(split=split, output=shard)
        steps.join(
            split=split,
            captions_folder=source,
            shards=[shard],
            waveforms=waveforms,
            manifest=root / layout.shard_manifest(split),
            captions=None if split == "tagged" else corpus.captions(split),
            tags=corpus.tags(split),
            max_missing=0.0,
        )
        for name, settings in FRONT_ENDS.items():
            steps.log_mels(
                settings, waveforms=waveforms, output=corpus.log_mels(name, split)
            )
    learn = {"captions": corpus.captions("train")}
    steps.vocabulary(**learn, output=root / layout.vocabulary)
    model_steps.word2vec(
        **learn,
        vocabulary=root / layout.vocabulary,
        width=ACT.decoder_width,
        output=root / layout.word2vec,
    )
    model_steps.word_pieces(
        **learn,
        size=RETRIEVER.text_vocabulary_size,
        output=root / layout.word_pieces,
    )
    return corpus
