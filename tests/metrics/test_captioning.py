import csv
import json
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workflow_src.errors import InputError
from workflow_src.metrics import captioning, java, meteor
from workflow_src.metrics.tokenization import ptb_tokenize

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="module")
def sample():
    """40 clips of AudioCaps with the scores of pycocoevalcap 1.2 on Java 17.

    Four or five references a clip; among the candidates an empty one, one of
    punctuation, one of 500 words and one with characters of several scripts.
    """
    return json.loads((DATA / "captions.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scores(sample):
    """Of two systems, under a locale that Java would print and read wrongly."""
    starts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C")
        patch.setenv("JAVA_TOOL_OPTIONS", "-Duser.language=de -Dfile.encoding=ASCII")
        command = java.command
        patch.setattr(java, "command", lambda *a: starts.append(a) or command(*a))
        references = sample["references"]
        second = {clip: texts[-1] for clip, texts in references.items()}
        systems = {"first": sample["candidates"], "second": second}
        found = captioning.score_many(systems, references)
    assert len(starts) == 2, "the tokeniser and METEOR start once for both systems"
    return found


def test_equals_pycocoevalcap(sample, scores):
    assert list(scores["first"]) == list(captioning.METRICS)
    for metric, (corpus, clips) in sample["scores"].items():
        assert scores["first"][metric][0] == pytest.approx(corpus, rel=1e-12), metric
        assert scores["first"][metric][1] == pytest.approx(clips, rel=1e-12), metric


def test_candidates_without_a_word_score_zero(sample, scores):
    clips = list(sample["references"])
    for metric, (_, found) in scores["first"].items():
        for clip in clips[1:3]:
            assert found[clips.index(clip)] == pytest.approx(0, abs=1e-12), metric


def test_two_evaluations_at_once_give_what_one_gives(sample, scores):
    references = sample["references"]
    systems = {
        "first": sample["candidates"],
        "second": {clip: texts[-1] for clip, texts in references.items()},
    }
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(captioning.score, systems.values(), [references] * 2)
        assert dict(zip(systems, found, strict=True)) == scores


def test_tokens_keep_one_line_a_caption():
    captions = ["A\nb\rc\x0bd\x0ce\x85f\u2028g", "", " ", "...", "Dogs bark, loudly!"]
    assert ptb_tokenize(captions) == ["a b c d e f g", "", "", "", "dogs bark loudly"]
    assert ptb_tokenize([]) == []


@pytest.mark.parametrize(
    ("candidates", "references", "message"),
    [
        ({}, {}, "no reference captions"),
        ({"a": "x"}, {"a": ["x"], "b": ["y"]}, "no candidate for clip 'b'"),
        ({"a": "x", "b": "y"}, {"a": ["x"]}, "clip 'b' has no reference"),
        ({"a": "x"}, {"a": "x"}, "clip 'a': references are not a list"),
        ({"a": "x"}, {"a": []}, "clip 'a': references are not a list"),
        ({"a": "x"}, {"a": ["x", " ."]}, "' .' has no word"),
        ({"a": "x"}, {"a": ["x", None]}, "None is not text"),
        ({"a": ["x"]}, {"a": ["x"]}, "is not text"),
        ({"a": "\ud800"}, {"a": ["x"]}, "not valid Unicode"),
    ],
)
@pytest.mark.parametrize("function", [captioning.score, captioning.quick_cider])
def test_bad_input_is_named(function, candidates, references, message):
    with pytest.raises(InputError, match=message):
        function(candidates, references)


def test_unknown_spice_is_named():
    with pytest.raises(InputError, match="'fast' is none of auto, java, python, none"):
        captioning.score({"a": "x"}, {"a": ["x"]}, spice="fast")


def test_quick_cider_is_near_cider(sample):
    quick, clips = captioning.quick_cider(sample["candidates"], sample["references"])
    corpus, expected = sample["scores"]["CIDEr"]
    assert quick == pytest.approx(corpus, abs=0.02)
    assert clips == pytest.approx(expected, abs=0.2)


def test_cider_alone_is_the_same(sample, scores):
    found = captioning.cider({"first": sample["candidates"]}, sample["references"])
    assert found == {"first": scores["first"]["CIDEr"]}


def test_meteor_that_ends_early_says_why(monkeypatch):
    monkeypatch.setattr(meteor, "HEAP", "16m")
    with meteor.Meteor() as process, pytest.raises(java.JavaError, match="METEOR"):
        process.score(["a dog"], [["a dog"]])


def test_meteor_that_takes_too_long_says_so():
    with (
        meteor.Meteor(timeout=0.1) as process,
        pytest.raises(java.JavaError, match=r"not finish within 0\.1 s"),
    ):
        process.score(["a dog"], [["a dog"]])


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="no shared folder")
def test_equals_pycocoevalcap_on_the_whole_test_set(tmp_path):
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.meteor.meteor import Meteor
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    references = defaultdict(list)
    with open(SHARED / "audiocaps" / "test.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            references[row["youtube_id"], row["start_time"]].append(row["caption"])
    everything = [text for texts in references.values() for text in texts]
    draws = random.Random(0)
    candidates = {
        clip: draws.choice(texts if draws.random() < 0.5 else everything)
        for clip, texts in references.items()
    }
    tokenize = PTBTokenizer().tokenize
    real = tokenize({c: [{"caption": t} for t in ts] for c, ts in references.items()})
    own = tokenize({clip: [{"caption": text}] for clip, text in candidates.items()})
    systems = {"": candidates}
    whole, cut = (
        captioning.score_many(systems, references, meteor_tables=folder)[""]
        for folder in (None, tmp_path)
    )
    corpus, clips = Bleu(4).compute_score(real, own, verbose=0)
    expected = {f"BLEU-{n + 1}": (corpus[n], clips[n]) for n in range(4)}
    scorers = {"METEOR": Meteor(), "ROUGE-L": Rouge(), "CIDEr": Cider()}
    for metric, scorer in scorers.items():
        expected[metric] = scorer.compute_score(real, own)
    assert len(references) == 975
    for metric, (corpus, clips) in expected.items():
        assert whole[metric] == cut[metric] == (corpus, list(clips)), metric
