"""Chance is arithmetic: it must agree with drawing orders at random."""

import numpy as np
import pytest

from workflow_src.metrics.retrieval import ranks, summary
from workflow_src.report.sanity import chance


def test_chance_is_the_recall_of_random_orders():
    test = {f"{n}.flac": ["a caption"] * 5 for n in range(30)}
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(200):
        audio = generator.normal(size=(30, 64))
        captions = generator.normal(size=(150, 64))
        found = ranks(audio, captions)
        drawn.append([summary(found[d])["R@10"] for d in ("t2a", "a2t")])
    expected = chance(test)
    means = np.mean(drawn, axis=0)
    assert means[0] == pytest.approx(expected["T2A R@10"], abs=1)
    assert means[1] == pytest.approx(expected["A2T R@10"], abs=1.5)


def test_fewer_clips_than_the_rank_are_always_found():
    row = chance({"a.flac": ["x"], "b.flac": ["y"]})
    assert (row["T2A R@10"], row["A2T R@10"]) == (100.0, 100.0)
