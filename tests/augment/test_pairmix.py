import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from workflow_src.audio.frontend import ActLogMel, PannsLogMel
from workflow_src.augment import PairMix
from workflow_src.augment.generators import torch_generator
from workflow_src.augment.mix_parts import MixDraw
from workflow_src.augment.pairmix import PairDraw
from workflow_src.augment.recipe import Recipe
from workflow_src.errors import InputError
from workflow_src.training.batches import Batches

LEVELS = ["either", "waveform", "spectrogram", "concat"]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_generator(seed))


def front_end(waveforms: torch.Tensor) -> torch.Tensor:
    """Decibels of the mean amplitude of short frames: (B, 320) -> (B, 10, 8)."""
    frames = waveforms.unflatten(1, (10, 8, 4)).abs().mean(3)
    return 20 * frames.clamp_min(1e-5).log10()


def words(count: int, prefix: str = "c") -> list[str]:
    return [f"{prefix}{i}" for i in range(count)]


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 40),
    ratio=st.floats(0, 1),
    n=st.integers(2, 4),
    level=st.sampled_from(LEVELS),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_batch_of_any_size_keeps_its_size(batch, ratio, n, level, seed):
    mix = PairMix(front_end, ratio, level, n=n, generator=torch_generator(seed))
    waveforms, captions = noise(batch, 320, seed=seed), words(batch)
    before = waveforms.clone()
    log_mels, mixed = mix(waveforms, captions)
    count = round(ratio * batch)
    assert log_mels.shape == (batch, 10, 8)
    assert torch.equal(log_mels[: batch - count], front_end(before[: batch - count]))
    assert mixed[: batch - count] == captions[: batch - count]
    assert captions == words(batch)
    for caption in mixed[batch - count :]:
        sources = caption.split()
        assert len(sources) == n
        assert set(sources) <= set(captions)
        if batch >= n:
            assert len(set(sources)) == n
    used = [word for caption in mixed[batch - count :] for word in caption.split()]
    if batch >= n * count:
        assert len(set(used)) == len(used)
    log_mels.zero_()
    assert torch.equal(waveforms, before)


@pytest.mark.parametrize("level", LEVELS)
def test_mixes_are_those_of_equation_1(level):
    mix = PairMix(front_end, 0.5, level, fixed_lambda=0.8)
    waveforms = noise(8, 320)
    mix.generator = torch_generator(1)
    draw = mix.draw(8, 8)
    mix.generator = torch_generator(1)
    log_mels, captions = mix(waveforms, words(8))
    for i, (first, second) in enumerate(draw.sources.tolist()):
        assert captions[4 + i] == f"c{first} c{second}"
        one, two = waveforms[first], waveforms[second]
        if level == "concat":
            expected = front_end(torch.cat([one[:160], two[:160]])[None])[0]
        elif draw.mix.waveform_level[i]:
            expected = front_end((0.8 * one + 0.2 * two)[None])[0]
        else:
            expected = 0.8 * front_end(one[None])[0] + 0.2 * front_end(two[None])[0]
        torch.testing.assert_close(log_mels[4 + i], expected, atol=1e-4, rtol=0)
    if level == "either":
        assert set(draw.mix.waveform_level.tolist()) == {True, False}


@settings(max_examples=40, deadline=None)
@given(batch=st.integers(1, 20), spare=st.integers(-5, 5), seed=st.integers(0, 999))
def test_extra_pairs_are_taken_once_where_there_are_enough(batch, spare, seed):
    mix = PairMix(front_end, 0.6, generator=torch_generator(seed))
    count = round(0.6 * batch)
    available = max(2 * count + spare, 1)
    extra = noise(available, 320, seed=seed + 1), words(available, "x")
    log_mels, captions = mix(noise(batch, 320), words(batch), extra)
    assert len(log_mels) == len(captions) == batch
    assert captions[: batch - count] == words(batch - count)
    used = [word for caption in captions[batch - count :] for word in caption.split()]
    assert set(used) <= set(extra[1])
    if available >= 2 * count:
        assert len(set(used)) == len(used)


