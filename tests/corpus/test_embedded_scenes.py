"""Scenes keep the rules that captions rely on, and what they name is audible."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_src.corpus.embedded.pairs import held_out, partners
from workflow_src.corpus.embedded.plan import plan_split, stream
from workflow_src.corpus.embedded.rendering import onsets, stems
from workflow_src.corpus.embedded.scenes import RELATIONS, Scene, draw_scene
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.synth import Synth, add_at

SECONDS = 10.0


def scene_of(seed: int, anchor: str, novel: bool) -> Scene:
    return draw_scene(np.random.default_rng(seed), anchor, novel, SECONDS)


scenes = st.builds(
    scene_of, st.integers(0, 2**32), st.sampled_from(list(KINDS)), st.booleans()
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(list(KINDS)), st.booleans())
def test_kinds_follow_the_rules(seed, anchor, novel):
    scene = scene_of(seed, anchor, novel)
    assert anchor in scene.kinds
    assert len(scene.kinds) == len(set(scene.kinds)) == RELATIONS[scene.relation]
    assert scene.held_out == novel
    backgrounds = [KINDS[kind].background for kind in scene.kinds]
    assert sum(backgrounds) <= 1
    if scene.relation.startswith("over"):
        assert backgrounds[-1]
    if scene.relation == "together":
        assert not any(backgrounds)


@settings(max_examples=300, deadline=None)
@given(scenes)
def test_times_agree_with_the_relation(scene):
    ends = [event.start + event.seconds for event in scene.events]
    assert all(event.start >= 0 for event in scene.events)
    assert max(ends) <= SECONDS + 1e-9
    if scene.relation in ("then", "over_then", "then_then"):
        sequence = 3 if scene.relation == "then_then" else 2
        for number in range(1, sequence):
            assert scene.events[number].start > ends[number - 1]
    if scene.relation in ("over", "over_then"):
        assert scene.events[-1].start == 0
        assert ends[-1] == SECONDS
    if scene.relation == "together":
        starts = [event.start for event in scene.events]
        assert min(ends) - max(starts) > 0.75 * SECONDS


@settings(max_examples=300, deadline=None)
@given(scenes, st.integers(0, 100))
def test_every_individual_calls_and_counted_calls_are_exact(scene, seed):
    synth = Synth(32000, np.random.default_rng(seed))
    for event in scene.events:
        kind = KINDS[event.kind]
        if kind.texture:
            assert event.sources == 1
            assert event.calls is None
            continue
        times = onsets(kind, event, synth)
        assert len(times) == event.sources <= kind.sources
        assert all(len(individual) for individual in times)
        last = event.seconds - kind.call_seconds + 1e-6
        assert all(0 <= t <= last for individual in times for t in individual)
        if event.sources == 1:
            assert (np.diff(times[0]) > kind.interval[0] - 1e-6).all()
        if event.calls is not None:
            assert event.sources == 1 or kind.once
            assert sum(map(len, times)) == max(event.calls, event.sources)


def test_every_kind_has_pairs_that_only_the_test_split_hears():
    for kind in KINDS:
        assert len(partners(kind, True)) >= 3
        assert len(partners(kind, False)) >= 20
    pairs = list(combinations(KINDS, 2))
    assert all(held_out(a, b) == held_out(b, a) for a, b in pairs)
    assert 0.15 < np.mean([held_out(a, b) for a, b in pairs]) < 0.25


def pairs_of(corpus: EmbeddedSettings, split: str) -> list[set]:
    return [
        {frozenset(pair) for pair in combinations(clip.scene.kinds, 2)}
        for clip in plan_split(corpus, split)
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_test_clips_hold_combinations_that_no_other_split_has(seed):
    corpus = EmbeddedSettings(
        seed=seed, train_clips=600, val_clips=100, test_clips=150, tagged_clips=600
    )
    heard = set().union(
        *(set().union(*pairs_of(corpus, s)) for s in ("train", "val", "tagged"))
    )
    test = pairs_of(corpus, "test")
    new = [
        any(held_out(*pair) for pair in pairs) and not pairs <= heard for pairs in test
    ]
    assert 0.35 < np.mean(new) < 0.65
    assert not any(held_out(*pair) for pair in heard)


def test_every_round_of_clips_has_every_kind():
    corpus = EmbeddedSettings(train_clips=len(KINDS))
    heard = {kind for clip in plan_split(corpus, "train") for kind in clip.scene.kinds}
    assert heard == set(KINDS)


def energies(signal: np.ndarray) -> np.ndarray:
    """Power in 20 ms by 32 bands of a third of an octave or so."""
    frames = signal[: len(signal) // 640 * 640].reshape(-1, 640)
    power = np.abs(np.fft.rfft(frames * np.hanning(640))) ** 2
    edges = np.unique(np.geomspace(1, power.shape[1], 25).astype(int))
    return np.add.reduceat(power, edges[:-1], axis=1)


def test_what_a_caption_names_stands_out_from_everything_else():
    corpus = EmbeddedSettings(test_clips=100)
    for clip in plan_split(corpus, "test"):
        synth = Synth(32000, stream(corpus, "test", clip.index, 99))
        powers = []
        for event, stem in zip(
            clip.scene.events, stems(clip.scene, synth), strict=True
        ):
            whole = np.zeros(corpus.samples, np.float32)
            add_at(whole, stem, round(event.start * 32000))
            powers.append(energies(whole))
        for event, power in zip(clip.scene.events, powers, strict=True):
            others = sum(powers) - power
            # Of twice the energy of all else, and above -75 dB or so.
            heard = (power > 2 * others) & (power > 1e-4)
            assert heard.sum() >= 25, (clip.scene, event.kind, heard.sum())
