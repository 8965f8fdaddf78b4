"""A small corpus of sounds, and a captioner and a retriever trained on it.

Everything goes the workflow's own way: decoded and cached clips, trainings, captions
of a split, also under test-time augmentation. Clips are 2 s, so that it takes
seconds.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from workflow_src.audio.frontend import front_end
from workflow_src.audio.loading import load_clip
from workflow_src.audio.settings import AudioForm, ClipForm, FrontEndSettings
from workflow_src.audio.store import write_log_mels, write_waveforms
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.augment.settings import (
    NoiseSettings,
    ReverbSettings,
    SpecAugmentSettings,
)
from workflow_src.corpus.identity import CorpusIdentity, write_identity
from workflow_src.corpus.manifest import write_csv
from workflow_src.corpus.text import Vocabulary
from workflow_src.evaluation.captioning import caption_split
from workflow_src.evaluation.settings import DecodingSettings
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.models.word_pieces import train_wordpieces
from workflow_src.training.captioning import train_captioner
from workflow_src.training.retrieval import train_retriever
from workflow_src.training.settings import (
    CaptioningOptimization,
    CaptioningSettings,
    RetrievalOptimization,
    RetrievalSettings,
)

RATE, SECONDS = 32_000, 2.0
# File name -> pitch in Hz, pulses a second, and the caption.
CLIPS = {
    "high.flac": (3000, 0, "a high tone is steady"),
    "low.flac": (150, 0, "a low hum goes on"),
    "fast.flac": (900, 12, "a bell rattles very fast"),
    "slow.flac": (900, 2, "something beeps slowly twice"),
    "noise.flac": (0, 0, "rain falls"),
    "bursts.flac": (0, 4, "wind blows in gusts"),
}
ACT_SIZES = ActConfig(
    encoder_width=32,
    encoder_layers=1,
    encoder_heads=2,
    encoder_feedforward=64,
    tag_classes=32,
    decoder_width=32,
    decoder_layers=1,
    decoder_heads=2,
    decoder_feedforward=64,
    dropout=0.0,
)
RETRIEVER_SIZES = RetrieverConfig(
    audio_width=4,
    audio_blocks=(1, 1, 1, 1),
    audio_dropout=0.0,
    text_encoder=None,
    text_dropout=0.0,
    text_width=32,
    text_layers=1,
    text_heads=2,
    text_vocabulary_size=120,
    embedding=16,
)


def sound(pitch, pulses, seconds=SECONDS, rate=RATE, seed=0):
    """A tone or noise, steady or in pulses: float (T,)."""
    times = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    wave = (
        np.sin(2 * np.pi * pitch * times) if pitch else rng.standard_normal(len(times))
    )
    envelope = (np.sin(2 * np.pi * pulses * times) >= 0) if pulses else 1.0
    return 0.2 * wave * envelope


@dataclass(frozen=True)
class Trained:
    """Where things are.

    Attributes:
        root: with `runs/` and `sounds/` in it.
        sounds: folder of the clips.
        captioner: folder of the run.
        retriever: folder of the run.
        log_mels: stores, by front end.
        waveforms: store.
        captions: what the workflow's captioner says, by clip.
    """

    root: Path
    sounds: Path
    captioner: Path
    retriever: Path
    log_mels: dict[str, Path]
    waveforms: Path
    captions: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    root = tmp_path_factory.mktemp("trained")
    sounds = root / "sounds"
    sounds.mkdir()
    for name, (pitch, pulses, _) in CLIPS.items():
        soundfile.write(sounds / name, sound(pitch, pulses), RATE)
    data = root / "data"
    form = AudioForm(RATE, SECONDS)
    clips = [load_clip(sounds / name, ClipForm(RATE, SECONDS)) for name in CLIPS]
    write_waveforms(data / "waveforms", list(CLIPS), clips, form.samples)
    fronts = {name: FrontEndSettings(name, 1000) for name in ("act", "panns")}
    for name, settings in fronts.items():
        write_log_mels(data / "waveforms", front_end(settings), data / name)
    texts = [(name, text) for name, (_, _, text) in CLIPS.items()]
    write_csv(data / "captions.csv", ("file_name", "caption"), texts)
    write_identity(CorpusIdentity("folder", "tiny", "smoke"), [data / "corpus.yaml"])
    Vocabulary.from_captions(text for _, text in texts).save(data / "vocabulary.txt")
    train_wordpieces((text for _, text in texts), 120, data / "pieces")
    torch.set_num_threads(1)
    recipe = RecipeSettings(
        "all",
        noise=NoiseSettings(),
        reverb=ReverbSettings(),
        specaugment=SpecAugmentSettings(2, 4, 2, 4),
    )
    common = {
        "recipe": recipe,
        "seed": 3,
        "audio": form,
        "encoder": "scratch",
    }
    files = {
        "corpus": data / "corpus.yaml",
        "captions": data / "captions.csv",
        "val_captions": data / "captions.csv",
        "waveforms": data / "waveforms",
        "device": "cpu",
        "threads": 1,
    }
    captioner = root / "runs" / "tiny" / "captioning" / "all" / "seed3"
    train_captioner(
        CaptioningSettings(
            **common,
            front_end=fronts["act"],
            model=ACT_SIZES,
            word2vec=False,
            optimization=CaptioningOptimization(
                epochs=60,
                batch_size=6,
                learning_rate=3e-3,
                warmup_epochs=2,
                lr_decay_every=60,
                validate_every=60,
            ),
        ),
        **files,
        log_mels=data / "act",
        val_log_mels=data / "act",
        vocabulary=data / "vocabulary.txt",
        run=captioner,
    )
    retriever = root / "runs" / "tiny" / "retrieval" / "all" / "seed3"
    train_retriever(
        RetrievalSettings(
            **common,
            front_end=fronts["panns"],
            model=RETRIEVER_SIZES,
            optimization=RetrievalOptimization(
                epochs=30,
                batch_size=6,
                learning_rate=3e-3,
                validate_every=30,
            ),
        ),
        **files,
        log_mels=data / "panns",
        val_log_mels=data / "panns",
        word_pieces=data / "pieces",
        run=retriever,
    )
    caption_split(
        DecodingSettings(),
        run=captioner,
        log_mels=data / "act",
        output=captioner / "captions.csv",
        device="cpu",
        threads=1,
    )
    return Trained(
        root=root,
        sounds=sounds,
        captioner=captioner,
        retriever=retriever,
        log_mels={name: data / name for name in fronts},
        waveforms=data / "waveforms",
        captions=captioner / "captions.csv",
    )


@pytest.fixture
def home(trained, monkeypatch) -> Path:
    """The folder with `runs/` and `sounds/`, as the current one."""
    monkeypatch.chdir(trained.root)
    return trained.root


@pytest.fixture
def sounds(trained, tmp_path) -> Path:
    """A copy of the clips, to change."""
    return Path(shutil.copytree(trained.sounds, tmp_path / "my sounds"))
