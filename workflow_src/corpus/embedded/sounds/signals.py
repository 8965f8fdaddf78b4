"""Sirens, horns, bells, telephones, alarms."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, unit_peak

FAMILY = Family("signals")


@FAMILY.texture("siren", manners=("loud", "far", "approach", "recede", "faint"))
def siren(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """A tone that sweeps up and down between about 500 and 1400 Hz."""
    period = synth.log_uniform(0.9, 4.0)
    cycle = synth.cycle(seconds, period)
    sweep = 0.5 - 0.5 * np.cos(2 * np.float32(np.pi) * cycle)
    low = synth.uniform(450, 650)
    contour = low * np.float32(synth.uniform(2.0, 2.6)) ** sweep
    return synth.tone(contour, (1.0, 0.3, 0.45, 0.15, 0.2))


@FAMILY.calls(
    "horn",
    interval=(0.7, 1.3),
    call_seconds=0.7,
    countable=True,
    manners=("loud", "faint", "near", "far"),
)
def horn(synth: Synth, size: float) -> Call:
    """Two reedy tones a third apart, held."""
    pitch = 310 * 1.5**size * synth.uniform(0.97, 1.03)
    chord = (pitch, pitch * synth.uniform(1.2, 1.27))
    length = synth.uniform(0.25, 0.6)
    harmonics = [1 / n**0.6 for n in range(1, 13)]

    def honk() -> Signal:
        count = synth.samples(length * synth.uniform(0.9, 1.1))
        low, high = (
            synth.tone(np.full(count, tone, np.float32), harmonics) for tone in chord
        )
        return unit_peak(synth.fade(low + high, 0.015, 0.05))

    return honk


@FAMILY.calls(
    "bell",
    interval=(1.2, 2.0),
    call_seconds=1.2,
    countable=True,
    manners=("loud", "faint", "far"),
)
def bell(synth: Synth, size: float) -> Call:
    """Partials of a church bell (hum, prime, tierce, quint, nominal, ...)."""
    prime = 290 * 2.6**size * synth.uniform(0.95, 1.05)
    ratios = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 3.01, 4.1])
    ratios *= synth.rng.uniform(0.99, 1.01, len(ratios))
    loudness = np.array([0.5, 0.8, 0.7, 0.3, 1.0, 0.5, 0.4, 0.3])
    decays = synth.uniform(0.6, 1.1) / np.sqrt(ratios)

    def toll() -> Signal:
        amplitudes = loudness * synth.rng.uniform(0.8, 1.2, len(loudness))
        wave = synth.partials(3.0, prime * ratios, amplitudes, decays)
        return unit_peak(synth.fade(wave, 0.002, 0.5))

    return toll


@FAMILY.calls(
    "telephone",
    interval=(1.5, 2.2),
    call_seconds=1.1,
    countable=True,
    manners=("loud", "faint", "near", "far"),
)
def telephone(synth: Synth, size: float) -> Call:
    """A clapper that beats two small gongs 20 times a second."""
    gongs = 1300 * 1.5**size * synth.uniform(0.97, 1.03)
    strokes = synth.uniform(17, 24)
    length = synth.uniform(0.7, 1.05)

    def ring() -> Signal:
        count = synth.samples(length)
        seconds = count / synth.rate
        beating = np.exp(synth.phase(np.full(count, strokes, np.float32)) * -2.5)
        tones = synth.tone(np.full(count, gongs, np.float32), (1.0, 0, 0.4))
        tones += synth.tone(np.full(count, 1.26 * gongs, np.float32), (0.9, 0.3))
        return unit_peak(synth.fade(tones * beating, 0.01, 0.2 * seconds))

    return ring


@FAMILY.calls(
    "alarm",
    interval=(0.35, 0.6),
    call_seconds=0.25,
    countable=True,
    manners=("loud", "faint", "near", "far"),
)
def alarm(synth: Synth, size: float) -> Call:
    """Even electronic beeps."""
    pitch = 1500 * 2.0**size * synth.uniform(0.97, 1.03)
    length = synth.uniform(0.12, 0.22)
    beep = synth.tone(
        np.full(synth.samples(length), pitch, np.float32), (1.0, 0.05, 0.3, 0, 0.1)
    )
    beep = unit_peak(synth.fade(beep, 0.004, 0.006))
    return beep.copy
