"""Each kind of sound: usable, never twice the same, and like what it is named after."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

from tests.corpus.listening import (
    RATE,
    beat,
    centroid,
    count_calls,
    envelope,
    flatness,
    high_pass,
    pitch,
    share,
    spectrum,
)
from workflow_src.corpus.embedded.rendering import render, render_event
from workflow_src.corpus.embedded.scenes import Event, Scene
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.synth import Synth


def synth(seed: int) -> Synth:
    return Synth(RATE, np.random.default_rng(seed))


def dry(kind: str, seed: int = 0, seconds: float = 6.0, **facts) -> np.ndarray:
    return render_event(Event(kind, 0.0, seconds, **facts), synth(seed))


def call(kind: str, seed: int = 0, size: float = 0.5) -> np.ndarray:
    return KINDS[kind].caller(synth(seed), size)()


def test_there_are_enough_kinds_and_families():
    assert len(KINDS) >= 28
    families = [kind.family for kind in KINDS.values()]
    assert len(set(families)) >= 7
    assert min(families.count(family) for family in families) >= 3
    assert sum(kind.background for kind in KINDS.values()) >= 6


@pytest.mark.parametrize("kind", KINDS)
def test_clips_of_a_kind_are_sound_and_all_differ(kind):
    clips = []
    for seed in range(3):
        scene = Scene("alone", (Event(kind, 0.0, 8.0),))
        clip = render(scene, synth(seed), 8.0)
        assert clip.dtype == np.int16
        assert clip.shape == (8 * RATE,)
        wave = clip / 32768
        assert np.abs(wave).max() < 0.97
        assert abs(wave.mean()) < 1e-3
        # Loud enough to hear somewhere: above -42 dB for a tenth of a second.
        assert np.sort(envelope(wave))[-10] > 10 ** (-42 / 20)
        clips.append(wave)
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        a, b = clips[first], clips[second]
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_manner_can_be_rendered(kind):
    for manner in KINDS[kind].manners:
        signal = dry(kind, manner=manner, seconds=4.0)
        assert signal.dtype == np.float32
        assert len(signal) == 4 * RATE
        assert np.isfinite(signal).all()
        assert np.abs(signal).max() > 0


@pytest.mark.parametrize("rate", [16000, 48000])
def test_other_sample_rates_work(rate):
    for kind in KINDS:
        scene = Scene("alone", (Event(kind, 0.0, 8.0),))
        clip = render(scene, Synth(rate, np.random.default_rng(1)), 8.0)
        assert len(clip) == 8 * rate
        assert np.abs(clip).max() > 300, kind


# A bell rings into its next stroke, and splinters fall for a second.
RINGING = ("bell", "glass")


@pytest.mark.parametrize(
    "kind",
    [name for name, kind in KINDS.items() if kind.countable and name not in RINGING],
)
@pytest.mark.parametrize("calls", [1, 2, 3, 5])
def test_as_many_calls_are_heard_as_the_event_says(kind, calls):
    seconds = (calls - 1) * KINDS[kind].interval[0] + KINDS[kind].call_seconds + 1
    for seed in range(4):
        assert count_calls(dry(kind, seed, seconds, calls=calls)) == calls


@pytest.mark.parametrize("kind", RINGING)
@pytest.mark.parametrize("strokes", [1, 2, 4])
def test_strokes_that_ring_can_be_counted(kind, strokes):
    for seed in range(4):
        level = envelope(dry(kind, seed, 9.0, calls=strokes))
        before = np.concatenate([[1e-4] * 3, level[:-3]])
        rises = level - before > 0.25 * level.max()
        gaps = np.diff(np.flatnonzero(rises), prepend=-100)
        assert (gaps > 50).sum() == strokes


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("cow", 60, 250), ("cat", 300, 1300), ("man", 60, 250), ("woman", 120, 450)],
)
def test_small_individuals_have_a_higher_pitch(kind, low, high):
    large = [pitch(call(kind, seed, 0.05), low, high) for seed in range(7)]
    small = [pitch(call(kind, seed, 0.95), low, high) for seed in range(7)]
    assert np.median(small) > 1.2 * np.median(large)


@pytest.mark.parametrize("kind", ["dog", "bird", "frog", "laughter"])
def test_small_individuals_sound_brighter(kind):
    large = [centroid(call(kind, seed, 0.05)) for seed in range(9)]
    small = [centroid(call(kind, seed, 0.95)) for seed in range(9)]
    assert np.median(small) > 1.1 * np.median(large)


class TestAnimals:
    def test_birds_and_crickets_are_high(self):
        assert share(call("bird"), 1800, 12000) > 0.95
        assert share(dry("cricket"), 3500, 6000) > 0.95

    def test_a_cow_is_lower_than_a_cat(self):
        assert pitch(call("cow"), 60, 1000) < 220 < 380 < pitch(call("cat"), 60, 1200)

    def test_a_bark_is_short(self):
        assert len(call("dog")) < 0.32 * RATE


class TestVehicles:
    def test_a_passing_car_swells_and_dies_away(self):
        level = envelope(call("car"))
        peak = level.argmax() / len(level)
        assert 0.3 < peak < 0.7
        assert level[:20].mean() < 0.2 * level.max() > level[-20:].mean()

    def test_blades_chop_ten_to_fifteen_times_a_second(self):
        for seed in range(4):
            assert 9.5 < beat(dry("helicopter", seed), 4, 30) < 15.5

    def test_a_fast_train_clatters_faster(self):
        slow = beat(high_pass(dry("train", manner="slow")), 0.5, 3.5)
        fast = beat(high_pass(dry("train", manner="fast")), 0.5, 3.5)
        assert slow < 1.2 < 2.0 < fast

    def test_approach_grows_and_recede_dies(self):
        coming = envelope(dry("helicopter", manner="approach"))
        going = envelope(dry("helicopter", manner="recede"))
        assert coming[-100:].mean() > 8 * coming[:100].mean()
        assert going[:100].mean() > 8 * going[-100:].mean()


class TestWeather:
    def test_rain_is_broadband_and_steady(self):
        signal = dry("rain", manner="heavy")
        assert flatness(signal, 800, 12000) > 0.7
        level = envelope(signal)[30:-40]
        assert level.std() < 0.25 * level.mean()

    def test_heavy_rain_has_more_drops_than_light_rain(self):
        def spikes(manner: str) -> float:
            signal = high_pass(dry("rain", manner=manner))
            return float((signal**4).mean() / (signal**2).mean() ** 2)

        assert spikes("light") > 2 * spikes("heavy")

    def test_a_roof_adds_low_drumming(self):
        assert share(dry("rain", manner="roof"), 150, 1000) > 0.25
        assert share(dry("rain"), 150, 1000) < 0.15

    def test_wind_and_thunder_are_low(self):
        assert share(dry("wind"), 20, 1000) > 0.9
        assert share(call("thunder"), 20, 500) > 0.6

    def test_waves_come_every_few_seconds(self):
        assert 0.2 <= beat(dry("waves", seconds=10), 0.12, 2) < 0.36


class TestVoices:
    def test_men_speak_lower_than_women(self):
        men = [pitch(call("man", seed), 60, 400) for seed in range(5)]
        women = [pitch(call("woman", seed), 60, 400) for seed in range(5)]
        assert np.median(men) < 160 < 180 < np.median(women)

    def test_laughter_repeats_four_to_seven_times_a_second(self):
        assert 4 < beat(call("laughter"), 3, 12) < 7

    def test_a_baby_cries_above_350_hertz(self):
        assert pitch(call("baby"), 200, 900) > 350


class TestMachines:
    def test_typing_has_a_pace(self):
        def keys(manner: str) -> int:
            return count_calls(dry("typing", manner=manner))

        assert keys("slow") < 25 < keys("fast")

    def test_a_clock_ticks_evenly(self):
        level = envelope(dry("clock", seconds=8))
        ticks = np.flatnonzero(
            (level[1:] > 0.3 * level.max()) & (level[:-1] < level[1:])
        )
        ticks = ticks[np.diff(ticks, prepend=-50) > 10]
        gaps = np.diff(ticks)
        assert gaps.std() < 2

    def test_a_vacuum_cleaner_is_steadier_than_a_saw(self):
        vacuum, saw = (envelope(dry(kind))[30:-40] for kind in ("vacuum", "saw"))
        assert vacuum.std() / vacuum.mean() < 0.2 < saw.std() / saw.mean()


class TestSignals:
    def test_a_siren_sweeps_at_least_an_octave_less_a_fourth(self):
        for seed in range(4):
            signal = dry("siren", seed)
            track = [
                pitch(signal[start : start + RATE // 5], 350, 1900)
                for start in range(RATE, 5 * RATE, RATE // 10)
            ]
            assert np.percentile(track, 90) > 1.5 * np.percentile(track, 10)

    def test_beeps_are_one_tone(self):
        hz, power = spectrum(call("alarm"))
        assert share(call("alarm"), *(hz[power.argmax()] + np.array([-60, 60]))) > 0.85

    def test_a_telephone_bell_is_high_and_beaten(self):
        signal = call("telephone")
        assert share(signal, 1000, 8000) > 0.97
        assert 16 < beat(signal, 8, 30) < 25


class TestImpacts:
    def test_impacts_begin_suddenly(self):
        for kind in ("knocking", "glass", "gunshot"):
            assert np.abs(call(kind)).argmax() < 0.03 * RATE

    def test_glass_is_high_and_knocks_are_low(self):
        assert share(call("glass"), 2000, 16000) > 0.9
        assert share(call("knocking"), 80, 1500) > 0.9

    def test_steps_have_a_pace(self):
        assert beat(dry("footsteps", manner="slow"), 0.7, 4) < 1.4
        assert beat(dry("footsteps", manner="fast"), 2, 4) > 2.6


class TestMusic:
    @pytest.mark.parametrize("kind", ["piano", "guitar", "flute"])
    def test_instruments_are_tonal(self, kind):
        assert flatness(dry(kind), 100, 4000) < 0.2

    def test_drums_are_not(self):
        assert flatness(dry("drums"), 1000, 8000) > 0.4

    def test_a_flute_is_tongued_at_its_pace(self):
        def notes(manner: str) -> int:
            level = envelope(dry("flute", manner=manner), frame=160)
            sounding = level > 0.3 * level.max()
            return int((sounding[1:] & ~sounding[:-1]).sum())

        assert 4 <= notes("slow") <= 7
        assert 20 <= notes("fast") <= 28

    @pytest.mark.parametrize("kind", ["piano", "guitar", "drums"])
    def test_fast_has_more_onsets_than_slow(self, kind):
        def rises(manner: str) -> int:
            """Sudden rises of some band, wherever the level is going."""
            signal = dry(kind, seconds=8, manner=manner)
            power = scipy.signal.stft(signal, RATE, nperseg=1024, noverlap=512)[2]
            level = np.log(np.abs(power[:256]) + 1e-3)
            flux = np.maximum(level[:, 2:] - level[:, :-2], 0).mean(0)
            peaks, _ = scipy.signal.find_peaks(flux, 0.4 * flux.max(), distance=5)
            return len(peaks)

        assert rises("fast") > 1.5 * rises("slow")
