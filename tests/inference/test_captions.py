"""Captions of files: those of the workflow, with probabilities, window by window."""

import math
import shutil

import numpy as np
import pytest
import soundfile
import torch

from tests.inference.conftest import RATE, sound
from workflow_src.corpus.manifest import read_csv
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import (
    CaptionGridSettings,
    DecodingSettings,
    GridConfig,
    TestTimeSettings,
)
from workflow_src.evaluation.tta_grid import caption_grid
from workflow_src.inference.captions import caption_files
from workflow_src.inference.loading import load_captioner
from workflow_src.inference.sounds import BadFile
from workflow_src.inference.test_time import strategy_named
from workflow_src.models.run_folder import read_record, write_record
from workflow_src.tta import Strategy


@pytest.fixture(scope="module")
def captioner(trained):
    return load_captioner(trained.captioner, "cpu", 1)


def captions_of(windows):
    return {window.file.rpartition("/")[2]: window.captions for window in windows}


def workflow_captions(path, **wanted):
    columns = ["file_name", "caption", *wanted]
    return {
        row["file_name"]: row["caption"]
        for _, row in read_csv(path, columns)
        if all(row[key] == value for key, value in wanted.items())
    }


def test_the_corpus_gets_the_captions_of_the_workflow(trained, captioner):
    expected = workflow_captions(trained.captions)
    assert len(set(expected.values())) == len(expected), "the model learned nothing"
    found = captions_of(caption_files(captioner, trained.sounds))
    assert {name: own[0].text for name, own in found.items()} == expected


@pytest.mark.parametrize(
    ("tta", "point"),
    [("tta-10", "tta-10"), ("mid-10", "mid-tta-10"), ("multi-10", "multi-tta-10")],
)
def test_views_give_the_captions_of_the_workflow(
    trained, captioner, tmp_path, tta, point
):
    grid = tmp_path / "grid.csv"
    test_time = TestTimeSettings(grid=GridConfig(taus=(10,), multi=((2, 5),)))
    caption_grid(
        CaptionGridSettings(test_time, DecodingSettings()),
        run=trained.captioner,
        log_mels=trained.log_mels["act"],
        waveforms=trained.waveforms,
        output=grid,
        device="cpu",
    )
    # One batch of views holds several windows' worth, or a part of one.
    for batch in (4, 64):
        found = captions_of(
            caption_files(captioner, trained.sounds, tta=tta, batch=batch)
        )
        expected = workflow_captions(grid, point=point)
        assert {name: own[0].text for name, own in found.items()} == expected


def test_files_of_one_name_have_views_of_their_own_sound(captioner, trained, tmp_path):
    """Views are drawn by the file's name, and made of the file's sound."""
    for number, name in enumerate(("high.flac", "noise.flac")):
        (tmp_path / str(number)).mkdir()
        shutil.copy(trained.sounds / name, tmp_path / str(number) / "a.flac")
    first, second = caption_files(captioner, tmp_path, tta="multi-10")
    assert first.captions[0].text == "a high tone is steady"
    assert second.captions[0].text == "rain falls"


def test_probabilities_are_those_of_the_decoder(trained, captioner):
    [window] = caption_files(captioner, trained.sounds / "low.flac", top=3)
    assert len({caption.text for caption in window.captions}) == 3
    store = captioner.open_log_mels(trained.log_mels["act"])
    mels = torch.from_numpy(store.read([store.row("low.flac")])).float()
    for caption in window.captions:
        words = captioner.vocabulary.encode(caption.text)
        with torch.no_grad():
            memory = captioner.model.encode(mels)
            logits = captioner.model.decode(memory, torch.tensor([words[:-1]]))
        chosen = logits[0].double().log_softmax(-1)[range(len(words) - 1), words[1:]]
        assert caption.sequence_probability == pytest.approx(
            chosen.sum().exp().item(), rel=1e-3
        )
        assert caption.length_normalised_probability == pytest.approx(
            chosen.mean().exp().item(), rel=1e-3
        )
    ranked = [caption.length_normalised_probability for caption in window.captions]
    assert ranked == sorted(ranked, reverse=True)


