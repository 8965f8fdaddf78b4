"""Full-size evaluation on the meta device: the host waits for nothing.

Of the search one word: how many words a caption has, the numbers decide.
"""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from tests.on_meta import META, NoWaiting, on_meta
from workflow_src.audio.frontend import ActLogMel, PannsLogMel
from workflow_src.augment.recipe import TestTimeAugmentation
from workflow_src.augment.spectrogram import SpecAugment
from workflow_src.augment.waveform import Noise, Reverb
from workflow_src.decoding.beam import Beam, Finished, _select
from workflow_src.decoding.ensemble import Ensembles
from workflow_src.decoding.hypothesis import SearchSettings
from workflow_src.evaluation.views import Views
from workflow_src.models.act import ACT, ActConfig
from workflow_src.models.retrieval import AudioTextRetriever, RetrieverConfig
from workflow_src.models.text_encoder import TextEncoder
from workflow_src.tta import Strategy
from workflow_src.tta.levels import means_at, multi_level

SAMPLES, WORDS = 320_000, 4_984
STRATEGIES = [Strategy.conventional(10), Strategy.mid(10), Strategy.uniform((2, 5))]
RECIPE = TestTimeAugmentation(
    noise=Noise(0.25), reverb=Reverb(0.25, (0.05, 0.4)), specaugment=SpecAugment()
)


class Rows:
    """A store of equal rows."""

    def __init__(self, shape, dtype):
        self.names = ["a", "b", "c"]
        self.held = np.zeros((1, *shape), dtype)

    def row(self, name):
        return self.names.index(name)

    def read(self, rows):
        return self.held


def views(front_end, frames):
    return Views(
        RECIPE,
        front_end.to(META),
        Rows((frames, 64), np.float16),
        Rows((SAMPLES,), np.int16),
        seed=0,
        batch=16,
        device=META,
    )


@pytest.fixture(scope="module")
def captioner():
    return on_meta(lambda: ACT(ActConfig(WORDS)))


class Tokenizer:
    """The numbers of some WordPieces, the second caption shorter."""

    def __call__(self, captions, **options):
        mask = torch.ones(len(captions), 12, dtype=torch.long)
        mask[1:, 9:] = 0
        return {"input_ids": mask * 7, "attention_mask": mask}


@pytest.fixture(scope="module")
def retriever():
    def make():
        text = TextEncoder(BertModel(BertConfig(), False), Tokenizer())
        return AudioTextRetriever(RetrieverConfig(), text)

    return on_meta(make)


@torch.no_grad()
def test_views_of_many_clips_and_their_means(captioner):
    made = views(ActLogMel(), 500)
    seen = []
    with NoWaiting() as counted:
        for name, pieces in made.encode_all(10, captioner.encode, "encoding"):
            means = means_at(pieces, [], STRATEGIES, include_original=True)
            seen.append((name, len(means), next(iter(means.values())).shape))
    # The clip, ten views, and means: of all ten, of twice five.
    assert seen == [(name, 1 + 10 + 1 + 5, (126, 512)) for name in made.names]
    assert counted.operations > 300


@torch.no_grad()
def test_embeddings_of_clips_under_every_strategy(retriever):
    def first(log_mels, spec_augment):
        return retriever.audio_encoder(log_mels, spec_augment, stop="group4")

    def rest(means):
        middle = torch.stack(means)
        return retriever.audio_head(retriever.audio_encoder(middle, start="group4"))

    made = views(PannsLogMel(), 1001)
    with NoWaiting():
        for _, pieces in made.encode_all(10, first, "embedding"):
            found = multi_level(
                pieces, [rest], STRATEGIES, include_original=True, size=16
            )
            assert {own.shape for own in found.values()} == {(1024,)}


@torch.no_grad()
def test_embeddings_of_captions(retriever):
    pieces = retriever.text_encoder.pieces(["a dog barks", "rain"])
    with NoWaiting() as counted:
        sent = {name: own.to(META, non_blocking=True) for name, own in pieces.items()}
        assert retriever.embed_pieces(sent).shape == (2, 1024)
    assert counted.operations > 100


@torch.no_grad()
@pytest.mark.parametrize("sizes", [[1, 1, 1], [1, 6, 6, 21]])
def test_a_word_of_the_search(captioner, sizes):
    beams, sofar = 3, 5
    settings = SearchSettings(0, 1, beams, 30)
    ensembles = Ensembles.from_weights([[1 / n] * n for n in sizes], META)
    members, clips = sum(sizes), len(sizes)
    state = captioner.start(torch.empty(members, 126, 512, device=META))
    state.self_attention_cache = [
        tuple(torch.empty(members * beams, 8, sofar, 64, device=META) for _ in layer)
        for layer in state.self_attention_cache
    ]
    beam = Beam.begin(ensembles, settings)
    beam.words = torch.zeros(clips, beams, sofar, dtype=torch.long, device=META)
    beam.sums = torch.zeros(clips, beams, dtype=torch.double, device=META)
    finished = Finished(clips, settings.max_words, META)
    tokens = torch.zeros(members * beams, dtype=torch.long, device=META)
    with NoWaiting() as counted:
        logits = captioner.step(tokens, state)
        source, done = beam.grow(logits, settings, finished)
        everyone = torch.arange(members, device=META)
        rows = everyone[:, None] * beams + source[ensembles.owner]
        _select(state, rows.flatten(), len(tokens), same_memories=True)
        tokens = beam.words[ensembles.owner, :, -1].flatten()
    assert done.shape == (clips,)
    assert tokens.shape == (members * beams,)
    assert state.self_attention_cache[0][0].shape == (members * beams, 8, sofar + 1, 64)
    assert counted.operations > 100
