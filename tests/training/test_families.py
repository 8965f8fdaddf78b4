"""Trainings of families: from the entry to a run's folder that is tested like any."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from tests.records import recipe
from tests.tiny_models import PARTS
from workflow_src.audio.settings import AudioForm
from workflow_src.audio.store import LogMelStore
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import Captioner, caption_split
from workflow_src.evaluation.likelihood import score_likelihood
from workflow_src.evaluation.retrieval import Retriever, score_retrieval
from workflow_src.evaluation.scores import read_scores
from workflow_src.evaluation.settings import (
    CaptionGridSettings,
    DecodingSettings,
    GridConfig,
    LikelihoodSettings,
    TestTimeSettings,
)
from workflow_src.evaluation.tta_grid import caption_grid, score_retrieval_grid
from workflow_src.inference.captions import caption_files
from workflow_src.inference.embeddings import embed_files, embed_texts
from workflow_src.inference.sounds import sound_files
from workflow_src.models.families.settings import ModelEntry
from workflow_src.models.run_folder import read_record
from workflow_src.models.weights import load_weights
from workflow_src.settings import plain, read
from workflow_src.training.families import model_features, train_model
from workflow_src.training.family_settings import FamilySettings, FeatureSettings
from workflow_src.training.settings import (
    CaptioningOptimization,
    RetrievalOptimization,
)

CPU = torch.device("cpu")
AUDIO = AudioForm()
SHORT = {"epochs": 2, "batch_size": 6, "learning_rate": 1e-3}
WHISPER = replace(
    PARTS["whisper"], sizes=PARTS["whisper"].sizes | {"max_source_positions": 500}
)
MIXED = recipe("all", noise={}, specaugment={}, pairmix={"ratio": 0.5})
CAPTIONER = FamilySettings(
    ModelEntry(
        "own", "captioning", "text_decoder", WHISPER, PARTS["bart"], positions=8
    ),
    MIXED,
    20,
    AUDIO,
    CaptioningOptimization(**SHORT, warmup_epochs=0),
)
RETRIEVER = FamilySettings(
    ModelEntry("own", "retrieval", "frames", WHISPER, PARTS["bert"], embedding=16),
    MIXED,
    20,
    AUDIO,
    RetrievalOptimization(**SHORT),
)
POINT = TestTimeSettings(grid=GridConfig(taus=(), multi=((2, 2),)))


@pytest.fixture(scope="module")
def features(tiny, tmp_path_factory):
    """The features of a front end, by split."""
    folder = tmp_path_factory.mktemp("features")
    for split in ("train", "val"):
        model_features(
            FeatureSettings(WHISPER, AUDIO),
            waveforms=tiny.root / tiny.layout.waveforms(split),
            output=folder / split,
        )
    return folder


def train(tiny, features, settings, run):
    train_model(
        settings,
        corpus=tiny.identity,
        captions=tiny.captions("train"),
        val_captions=tiny.captions("val"),
        waveforms=tiny.root / tiny.layout.waveforms("train"),
        features=features / "train",
        val_features=features / "val",
        vocabulary=tiny.root / tiny.layout.vocabulary,
        word_pieces=tiny.root / tiny.layout.word_pieces,
        run=run,
    )
    return run


@pytest.fixture(scope="module")
def captioner(tiny, features, tmp_path_factory):
    return train(tiny, features, CAPTIONER, tmp_path_factory.mktemp("captioner"))


@pytest.fixture(scope="module")
def retriever(tiny, features, tmp_path_factory):
    return train(tiny, features, RETRIEVER, tmp_path_factory.mktemp("retriever"))


@pytest.mark.parametrize("task", ["captioner", "retriever"])
def test_the_folder_says_what_it_is(task, request):
    run = request.getfixturevalue(task)
    names = {path.name for path in run.iterdir()}
    assert {"settings.yaml", "model.pt", "history.csv", "vocabulary.txt"} < names
    assert "resume.pt" not in names
    own = read_record(run)
    settings = {"captioner": CAPTIONER, "retriever": RETRIEVER}[task]
    assert own.settings == plain(settings)
    assert read(FamilySettings, own.settings) == settings
    weights = load_weights(run / "model.pt")["model"].values()
    named = {"captioner": Captioner, "retriever": Retriever}[task].load(run, CPU)
    counted = sum(own.numel() for own in named.model.parameters())
    assert (
        int(own.environment["parameters"])
        == counted
        <= sum(own.numel() for own in weights)
    )
    history = pd.read_csv(run / "history.csv")
    assert len(history) == 2
    assert history["loss"].notna().all()


def test_a_captioner_is_tested_like_the_papers(tiny, features, captioner, tmp_path):
    own = {"run": captioner, "log_mels": features / "val"}
    search = DecodingSettings(beams=2, max_words=5)
    caption_split(search, **own, output=tmp_path / "captions.csv")
    said = pd.read_csv(tmp_path / "captions.csv", keep_default_na=False)
    assert said["file_name"].tolist() == LogMelStore(features / "val").names
    caption_grid(
        CaptionGridSettings(POINT, search),
        **own,
        waveforms=tiny.root / tiny.layout.waveforms("val"),
        output=tmp_path / "grid.csv",
    )
    grid = pd.read_csv(tmp_path / "grid.csv", keep_default_na=False)
    assert grid["point"].unique().tolist() == ["multi-tta-4"]
    assert len(grid) == len(said)


def test_a_captioner_ranks_captions_too(tiny, features, captioner, tmp_path):
    score_likelihood(
        LikelihoodSettings(),
        run=captioner,
        log_mels=features / "val",
        captions=tiny.captions("val"),
        output=tmp_path,
    )
    both = {
        name: read_scores(tmp_path / name / "scores.json")
        for name in ("likelihood", "likelihood-prior")
    }
    for name, own in both.items():
        assert (own.evaluated.task, own.evaluated.tta) == ("retrieval", name)
        assert own.clips == 4
    # A caption's prior is the same with every clip.
    first, second = (own.metrics for own in both.values())
    assert first["T2A meanR"] == pytest.approx(second["T2A meanR"])


def test_a_retriever_is_tested_like_the_papers(tiny, features, retriever, tmp_path):
    own = {
        "run": retriever,
        "log_mels": features / "val",
        "captions": tiny.captions("val"),
    }
    score_retrieval(**own, output=tmp_path / "plain")
    score_retrieval_grid(
        POINT,
        **own,
        waveforms=tiny.root / tiny.layout.waveforms("val"),
        output=tmp_path,
    )
    for name, point in (("plain", None), ("multi-tta-4", "multi-tta-4")):
        scores = read_scores(tmp_path / name / "scores.json")
        assert scores.evaluated.tta == point
        assert 1 <= scores.metrics["T2A meanR"] <= 4


def test_a_persons_sounds(tiny, captioner, retriever):
    """Views are made and averaged there too; the folder of the run is all it needs."""
    sound = sound_files(tiny.root / tiny.layout.source / "audio")[0]
    (window,) = caption_files(captioner, sound, tta="multi-10", max_words=4)
    assert window.file == sound
    assert len(window.captions) == 1
    found = Retriever.load(retriever, CPU)
    (embedded,) = embed_files(found, [sound])
    assert np.linalg.norm(embedded.embedding) == pytest.approx(1, abs=1e-4)
    assert embed_texts(found, ["a dog barks"]).shape == (1, 16)


def test_the_same_training_comes_to_the_same(tiny, features, retriever, tmp_path):
    again = train(tiny, features, RETRIEVER, tmp_path / "again")
    ours, theirs = (
        load_weights(run / "model.pt")["model"] for run in (again, retriever)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize(
    "mixing", [{"domain": "power"}, {"level_range_db": 6.0}, {"name_range_db": 9.0}]
)
def test_what_asks_for_decibels_is_refused(tiny, features, tmp_path, mixing):
    (key,) = mixing
    settings = replace(RETRIEVER, recipe=recipe("mine", pairmix=mixing))
    with pytest.raises(InputError, match=rf"pairmix {key}.* needs log-mels in dec"):
        train(tiny, features, settings, tmp_path)