def test_every_pair_takes_part_as_often():
    mix = PairMix(None, 0.25, "spectrogram", generator=torch_generator(0))
    counts = torch.zeros(8)
    for _ in range(2000):
        counts += torch.bincount(mix.draw(8, 8).sources.flatten(), minlength=8)
    assert (counts / 1000 - 1).abs().max() < 0.15


def test_spectrogram_level_takes_log_mels_as_well():
    waveforms = noise(8, 320)
    found = [
        PairMix(given_front_end, 0.5, "spectrogram", generator=torch_generator(3))(
            clips, words(8)
        )
        for given_front_end, clips in (
            (front_end, waveforms),
            (None, front_end(waveforms)),
            (front_end, front_end(waveforms)),
        )
    ]
    for log_mels, captions in found[1:]:
        assert torch.equal(log_mels, found[0][0])
        assert captions == found[0][1]


def test_nothing_mixed_is_new_memory_all_the_same():
    log_mels = noise(2, 10, 8)
    out, _ = PairMix(None, 0.0, "spectrogram")(log_mels, words(2))
    assert torch.equal(out, log_mels)
    assert out.data_ptr() != log_mels.data_ptr()
    flat = noise(2, 320)
    out, _ = PairMix(lambda x: x.unflatten(1, (10, -1)), 0.0)(flat, words(2))
    assert out.data_ptr() != flat.data_ptr()


