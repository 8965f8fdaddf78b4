"""The page without a browser: what is in it, what is not, and how large it may be."""

import base64
import io
import re
import struct
import zlib
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
import torch

from workflow_src.audio.frontend import SAMPLE_RATE
from workflow_src.errors import InputError
from workflow_src.metrics import retrieval
from workflow_src.report.page import sounds
from workflow_src.report.page.clips import youtube_address
from workflow_src.report.page.command import write_page
from workflow_src.report.page.pictures import log_mel_picture
from workflow_src.report.page.retrieved import first_answers
from workflow_src.report.page.sounds import Budget, sound
from workflow_src.report.sample import sample, shuffled


class Elements(HTMLParser):
    """Counts elements and collects addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.count, self.addresses, self.handlers = {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attributes:
            if name in ("src", "href"):
                self.addresses.append(value)
            if name.startswith("on"):
                self.handlers.append(name)


@pytest.fixture(scope="module")
def page(finished, page_settings, tmp_path_factory):
    output = tmp_path_factory.mktemp("page") / "report.html"
    write_page(page_settings, **finished, output=output)
    return output.read_text(encoding="utf-8")


def test_the_page_needs_no_other_file(page):
    found = Elements(page)
    assert found.count["script"] == 3
    assert not found.handlers
    for address in found.addresses:
        assert address.startswith(("#", "data:")), address
    assert "http" not in re.sub(r"http://www.w3.org/2000/svg|http-equiv", "", page)


def test_texts_from_outside_stay_texts(page, read_embedded):
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    said = {
        text
        for own in read_embedded(page, "data")["captioning"]
        for text in own["captions"]
    }
    assert any(text.startswith("<script>alert(1)</script>") for text in said)


def test_the_top_says_what_was_run_and_how_sure_it_is(page):
    assert (
        "2 captioners and 2 retrievers were trained on 4 clips of the embedded" in page
    )
    assert "None of these figures is of AudioCaps" in page
    assert "by CIDEr, nothing is clearly ahead of no augmentation, PairMix" in page
    assert "1 of 1 are clearly behind" in page
    assert "tells nothing about another training" in page
    assert page.count('<svg class="forest"') == 3


def test_settings_hours_and_losses_are_shown(page):
    assert "a &lt;machine&gt;" in page
    assert "f" * 40 in page
    assert "pairmix (ratio 0.25)" in page
    assert '<td class="number">2.00</td>' in page
    assert "private, gone" in page


def test_clips_have_their_captions_scores_and_ranks(page, read_embedded, finished):
    data = read_embedded(page, "data")
    place = [clip["name"] for clip in data["clips"]].index("clip2.flac")
    assert data["clips"][place]["references"] == [
        f"a dog barks 3 times, {n} heard" for n in (0, 1)
    ]
    systems = {(own["recipe"], own["tta"]): own for own in data["captioning"]}
    assert list(systems) == [
        ("none", None),
        ("pairmix", None),
        ("pairmix", "multi-tta-4"),
    ]
    assert systems["pairmix", None]["captions"][place] == "pairmix says a dog 3"
    assert systems["pairmix", None]["scores"] == {
        "CIDEr": systems["pairmix", None]["scores"]["CIDEr"]
    }
    assert systems["pairmix", None]["scores"]["CIDEr"][place] == 47.0
    found = data["retrieval"][1]
    assert found["a2t"][place] == 5
    assert found["t2a"][place] == [4, 4]
    # Its own row in the file of captions; the next clip was found first.
    row = next(row for row, clip in enumerate(data["rows"]) if clip == place)
    assert data["clips"][found["found"]["t2a"][row][0]]["name"] == "clip3.flac"
    assert data["rows"][found["found"]["a2t"][place][0]] == place
    assert data["retrieval"][0]["found"] is None


def test_only_combinations_that_training_lacks_are_new(page, read_embedded):
    new = [clip["name"] for clip in read_embedded(page, "data")["clips"] if clip["new"]]
    assert new == ["clip0.flac"]


def test_every_sound_can_be_decoded(page, read_embedded):
    found = read_embedded(page, "sounds")
    assert {key.rstrip("0123456789-") for key in found} == {"clip", "mix", "view"}
    for address in found.values():
        content = base64.b64decode(address.partition(",")[2])
        samples, rate = soundfile.read(io.BytesIO(content))
        assert len(samples) / rate == pytest.approx(1.5, abs=0.01)


def test_the_page_keeps_within_its_size_and_drops_sounds_first(
    finished, page_settings, tmp_path, page, read_embedded
):
    least = len(page.encode()) - sum(
        len(text)
        for key, text in read_embedded(page, "sounds").items()
        if key.startswith("clip")
    )
    allowed = (least + 12_000) / 1e6
    output = tmp_path / "report.html"
    write_page(replace(page_settings, megabytes=allowed), **finished, output=output)
    assert output.stat().st_size <= allowed * 1e6
    clips = read_embedded(output.read_text(encoding="utf-8"), "data")["clips"]
    heard = ["sound" in clip for clip in clips]
    assert 0 < sum(heard) < len(clips)
    assert heard == sorted(heard, reverse=True)  # the sample's come first
    with pytest.raises(InputError, match=r"report\.html: 0\.01 MB are too few"):
        write_page(replace(page_settings, megabytes=0.01), **finished, output=output)


def test_without_audio_there_is_no_sound_at_all(
    finished, page_settings, tmp_path, read_embedded
):
    output = tmp_path / "report.html"
    write_page(replace(page_settings, audio=False), **finished, output=output)
    assert read_embedded(output.read_text(encoding="utf-8"), "sounds") == {}


def test_a_run_that_lacks_a_clip_is_named(finished, page_settings, tmp_path):
    captions = tmp_path / "captions.csv"
    captions.write_text(
        finished["captions"].read_text(encoding="utf-8") + "new.flac,a cat\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"captioning.none lacks clip 'new\.flac'"):
        write_page(
            page_settings, **finished | {"captions": captions}, output=tmp_path / "x"
        )


def test_the_same_samples_give_the_same_sound():
    tone = np.sin(np.arange(SAMPLE_RATE) / 30)
    assert sound(tone, SAMPLE_RATE) == sound(tone, SAMPLE_RATE)


def test_an_old_libsndfile_writes_flac(monkeypatch):
    monkeypatch.setattr(sounds, "has_opus", lambda: False)
    address = sound(np.zeros(3200), SAMPLE_RATE)
    kind, _, content = address.partition(",")
    assert kind == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(content)))
    assert (len(samples), rate) == (1600, 16_000)


def test_a_budget_stops_at_the_first_that_does_not_fit():
    budget = Budget(10)
    assert budget.fitting([(4, "four"), (7, "seven77"), (2, "ab")]) == {4: "four"}
    assert budget.left == 6
    assert not Budget(1).take("é")


def test_a_picture_has_low_sounds_below_and_the_peak_brightest():
    log_mel = np.full((500, 4), -80.0)
    log_mel[:, 0] = 0.0
    content = base64.b64decode(log_mel_picture(log_mel).partition(",")[2])
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) == (250, 4)
    begin = content.index(b"IDAT") + 4
    rows = np.frombuffer(zlib.decompress(content[begin:-16]), np.uint8).reshape(4, 251)
    assert rows[3, 1:].tolist() == [255] * 250
    assert not rows[:3].any()


def test_a_sample_depends_on_the_names_alone():
    names = [f"{number}.flac" for number in range(50)]
    assert sample(names, 5, 0) == sample(names[::-1], 5, 0)
    assert sample(names, 5, 0) != sample(names, 5, 1)
    assert sorted(shuffled(names, 0)) == sorted(names)


@pytest.mark.parametrize("name", ["abcdefghijk_30.flac", "ab_defghijk_30.5.wav"])
def test_a_clip_of_youtube_has_an_address(name):
    assert youtube_address(name) == f"https://www.youtube.com/watch?v={name[:11]}&t=30s"


@pytest.mark.parametrize("name", ["dog.flac", "dog_30.flac", "abcdefghijk_x.flac"])
def test_another_clip_has_none(name):
    assert youtube_address(name) is None


def test_the_true_clip_is_found_at_the_place_that_its_rank_says():
    generator = torch.Generator().manual_seed(0)
    audio, texts = (
        torch.randn(9, 6, generator=generator),
        torch.randn(18, 6, generator=generator),
    )
    owners = np.repeat(np.arange(9), 2)
    ranks = retrieval.ranks(audio, texts, owners)
    clips, rows = [str(n) for n in range(9)], [str(n) for n in range(18)]
    to_audio = {
        (query, found): place
        for _, query, place, found, _ in first_answers(
            "t2a", rows, texts, clips, audio, 4
        )
    }
    for row, rank in enumerate(ranks["t2a"]):
        assert to_audio.get((str(row), str(owners[row])), 99) == (
            rank + 1 if rank < 4 else 99
        )
    to_text = {
        (query, found): place
        for _, query, place, found, _ in first_answers(
            "a2t", clips, audio, rows, texts, 4
        )
    }
    for clip, rank in enumerate(ranks["a2t"]):
        best = min(
            to_text.get((str(clip), str(row)), 99) for row in (2 * clip, 2 * clip + 1)
        )
        assert best == (rank + 1 if rank < 4 else 99)
