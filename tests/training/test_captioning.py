"""The captioner's training as a step: what it reads decides, a kill loses nothing."""

import re
from dataclasses import replace
from itertools import count

import pandas as pd
import pytest
import torch

from tests.records import recipe
from tests.tiny_corpus import ACT, CAPTIONING
from workflow_src.corpus.text import Vocabulary
from workflow_src.errors import InputError
from workflow_src.models.act import ACT as Model
from workflow_src.models.run_folder import read_record
from workflow_src.models.weights import load_weights, save_weights
from workflow_src.settings import digest, plain
from workflow_src.training import captioning
from workflow_src.training.captioning import train_captioner
from workflow_src.training.settings import TrainingOptions

RESULTS = {"settings.yaml", "model.pt", "history.csv", "vocabulary.txt"}


class Killed(Exception):
    """Stands for the signal that ends a job."""


@pytest.fixture
def train(tiny, monkeypatch):
    """Train into a folder, perhaps with other settings and files, perhaps killed."""

    def run(folder, settings=CAPTIONING, kill_at_step=None, options=None, **files):
        steps, rising = count(), count()

        def loss(*arguments):
            if next(steps) == kill_at_step:
                raise Killed
            return captioning_loss(*arguments)

        # Each epoch is the best so far: the weights kept are the last ones.
        monkeypatch.setattr(captioning, "quick_cider", lambda *_: (next(rising), None))
        monkeypatch.setattr(captioning, "label_smoothing_loss", loss)
        given = {} if options is None else {"options": options}
        files = tiny.training("act") | files
        train_captioner(settings, **files, run=folder, **given)

    captioning_loss = captioning.label_smoothing_loss
    return run


@pytest.fixture
def kill(train):
    """Start a training that is killed in its second of three epochs."""

    def run(folder, **options):
        with pytest.raises(Killed):
            train(folder, kill_at_step=3, **options)
        assert (folder / "resume.pt").exists()
        assert not (folder / "model.pt").exists()

    return run


def losses(folder):
    return pd.read_csv(folder / "history.csv")["loss"].tolist()


def weights(folder):
    return load_weights(folder / "model.pt")["model"]


