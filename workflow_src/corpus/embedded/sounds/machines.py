"""Drills, saws, vacuum cleaners, keyboards, clocks."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, unit_peak, unit_rms

FAMILY = Family("machines")


@FAMILY.calls(
    "drill",
    interval=(2.0, 3.0),
    call_seconds=2.0,
    countable=True,
    manners=("loud", "faint", "far"),
)
def drill(synth: Synth, size: float) -> Call:
    """A motor that spins up, bites and lets go: a whine of many harmonics."""
    motor = 190 * 1.6**size * synth.uniform(0.95, 1.05)
    teeth = synth.integer(5, 8)

    def burst() -> Signal:
        seconds = synth.uniform(1.2, 1.9)
        speed = motor * synth.curve(seconds, [0.5, 1.0, 0.92, 0.95, 0.9, 0.6])
        harmonics = np.zeros(3 * teeth)
        harmonics[[0, 1, teeth - 1, 2 * teeth - 1, 3 * teeth - 1]] = (
            0.5,
            0.4,
            1,
            0.8,
            0.5,
        )
        whine = synth.tone(speed, harmonics)
        grit = synth.band(synth.white(seconds), 1500, 7000)
        grit *= 1 + 0.8 * synth.tone(speed / 4)
        return unit_peak(synth.fade(whine + 0.5 * unit_rms(grit), 0.12, 0.2))

    return burst


@FAMILY.texture("saw", manners=("fast", "slow", "loud", "faint"))
def saw(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Strokes of rasping noise, the push brighter than the pull."""
    low, high = {"fast": (2.3, 3.0), "slow": (0.8, 1.1)}.get(manner or "", (1.3, 2.0))
    cycle = synth.uniform(low, high) * synth.drift(seconds, 1, 0.93, 1.07)
    phase = synth.phase(cycle)
    push = np.sin(np.clip(phase / 0.5, 0, 1) * np.float32(np.pi))
    pull = np.sin(np.clip((phase - 0.55) / 0.4, 0, 1) * np.float32(np.pi))
    noise = synth.white(seconds) * (
        0.4 + synth.pulses(synth.uniform(90, 150) * (0.6 + push + 0.7 * pull), 6)
    )
    teeth = synth.uniform(2200, 3400)
    bright = unit_rms(synth.band(noise, teeth, 2.2 * teeth))
    dull = unit_rms(synth.band(noise, 0.5 * teeth, 1.1 * teeth))
    strokes: Signal = bright * push + 0.6 * dull * pull
    return strokes


@FAMILY.texture("vacuum", background=True, manners=("loud", "faint", "near"))
def vacuum(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Steady rushing air and the whine of a motor."""
    corner = synth.uniform(500, 900)
    air = synth.coloured(seconds, lambda hz: (hz / 100) / (1 + (hz / corner) ** 1.9))
    motor = synth.uniform(230, 330) * synth.drift(seconds, 1, 0.99, 1.01)
    whine = synth.tone(motor, (0.7, 1.0, 0.2, 0.5, 0, 0.3))
    return air + synth.uniform(0.35, 0.7) * whine


@FAMILY.texture("typing", manners=("fast", "slow", "loud", "faint"))
def typing(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Keys: dry clicks at uneven times, each with a softer release."""
    low, high = {"fast": (9, 12), "slow": (2, 3)}.get(manner or "", (4.5, 7))
    per_second = synth.uniform(low, high)
    gaps = synth.rng.gamma(4, 1 / (4 * per_second), round(2 * seconds * per_second))
    presses = np.cumsum(gaps)
    presses = presses[presses < seconds - 0.1]
    body = synth.uniform(400, 900)
    grains = []
    for _ in range(10):
        click: Signal = synth.white(0.05) * synth.decay(
            0.05, synth.uniform(0.003, 0.008)
        )
        click = synth.resonate(
            click, [(body, 300, 0.7), (synth.uniform(3000, 6500), 2500, 1.5)]
        )
        grains.append(unit_peak(click))
    releases = presses + synth.rng.uniform(0.05, 0.09, len(presses))
    onsets = np.concatenate([presses, releases])
    gains = np.concatenate(
        [
            synth.rng.uniform(0.6, 1.0, len(presses)),
            synth.rng.uniform(0.1, 0.25, len(presses)),
        ]
    )
    return synth.scatter(seconds, grains, onsets, gains)


@FAMILY.texture("clock", manners=("loud", "faint", "near"))
def clock(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Tick and tock: two small resonances struck in turn at an even pace."""
    period = synth.uniform(0.3, 0.55)
    beats = np.arange(synth.uniform(0, 0.2), seconds, period)
    pitch = synth.uniform(1800, 2800)
    result = np.zeros(synth.samples(seconds), np.float32)
    for number, ratio in enumerate((1.0, synth.uniform(0.72, 0.85))):
        strike = synth.white(0.1) * synth.decay(0.1, 0.002)
        tones = [(pitch * ratio, 60, 1.0), (2.4 * pitch * ratio, 150, 0.8)]
        grain = unit_peak(synth.resonate(strike, tones))
        onsets = beats[number::2]
        result += synth.scatter(seconds, [grain], onsets, np.ones(len(onsets)))
    return result