def test_the_best_caption_does_not_depend_on_how_many_are_asked_for(trained, captioner):
    one = captions_of(caption_files(captioner, trained.sounds))
    three = captions_of(caption_files(captioner, trained.sounds, top=3))
    assert {name: own[:1] for name, own in three.items()} == one


def test_a_long_sound_has_a_caption_a_window(captioner, tmp_path):
    high, low = sound(3000, 0, rate=44_100), sound(150, 0, rate=44_100)
    silence = np.zeros(2 * 44_100)
    path = tmp_path / "long.wav"
    soundfile.write(path, np.concatenate([high, low, silence, high]), 44_100)
    windows = list(caption_files(captioner, path, batch=3))
    assert [(w.start, w.end) for w in windows] == [(0, 2), (2, 4), (4, 6), (6, 8)]
    assert [[c.text for c in window.captions] for window in windows] == [
        ["a high tone is steady"],
        ["a low hum goes on"],
        [],
        ["a high tone is steady"],
    ]


def test_results_come_while_files_are_read(captioner, trained, tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.tile(sound(3000, 0), 30), RATE)
    windows = caption_files(
        captioner, [path, tmp_path / "gone.wav"], batch=2, on_bad=print
    )
    assert next(windows).start == 0
    path.unlink()  # is open; the rest comes nevertheless
    assert sum(1 for _ in windows) == 29


def test_bad_files_are_told_and_the_rest_has_captions(captioner, sounds):
    (sounds / "bad.wav").write_text("no sound")
    (sounds / "old.m4a").write_text("no sound that libsndfile reads")
    bad = []
    found = captions_of(caption_files(captioner, sounds, on_bad=bad.append))
    assert len(found) == 6
    assert [one.file.rpartition("/")[2] for one in bad] == ["bad.wav", "old.m4a"]
    assert all(isinstance(one, BadFile) and one.reason for one in bad)
    with pytest.raises(InputError, match=r"bad\.wav: not readable"):
        list(caption_files(captioner, sounds))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"top": 0}, "top is from 1 to the number of beams, 3, not 0"),
        ({"top": 3, "beams": 2}, "top is from 1 to the number of beams, 2, not 3"),
        ({"batch": 0}, "batch and max_words are at least 1"),
        ({"tta": "mega-100"}, "test-time augmentation is none, tta-N, mid-N or one of"),
        ({"tta": "multi-7"}, "multi-10, multi-25, multi-50, multi-100, not 'multi-7'"),
        ({"tta": "tta-0"}, "not 'tta-0'"),
    ],
)
def test_bad_arguments_are_refused_at_once(captioner, trained, options, sentence):
    with pytest.raises(InputError, match=sentence):
        caption_files(captioner, trained.sounds, **options)


def test_names_of_strategies():
    assert strategy_named("none") is None
    assert strategy_named("tta-7") == Strategy.conventional(7)
    assert strategy_named("mid-50") == Strategy.mid(50)
    assert strategy_named("multi-100") == Strategy.uniform((5, 20))
    assert strategy_named("multi-tta-25") == Strategy.uniform((5, 5))


def test_a_recipe_without_augmentation_has_no_views(trained, tmp_path):
    run = tmp_path / "plain"
    shutil.copytree(trained.captioner, run)
    record = read_record(run)
    record.settings["recipe"] = {"name": "none"}
    write_record(record, run)
    with pytest.raises(InputError, match="the recipe none has no augmentation"):
        caption_files(run, trained.sounds, tta="tta-10")
    assert list(caption_files(run, trained.sounds / "low.flac"))


def test_probabilities_are_between_zero_and_one(trained, captioner):
    for window in caption_files(captioner, trained.sounds, top=3, beams=5):
        for one in window.captions:
            product = one.length_normalised_probability ** (len(one.text.split()) + 1)
            assert (
                0 < one.sequence_probability <= one.length_normalised_probability <= 1
            )
            assert math.isclose(product, one.sequence_probability, rel_tol=1e-6)
