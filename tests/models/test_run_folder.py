"""A run's folder says what it is, and is all that a model needs."""

import shutil
from dataclasses import replace

import pytest
import torch

from tests import tiny_corpus
from tests.records import captioning_settings, record, retrieval_settings
from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.audio.store import LogMelStore
from workflow_src.augment.recipes import RecipeSettings
from workflow_src.errors import InputError
from workflow_src.evaluation.captioning import Captioner, caption
from workflow_src.evaluation.retrieval import Retriever, embed_captions, embed_clips
from workflow_src.models.folder_weights import read_weights, weights_file
from workflow_src.models.half_weights import write_half
from workflow_src.models.run_folder import (
    HALF,
    MODEL,
    SETTINGS,
    read_record,
    run_record,
    write_record,
)
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.training.captioning import train_captioner
from workflow_src.training.retrieval import train_retriever
from workflow_src.version import code_version

CPU = torch.device("cpu")
TEXTS = [("a.flac", "a dog barks"), ("b.flac", "rain falls on a roof")]


@pytest.mark.parametrize("task", ["captioning", "retrieval"])
def test_a_record_comes_back_as_it_was(tmp_path, task):
    written = record(task)
    write_record(written, tmp_path)
    assert read_record(tmp_path) == written
    # What is read is written again, sign by sign.
    text = (tmp_path / SETTINGS).read_text(encoding="utf-8")
    write_record(read_record(tmp_path), tmp_path)
    assert (tmp_path / SETTINGS).read_text(encoding="utf-8") == text


def test_a_record_of_now_says_which_code_and_machine():
    made = run_record(
        "captioning", captioning_settings(), {"captions": "00"}, record().corpus, "cpu"
    )
    assert made.code == code_version()
    assert made.environment["device"] == "cpu"
    assert made.environment["torch"] == torch.__version__
    assert made.decisive == {"settings": made.settings, "inputs": {"captions": "00"}}


def test_its_parts_are_the_settings_that_it_was_made_from(tmp_path):
    for task, settings, sizes in (
        ("captioning", captioning_settings(), ActConfig),
        ("retrieval", retrieval_settings(), RetrieverConfig),
    ):
        write_record(record(task), tmp_path)
        own = read_record(tmp_path)
        assert own.part("model", sizes) == settings.model
        assert own.part("front_end", FrontEndSettings) == settings.front_end
        assert own.part("audio", AudioForm) == settings.audio
        assert own.part("recipe", RecipeSettings) == settings.recipe


def test_a_part_that_is_missing_or_damaged_is_named():
    own = record()
    with pytest.raises(InputError, match=r"settings\.yaml of a captioning run has no"):
        own.part("text_encoder", RetrieverConfig)
    damaged = replace(own, settings=own.settings | {"model": {"encoder_wdith": 3}})
    with pytest.raises(
        InputError,
        match=r"settings\.yaml: model: encoder_wdith is not a known key",
    ):
        damaged.part("model", ActConfig)


def test_the_task_that_is_needed(tmp_path):
    record().require_task("captioning", tmp_path)
    with pytest.raises(InputError, match="run is a run of captioning, not of"):
        record().require_task("retrieval", tmp_path / "run")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is no run's folder: it has no settings.yaml"),
        (b"task: [", "settings.yaml cannot be read"),
        (b"\xff", "settings.yaml cannot be read"),
        (b"", "settings.yaml: must be a mapping, not null"),
        (b"task: captioning", "settings.yaml: settings is missing"),
        (b"task: cooking", "task is one of captioning, retrieval, pretraining"),
    ],
)
def test_a_folder_that_is_none_is_named_in_one_sentence(tmp_path, content, said):
    if content is not None:
        (tmp_path / SETTINGS).write_bytes(content)
    for call in (
        lambda: read_record(tmp_path),
        lambda: Captioner.load(tmp_path, CPU),
        lambda: Retriever.load(tmp_path, CPU),
    ):
        with pytest.raises(InputError) as raised:
            call()
        assert str(tmp_path) in str(raised.value)
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.fixture(scope="module")
def trained(tiny, tmp_path_factory):
    """Runs of both tasks on a corpus of their own, what they said, and that corpus."""
    root = tmp_path_factory.mktemp("trained")
    shutil.copytree(tiny.root, root / "corpus")
    corpus = tiny_corpus.TinyCorpus(root / "corpus", tiny.layout)
    train_captioner(
        tiny_corpus.CAPTIONING, **corpus.training("act"), run=root / "captioner"
    )
    train_retriever(
        tiny_corpus.RETRIEVAL, **corpus.training("panns"), run=root / "retriever"
    )
    return root


