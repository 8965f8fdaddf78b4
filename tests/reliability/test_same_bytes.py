"""One seed on one machine gives the same bytes, however the work is cut up."""

import re
import sys

import pytest
import torch

from tests import tiny_corpus
from tests.reliability.test_kills import OPTIONS, digests
from tests.workflow.clones import Clone
from workflow_src.audio.store import LogMelStore
from workflow_src.corpus.pairs import read_pairs
from workflow_src.corpus.text import Vocabulary
from workflow_src.evaluation import captioning, retrieval
from workflow_src.evaluation.captioning import Captioner, caption
from workflow_src.evaluation.retrieval import Retriever, retrieval_metrics
from workflow_src.models.act import ACT
from workflow_src.training import training_files
from workflow_src.training.batches import Batches
from workflow_src.training.captioning import train_captioner
from workflow_src.training.retrieval import train_retriever

CPU = torch.device("cpu")
# A matrix product of another shape may round the last bits of a float otherwise.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def runs(tiny, tmp_path_factory):
    """A captioner and a retriever of the tiny corpus."""
    folder = tmp_path_factory.mktemp("runs")
    for step, settings, front_end, name in (
        (train_captioner, tiny_corpus.CAPTIONING, "act", "captioner"),
        (train_retriever, tiny_corpus.RETRIEVAL, "panns", "retriever"),
    ):
        files = tiny.training(front_end)
        step(settings, **files, run=folder / name, device="cpu", options=OPTIONS)
    return folder


@pytest.mark.parametrize("readers", [1, 3])
def test_a_training_with_any_number_of_readers(
    runs, tiny, tmp_path, monkeypatch, readers
):
    def with_readers(**arguments):
        return Batches(**arguments, workers=readers)

    monkeypatch.setattr(training_files, "Batches", with_readers)
    files = tiny.training("panns")
    train_retriever(
        tiny_corpus.RETRIEVAL, **files, run=tmp_path, device="cpu", options=OPTIONS
    )
    assert digests(tmp_path) == digests(runs / "retriever")


@pytest.mark.parametrize("size", [1, 3])
def test_captions_with_any_batch_of_evaluation(runs, tiny, monkeypatch, size):
    own = Captioner.load(runs / "captioner", CPU)
    log_mels = LogMelStore(tiny.log_mels("act", "train"))
    words = Vocabulary.load(runs / "captioner" / "vocabulary.txt")
    mels = torch.from_numpy(log_mels.read(range(len(log_mels)))).float()
    assert isinstance(own.model, ACT)
    with torch.no_grad():
        whole = own.model.encode(mels)
        apart = torch.cat([own.model.encode(part) for part in mels.split(size)])
    torch.testing.assert_close(apart, whole, atol=TOLERANCE, rtol=TOLERANCE)
    said = caption(own.model, log_mels, words, CPU)
    monkeypatch.setattr(captioning, "clips_of_captioner", lambda *_: size)
    assert caption(own.model, log_mels, words, CPU) == said


@pytest.mark.parametrize("size", [1, 3])
def test_ranks_with_any_batch_of_evaluation(runs, tiny, monkeypatch, size):
    own = Retriever.load(runs / "retriever", CPU)
    log_mels = LogMelStore(tiny.log_mels("panns", "val"))
    pairs = read_pairs(tiny.captions("val"))

    def evaluated():
        clips = retrieval.embed_clips(own.model, log_mels, CPU)
        texts = retrieval.embed_captions(own.model, pairs)
        return clips, texts, retrieval_metrics(clips, texts, log_mels.names, pairs)[0]

    whole = evaluated()
    monkeypatch.setattr(retrieval, "clips_of_retriever", lambda *_: size)
    monkeypatch.setattr(retrieval, "captions_at_once", lambda *_: size)
    apart = evaluated()
    for one, other in zip(apart[:2], whole[:2], strict=True):
        torch.testing.assert_close(one, other, atol=TOLERANCE, rtol=TOLERANCE)
    assert apart[2] == whole[2]


@pytest.mark.workflow
def test_cores_change_no_command(tmp_path):
    """What a step is told does not depend on how many run side by side."""
    clone = Clone.of_this(tmp_path / "clone")
    clone.select_scale("smoke")

    def commands(cores):
        shown = clone.run(
            f"{sys.executable} -m workflow_src.snakemake_command --dry-run "
            f"--printshellcmds --cores {cores} all"
        ).stdout
        return sorted(re.findall(r"python -m workflow_src .*", shown))

    alone = commands(1)
    assert len(alone) > 30
    assert commands(8) == alone