def assert_equal_runs(one, other):
    assert losses(one) == losses(other)
    ours, theirs = weights(one), weights(other)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_folder_says_what_it_is(train, tiny, tmp_path):
    train(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == RESULTS
    own = read_record(tmp_path / "run")
    assert own.task == "captioning"
    assert own.settings == plain(CAPTIONING)
    assert own.corpus.scale == "tiny"
    read = {"captions", "val_captions", "waveforms", "log_mels", "val_log_mels"}
    assert set(own.inputs) == read | {"vocabulary", "word_vectors"}
    assert own.environment["torch"] == torch.__version__
    words = Vocabulary.load(tmp_path / "run" / "vocabulary.txt").words
    assert words == Vocabulary.load(tiny.training("act")["vocabulary"]).words


def test_a_killed_training_goes_on_bit_for_bit(train, kill, tmp_path, capsys):
    train(tmp_path / "whole")
    kill(tmp_path / "killed")
    capsys.readouterr()
    train(tmp_path / "killed")
    assert "resuming after epoch 0" in capsys.readouterr().err
    assert len(losses(tmp_path / "killed")) == 3
    assert_equal_runs(tmp_path / "whole", tmp_path / "killed")
    assert {path.name for path in (tmp_path / "killed").iterdir()} == RESULTS


def test_where_clips_lie_and_when_states_are_written_changes_nothing(train, tmp_path):
    train(tmp_path / "one")
    options = TrainingOptions(resident="all", checkpoint_minutes=0)
    train(tmp_path / "other", options=options)
    assert_equal_runs(tmp_path / "one", tmp_path / "other")


def test_a_run_says_which_precision_it_had(train, tmp_path):
    once = replace(CAPTIONING.optimization, epochs=1)
    settings = replace(CAPTIONING, optimization=once)
    options = TrainingOptions(precision="bf16", micro_batch=4)
    train(tmp_path, settings, options=options)
    environment = read_record(tmp_path).environment
    assert environment["precision"] == "bf16"
    assert environment["compiled"] == "no"
    assert all(own.dtype != torch.bfloat16 for own in weights(tmp_path).values())


@pytest.fixture
def other_files(tiny, tmp_path):
    """Files that differ in their content alone, by what is done to them."""
    first = tiny.training("act")["captions"].read_text(encoding="utf-8")
    changed, fewer = tmp_path / "changed.csv", tmp_path / "fewer.csv"
    rows = first.splitlines(keepends=True)
    words = rows[1].rstrip("\n").split(" ")
    rows[1] = " ".join([*words, words[-1].strip('"')]) + "\n"
    changed.write_text("".join(rows), encoding="utf-8")
    fewer.write_text("".join(first.splitlines(keepends=True)[:-1]), encoding="utf-8")
    torch.manual_seed(5)
    state = Model(replace(ACT, vocabulary=9)).encoder.state_dict()
    save_weights({"model": state}, tmp_path / "encoder.pt")
    return {
        "captions": {"captions": changed},
        "train_clips": {"captions": fewer},
        "pretrained": {"encoder": tmp_path / "encoder.pt"},
    }


NOISE = {"snr_db": [5.0, 20.0]}
ALPHA = {"ratio": 0.5, "alpha": 0.4}
CHANGES = {
    "a noise strength": (
        {"recipe": recipe("mine", noise=NOISE, specaugment={}, pairmix={"ratio": 0.5})},
        r"settings\.recipe\.noise\.snr_db was \[10\.0, 30\.0\], is \[5\.0, 20\.0\]",
    ),
    "pairmix alpha": (
        {"recipe": recipe("mine", noise={}, specaugment={}, pairmix=ALPHA)},
        r"settings\.recipe\.pairmix\.alpha was 0\.1, is 0\.4",
    ),
    "pretrained": (
        {"encoder": "own"},
        r'settings\.encoder was "scratch", is "own"; '
        r'inputs\.encoder was null, is "[0-9a-f]{64}"',
    ),
    "batch size": (
        {"optimization": replace(CAPTIONING.optimization, batch_size=4)},
        r"settings\.optimization\.batch_size was 6, is 4",
    ),
    "captions": (
        {},
        r'inputs\.captions was "[0-9a-f]{64}", is "[0-9a-f]{64}"',
    ),
    "train_clips": (
        {},
        r'inputs\.captions was "[0-9a-f]{64}", is "[0-9a-f]{64}"',
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_killed_training_of_something_else_is_kept_aside(
    train, kill, other_files, tmp_path, capsys, what
):
    change, difference = CHANGES[what]
    folder, settings = tmp_path / "killed", replace(CAPTIONING, **change)
    kill(folder)
    old = read_record(folder)
    left = {name: (folder / name).read_bytes() for name in ("resume.pt", "best.pt")}
    capsys.readouterr()
    train(folder, settings, **other_files.get(what, {}))
    aside = folder / f"superseded-{digest(old.decisive)}"
    said = capsys.readouterr().err
    (line,) = (line for line in said.splitlines() if "another training" in line)
    path, _, reason = line.partition(" belongs to another training (")
    assert path == str(folder / "resume.pt")
    reason, _, rest = reason.partition("): it is kept in ")
    assert re.fullmatch(difference, reason), reason
    assert rest == f"{aside}, and this training starts from the first epoch"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == left
    assert len(losses(folder)) == settings.optimization.epochs
    train(tmp_path / "whole", settings, **other_files.get(what, {}))
    assert_equal_runs(tmp_path / "whole", folder)


def test_an_encoder_of_ones_own_is_where_it_starts(train, other_files, tmp_path):
    """With a learning rate of next to nothing it still is what it was."""
    still = replace(CAPTIONING.optimization, learning_rate=1e-12, epochs=1)
    settings = replace(CAPTIONING, encoder="own", optimization=still)
    train(tmp_path / "run", settings, **other_files["pretrained"])
    own = load_weights(other_files["pretrained"]["encoder"])["model"]
    trained = weights(tmp_path / "run")
    for name, tensor in own.items():
        if "running" not in name and "batches" not in name:
            torch.testing.assert_close(trained[f"encoder.{name}"], tensor)


@pytest.mark.parametrize("encoder", ["own", "audioset_deit"])
def test_an_encoder_that_is_asked_for_and_not_given_is_an_error(
    train, tmp_path, encoder
):
    with pytest.raises(InputError, match=f"encoder is {encoder}, .* --encoder"):
        train(tmp_path, replace(CAPTIONING, encoder=encoder))


def test_word_vectors_that_are_asked_for_and_not_given_are_an_error(train, tmp_path):
    with pytest.raises(InputError, match=r"word2vec is true, .* --word-vectors"):
        train(tmp_path, word_vectors=None)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("encoder", r"nowhere: no such file"),
        ("vocabulary", r"nowhere: No such file"),
        ("captions", r"nowhere cannot be read"),
        ("corpus", r"nowhere: No such file"),
    ],
)
def test_a_file_that_is_not_there_is_named(train, tmp_path, option, said):
    own = "published.pth" if option == "encoder" else "scratch"
    with pytest.raises(InputError, match=said):
        train(
            tmp_path / "run",
            replace(CAPTIONING, encoder=own),
            **{option: tmp_path / "nowhere"},
        )
