"""Men, women, laughter, crying babies, snoring."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family, KindFacts
from workflow_src.corpus.embedded.synth import Signal, Synth, add_at, unit_peak

FAMILY = Family("voices")

# First three resonances (Hz) of a man's throat for a, e, i, o, u, schwa.
VOWELS = (
    (730, 1090, 2440),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (300, 870, 2240),
    (500, 1500, 2500),
)
SPEECH: KindFacts = {
    "interval": (1.5, 2.3),
    "call_seconds": 1.8,
    "sources": 2,
    "manners": ("loud", "faint", "near", "far"),
}


def speaker(synth: Synth, pitch: float, throat: float) -> Call:
    """Speech without words: syllables of vowels and fricatives with a melody.

    Args:
        synth: sample rate and random generator.
        pitch: Hz.
        throat: factor of the resonances; 1 is a man's.
    """
    pace = synth.uniform(0.85, 1.2)
    breath = synth.uniform(0.01, 0.04)

    def vowel(seconds: float, height: float) -> Signal:
        contour = pitch * height * synth.curve(seconds, [0.97, 1.05, 0.95])
        source = synth.pulses(contour, 10) + breath * synth.white(seconds)
        f1, f2, f3 = VOWELS[synth.integer(0, len(VOWELS) - 1)]
        formants = [(f1, 80, 1.0), (f2, 110, 0.6), (f3, 170, 0.35)]
        peaks = [(throat * f, width, gain) for f, width, gain in formants]
        return synth.fade(unit_peak(synth.resonate(source, peaks)), 0.03, 0.05)

    def fricative() -> Signal:
        seconds = synth.uniform(0.05, 0.1)
        low = synth.uniform(2500, 5000)
        noise = synth.band(synth.white(seconds), low, 2.0 * low)
        noise = unit_peak(synth.fade(noise, 0.02, 0.03))
        return noise * np.float32(synth.uniform(0.05, 0.2))

    def utterance() -> Signal:
        result = np.zeros(synth.samples(1.8), np.float32)
        onset, end = 0.0, synth.uniform(1.1, 1.75)
        while onset < end - 0.2:
            if synth.rng.random() < 0.5:
                piece = fricative()
                add_at(result, piece, synth.samples(onset))
                onset += len(piece) / synth.rate * 0.8
            height = synth.uniform(0.9, 1.25) - 0.2 * onset / end
            piece = vowel(synth.uniform(0.1, 0.2) / pace, height)
            add_at(result, piece * synth.uniform(0.6, 1), synth.samples(onset))
            onset += len(piece) / synth.rate + synth.uniform(0, 0.06)
        return unit_peak(result[: synth.samples(end)])

    return utterance


@FAMILY.calls("man", **SPEECH)
def man(synth: Synth, size: float) -> Call:
    """A voice of 85 to 140 Hz."""
    pitch = 85 * 1.6**size * synth.uniform(0.97, 1.03)
    return speaker(synth, pitch, synth.uniform(0.92, 1.03))


@FAMILY.calls("woman", **SPEECH)
def woman(synth: Synth, size: float) -> Call:
    """A voice of 185 to 280 Hz, from a shorter throat."""
    pitch = 185 * 1.45**size * synth.uniform(0.97, 1.03)
    return speaker(synth, pitch, synth.uniform(1.14, 1.25))


@FAMILY.calls(
    "laughter",
    interval=(1.3, 2.0),
    call_seconds=1.4,
    sources=4,
    manners=("loud", "faint", "far"),
)
def laughter(synth: Synth, size: float) -> Call:
    """Ha-ha-ha: breathy vowels, five a second, that fall in pitch."""
    pitch = 150 * 2.3**size * synth.uniform(0.95, 1.05)
    throat = 1 + 0.2 * size
    beat = synth.uniform(0.16, 0.23)

    def laugh() -> Signal:
        result = np.zeros(synth.samples(1.4), np.float32)
        for number in range(min(synth.integer(4, 7), int(1.35 / beat))):
            seconds = 0.6 * beat
            contour = pitch * (1.3 - 0.07 * number) * synth.curve(seconds, [1.1, 0.9])
            source = synth.pulses(contour, 8) + 0.35 * synth.white(seconds)
            ha = synth.resonate(
                source,
                [(800 * throat, 150, 1), (1250 * throat, 200, 0.7), (2800, 400, 0.4)],
            )
            add_at(
                result,
                synth.fade(ha, 0.025, 0.06) * np.float32(1 - 0.08 * number),
                synth.samples(number * beat),
            )
        return unit_peak(result)

    return laugh


@FAMILY.calls(
    "baby",
    interval=(1.2, 1.8),
    call_seconds=1.2,
    manners=("loud", "faint", "far"),
)
def baby(synth: Synth, size: float) -> Call:
    """Wails of 380 to 520 Hz, rich in harmonics, with a sob at the start."""
    pitch = 370 * 1.4**size * synth.uniform(0.97, 1.03)

    def wail() -> Signal:
        seconds = synth.uniform(0.7, 1.1)
        contour = pitch * synth.curve(seconds, [0.8, 1.15, 1.2, 1.1, 0.8])
        contour *= 1 + 0.03 * np.sin(
            2 * np.pi * synth.uniform(5, 8) * synth.time(seconds)
        )
        source = synth.pulses(contour, 9) + 0.06 * synth.white(seconds)
        cry = synth.resonate(
            source, [(1100, 300, 1.0), (2700, 600, 0.9), (4200, 900, 0.6)]
        )
        return unit_peak(synth.fade(np.tanh(2 * cry), 0.08, 0.2))

    return wail


@FAMILY.calls(
    "snoring",
    interval=(2.6, 3.6),
    call_seconds=2.4,
    manners=("loud", "faint", "near"),
)
def snoring(synth: Synth, size: float) -> Call:
    """A rattled breath in, a soft breath out."""
    rattle = 28 * 1.7**size * synth.uniform(0.95, 1.05)
    nose = synth.uniform(320, 520)

    def snore() -> Signal:
        inward = synth.uniform(0.9, 1.3)
        flutter = synth.pulses(rattle * synth.drift(inward, 8, 0.85, 1.15), 10)
        source = flutter * (0.5 + 0.5 * synth.white(inward))
        breath = synth.resonate(source, [(nose, 180, 1.0), (3 * nose, 400, 0.5)])
        result = np.zeros(synth.samples(2.4), np.float32)
        add_at(result, unit_peak(synth.fade(breath, 0.4, 0.15)), 0)
        out = synth.band(synth.white(0.7), 500, 2500)
        out = unit_peak(synth.fade(out, 0.2, 0.4)) * np.float32(0.15)
        add_at(result, out, synth.samples(inward + 0.25))
        return result

    return snore
