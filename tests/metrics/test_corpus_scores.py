"""A resampled test set scores what scoring it from scratch gives, in every metric."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_src.metrics import captioning, meteor, paraphrases, retrieval
from workflow_src.metrics.caption_input import tokenize
from workflow_src.metrics.corpus_scores import MedianOfQueries
from workflow_src.metrics.spice import Settings
from workflow_src.metrics.uncertainty import draw_clips

DATA = Path(__file__).parent / "data"
PARAPHRASES = [
    (a, b)
    for pair in (
        ("speaking", "talking"),
        ("is speaking", "talks"),
        ("a man", "an adult male"),
        ("a woman", "an adult female"),
        ("in the background", "in the distance"),
        ("a vehicle", "an engine"),
    )
    for a, b in (pair, pair[::-1])
]


@pytest.fixture(scope="module")
def sample():
    """40 clips of AudioCaps: see test_captioning. One candidate is a reference."""
    found = json.loads((DATA / "captions.json").read_text(encoding="utf-8"))
    clip = list(found["references"])[7]
    found["candidates"][clip] = found["references"][clip][0]
    return found


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Folder for METEOR's table, cut from a small one, for a quick start."""
    folder = tmp_path_factory.mktemp("meteor")
    whole = folder / "whole.gz"
    lines = [f"0.5\n{phrase}\n{other}\n" for phrase, other in PARAPHRASES]
    whole.write_bytes(gzip.compress("".join(lines).encode()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paraphrases, "table", lambda: whole)
        yield folder


@pytest.fixture(scope="module")
def evaluation(sample, tables, tmp_path_factory):
    cache = tmp_path_factory.mktemp("spice") / "cache.sqlite"
    systems = {"": sample["candidates"]}
    settings = Settings("python", cache=cache)
    return captioning.evaluate_many(systems, sample["references"], settings, tables)[""]


@pytest.fixture(scope="module")
def drawn(sample):
    """Three test sets with clips that stand in them several times, and their clips."""
    counts = draw_clips(len(sample["references"]), 3, seed=4)
    assert counts.max() > 2
    clips = np.array(list(sample["references"]))
    return counts, [np.repeat(clips, own.astype(int)) for own in counts]


def resampled(evaluation, metric, counts):
    columns = {name: np.array(own) for name, (_, own) in evaluation.scores.items()}
    return captioning.corpus_score(metric, columns | evaluation.statistics)(counts)


def from_scratch(sample, clips, tables):
    """Each clip as often as it was drawn, under names of its own, scored anew."""
    names = [f"{clip} {number}" for number, clip in enumerate(clips)]
    texts = {
        kind: dict(zip(names, (sample[kind][clip] for clip in clips), strict=True))
        for kind in ("candidates", "references")
    }
    systems = {"": texts["candidates"]}
    return captioning.score_many(systems, texts["references"], "none", tables)[""]


@pytest.fixture(scope="module")
def scored_anew(sample, drawn, tables):
    return [from_scratch(sample, clips, tables) for clips in drawn[1]]


@pytest.mark.parametrize("metric", [*captioning.BLEU, "METEOR", "ROUGE-L"])
def test_a_drawn_test_set_scores_as_from_scratch(
    metric, evaluation, drawn, scored_anew
):
    expected = [scores[metric][0] for scores in scored_anew]
    found = resampled(evaluation, metric, drawn[0])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.ptp(expected) > 0.001


def test_cider_scores_as_from_scratch_with_the_frequencies_of_the_whole_set(
    sample, evaluation, drawn
):
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    references, own = tokenize({"": sample["candidates"]}, sample["references"])

    def scorer(clips):
        made = CiderScorer()
        for clip in clips:
            made += (own[""][clip], references[clip])
        return made

    whole = scorer(references)
    whole.compute_doc_freq()
    expected = []
    for clips in drawn[1]:
        part = scorer(clips)
        part.document_frequency = whole.document_frequency
        expected.append(np.mean(part.compute_cider()))
    np.testing.assert_allclose(
        resampled(evaluation, "CIDEr", drawn[0]), expected, rtol=1e-12
    )


def test_spice_and_spider_are_means_of_the_drawn_clips(evaluation, drawn):
    counts = drawn[0].astype(int)
    for metric in ("SPICE-py", "SPIDEr-py"):
        clips = np.array(evaluation.scores[metric][1])
        expected = [np.repeat(clips, own).mean() for own in counts]
        np.testing.assert_allclose(resampled(evaluation, metric, drawn[0]), expected)


def test_every_clip_once_is_the_corpus_score(evaluation, sample):
    once = np.ones((1, len(sample["references"])))
    for metric, (corpus, _) in evaluation.scores.items():
        # The program and pycocoevalcap give all digits: so do the sums.
        assert resampled(evaluation, metric, once)[0] == pytest.approx(
            corpus, rel=1e-14
        ), metric


def test_statistics_of_one_clip_give_its_own_meteor(evaluation):
    counts = np.column_stack(
        [evaluation.statistics[name] for name in meteor.STATISTICS]
    )
    clips = meteor.corpus_meteor(counts.astype(float))
    np.testing.assert_allclose(clips, evaluation.scores["METEOR"][1], atol=1e-15)
    assert evaluation.scores["METEOR"][1][7] == 1.0
    # The sample has each kind of match but for words of no meaning in other forms.
    matched = counts.sum(axis=0)[4:20].reshape(4, 2, 2)
    assert (matched[:, 0] > 0).all()


@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=30),
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(retrieval.STATISTICS)),
)
def test_queries_of_a_clip_are_drawn_together(owners, seed, name):
    """Clips with different numbers of captions count by their captions."""
    clips, owners = np.unique(owners, return_inverse=True)
    draws = np.random.default_rng(seed)
    ranks = draws.integers(0, 12, size=len(owners))
    counts = draws.multinomial(len(clips), np.ones(len(clips)) / len(clips), size=3)
    statistic = retrieval.STATISTICS[name]
    found = statistic.of_corpus(ranks, owners, len(clips))(counts.astype(float))
    expected = [statistic(np.repeat(ranks, own[owners])) for own in counts]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_medians_do_not_depend_on_how_many_test_sets_are_held_at_once(monkeypatch):
    draws = np.random.default_rng(0)
    ranks, owners = draws.integers(0, 90, 300), np.arange(300) // 3
    counts = draw_clips(100, 50)
    whole = MedianOfQueries(ranks, owners)(counts)
    monkeypatch.setattr("workflow_src.metrics.corpus_scores.ROWS", 7)
    np.testing.assert_array_equal(MedianOfQueries(ranks, owners)(counts), whole)