def said_by(run, log_mels):
    own = Captioner.load(run, CPU)
    return caption(own.model, own.open_log_mels(log_mels), own.vocabulary, CPU)


def embedded_by(run, log_mels):
    own = Retriever.load(run, CPU)
    return (
        embed_clips(own.model, own.open_log_mels(log_mels), CPU),
        embed_captions(own.model, TEXTS),
    )


def shipped(run, folder):
    """A copy of a run's folder as it ships: with rounded weights instead of its own."""
    shutil.copytree(run, folder)
    write_half(read_weights(run), folder / HALF)
    # As long as the full weights are there, they are taken.
    assert weights_file(folder).name == MODEL
    (folder / MODEL).unlink()
    return folder


def test_a_shipped_run_is_the_full_one_within_half_precision(trained, tiny, tmp_path):
    full = trained / "captioner"
    rounded = shipped(full, tmp_path / "c")
    log_mels = tiny.log_mels("act", "val")
    own = Captioner.load(full, CPU), Captioner.load(rounded, CPU)
    rows = torch.from_numpy(own[0].open_log_mels(log_mels).read(slice(None)).copy())
    with torch.inference_mode():
        memories = [one.model.encode(rows.float()) for one in own]
    assert not torch.equal(*memories)
    torch.testing.assert_close(memories[1], memories[0], rtol=0.01, atol=0.01)
    full = trained / "retriever"
    rounded = shipped(full, tmp_path / "r")
    log_mels = tiny.log_mels("panns", "val")
    for ours, theirs in zip(
        embedded_by(full, log_mels), embedded_by(rounded, log_mels), strict=True
    ):
        assert torch.cosine_similarity(ours, theirs).min() > 0.9999


def test_a_copy_of_the_folder_elsewhere_is_enough_without_the_corpus(
    trained, tiny, tmp_path, monkeypatch
):
    captions = said_by(trained / "captioner", tiny.log_mels("act", "val"))
    embedded = embedded_by(trained / "retriever", tiny.log_mels("panns", "val"))
    shutil.copytree(trained / "captioner", tmp_path / "c")
    shutil.copytree(trained / "retriever", tmp_path / "r")
    for name in ("corpus", "captioner", "retriever"):
        shutil.rmtree(trained / name)
    # No config.yaml is in this folder either.
    monkeypatch.chdir(tmp_path)
    assert said_by(tmp_path / "c", tiny.log_mels("act", "val")) == captions
    again = embedded_by(tmp_path / "r", tiny.log_mels("panns", "val"))
    for ours, theirs in zip(embedded, again, strict=True):
        assert torch.equal(ours, theirs)
    # What was compared is not the same for every clip by itself.
    assert list(captions) == LogMelStore(tiny.log_mels("act", "val")).names
    assert any(captions.values())
    assert not torch.equal(embedded[0][0], embedded[0][1])


def test_a_run_of_the_other_task_is_refused(tmp_path):
    write_record(record("retrieval"), tmp_path)
    with pytest.raises(InputError, match="is a run of retrieval, not of captioning"):
        Captioner.load(tmp_path, CPU)
    write_record(record("captioning"), tmp_path)
    with pytest.raises(InputError, match="is a run of captioning, not of retrieval"):
        Retriever.load(tmp_path, CPU)