def test_the_generator_alone_decides():
    waveforms, captions = noise(10, 320), words(10)
    first, second = (
        PairMix(front_end, 0.5, generator=torch_generator(7))(waveforms, captions)
        for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert first[1] == second[1]
    found = []
    for _ in range(2):
        torch.manual_seed(5)
        found.append(PairMix(front_end, 0.5)(waveforms, captions)[1])
    assert found[0] == found[1]
    assert found[0] != PairMix(front_end, 0.5)(waveforms, captions)[1]


@pytest.mark.parametrize("log_mel", [ActLogMel(), PannsLogMel()])
def test_the_real_front_ends(log_mel):
    mix = PairMix(log_mel, 0.5, generator=torch_generator(0))
    waveforms = 0.2 * noise(4, 6400)
    log_mels, _ = mix(waveforms, words(4))
    assert torch.equal(log_mels[:2], log_mel(waveforms[:2]))
    assert log_mels.isfinite().all()


class Memory:
    """A store in memory."""

    def __init__(self, names: list[str], values: np.ndarray) -> None:
        self.names = names
        self.values = values

    def read(self, rows: np.ndarray) -> np.ndarray:
        return self.values[rows]


class FrontEnd(torch.nn.Module):
    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        return front_end(waveforms)


@pytest.mark.parametrize("level", LEVELS)
def test_a_training_makes_the_same_mixes_to_the_last_bit(level):
    """For the same draws: one Equation 1 for both."""
    rng = np.random.default_rng(0)
    samples = rng.integers(-20000, 20000, (40, 320), dtype=np.int16)
    waveforms = torch.from_numpy(samples) * (1 / 32768)
    names = words(40, "clip")
    mix = PairMix(FrontEnd(), 0.5, level)
    batches = Batches(
        [(name, f"words of {name}") for name in names],
        Memory(names, samples),
        Memory(names, front_end(waveforms).numpy()),
        Recipe(name="mixed", pairmix=mix.mixing),
        batch_size=8,
        seed=3,
        front_end=FrontEnd(),
    )
    mixed_as_waveforms = 0
    for step, batch in enumerate(batches.epoch(0)):
        rows = [[names.index(name) for name in group] for group in batch.names]
        ordinary = [row for (row,) in rows[:4]]
        sources = torch.tensor(rows[4:]).flatten().tolist()
        drawn = mix.mixing.draw(4, torch_generator(3, "draws", 0, step))
        mixed_as_waveforms += int(drawn.waveform_level.sum())
        filling = [0] * 4  # four pairs that give way to the mixes
        log_mels, captions = mix.apply(
            waveforms[ordinary + filling],
            [f"words of {names[row]}" for row in ordinary + filling],
            PairDraw(torch.arange(8).reshape(4, 2), drawn),
            (waveforms[sources], [f"words of {names[row]}" for row in sources]),
        )
        assert torch.equal(log_mels, batch.log_mels)
        assert captions == batch.captions
    expected = {"either": range(1, 20), "spectrogram": [0]}.get(level, [20])
    assert mixed_as_waveforms in expected


def load(generator: torch.Generator | None, workers: int, seed: int) -> list[str]:
    """The captions of an epoch; all clips are alike, so captions tell the draws."""
    data = [(torch.zeros(320), f"c{i}") for i in range(32)]
    mix = PairMix(FrontEnd(), 0.5, generator=generator)
    loader = DataLoader(
        data,
        batch_size=8,
        collate_fn=mix.collate_fn,
        num_workers=workers,
        generator=torch.Generator().manual_seed(seed),
    )
    batches = list(loader)
    assert all(len(log_mels) == 8 for log_mels, _ in batches)
    # Numbers of the sources in their batch of eight.
    return [
        str([int(word[1:]) % 8 for caption in captions[4:] for word in caption.split()])
        for _, captions in batches
    ]


@pytest.mark.parametrize("seeded", [True, False])
def test_each_worker_has_its_own_stream_and_repeats_it(seeded):
    def generator():
        return torch_generator(1) if seeded else None

    made = load(generator(), workers=2, seed=4)
    assert len(set(made)) == 4  # two workers, two batches each
    assert load(generator(), workers=2, seed=4) == made
    assert load(generator(), workers=2, seed=5) != made
    if seeded:
        assert load(torch_generator(2), workers=2, seed=4) != made


def test_collating_without_workers_draws_from_the_generator():
    data = [(np.zeros(320, np.float32), f"c{i}") for i in range(8)]
    mix = PairMix(FrontEnd(), 0.5, generator=torch_generator(1))
    _, captions = mix.collate_fn(data)
    same = PairMix(FrontEnd(), 0.5, generator=torch_generator(1))
    assert same(torch.zeros(8, 320), words(8))[1] == captions
    again = pickle.loads(pickle.dumps(same.collate_fn))
    assert again(data)[1] == same.collate_fn(data)[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_makes_the_same():
    found = [
        PairMix(front_end, 0.5, generator=torch_generator(7))(
            noise(8, 320).to(device), words(8)
        )
        for device in ("cpu", "cuda")
    ]
    assert found[0][1] == found[1][1]
    assert found[1][0].is_cuda
    torch.testing.assert_close(found[0][0], found[1][0].cpu(), atol=1e-3, rtol=0)


def test_bad_batches():
    mix = PairMix(front_end, 0.5)
    with pytest.raises(InputError, match="2 clips, but 3 captions"):
        mix(noise(2, 320), words(3))
    with pytest.raises(InputError, match="4 clips, but 1 captions"):
        mix(noise(4, 320), "abcd")
    with pytest.raises(InputError, match="4 clips, but 3 captions"):
        mix(noise(2, 320), words(2), (noise(4, 320), words(3)))
    with pytest.raises(InputError, match="differ in more than their number"):
        mix(noise(2, 320), words(2), (noise(4, 640), words(4)))
    with pytest.raises(InputError, match="there is no pair to mix"):
        mix(noise(2, 320), words(2), (noise(0, 320), []))
    with pytest.raises(InputError, match="level 'either' mixes waveforms"):
        mix(noise(2, 10, 8), words(2))
    with pytest.raises(InputError, match=r"waveforms \(B, T\) or log-mels"):
        mix(noise(2), words(2))
    with pytest.raises(InputError, match=r"floats, not torch\.int16"):
        mix(noise(2, 320).short(), words(2))
    with pytest.raises(InputError, match="waveforms need a front end"):
        PairMix(None)(noise(4, 320), words(4))
    with pytest.raises(InputError, match=r"one shape, not \(320,\), \(640,\)"):
        mix.collate_fn([(noise(320), "a"), (noise(640), "b")])
    with pytest.raises(InputError, match="ratio is from 0 to 1"):
        PairMix(front_end, ratio=2)


def test_a_draw_of_nothing():
    draw = PairMix(front_end, 0.25).draw(1, 1)
    assert draw.sources.shape == (0, 2)
    assert draw.mix.sources == MixDraw.none().sources == 0
