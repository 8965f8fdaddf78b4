"""Passing cars, idling engines, motorcycles, trains, helicopters."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, unit_peak, unit_rms

FAMILY = Family("vehicles")


@FAMILY.calls(
    "car",
    interval=(2.6, 3.6),
    call_seconds=3.4,
    sources=3,
    once=True,
    manners=("loud", "faint", "far"),
)
def car(synth: Synth, size: float) -> Call:
    """Tyre noise that swells, brightens, dulls and dies away; engine with Doppler."""
    firing = 70 * 1.8**size * synth.uniform(0.9, 1.1)

    def passing() -> Signal:
        seconds = synth.uniform(2.4, 3.3)
        time = synth.time(seconds) / np.float32(seconds) - np.float32(0.5)
        nearness = 1 / (1 + (time / np.float32(synth.uniform(0.1, 0.16))) ** 2)
        noise = synth.white(seconds)
        dull = synth.band(noise, 150, 700)
        bright = synth.band(noise, 700, 3500)
        speed = firing * (1 - 0.12 * np.tanh(time * 12))
        engine = synth.band(synth.pulses(speed, 10), 50, 900)
        wave = unit_rms(dull) * nearness + unit_rms(bright) * nearness**2
        wave += 0.5 * unit_rms(engine) * nearness
        return unit_peak(synth.fade(wave, 0.5, 0.6))

    return passing


@FAMILY.texture("engine", background=True, manners=("loud", "faint", "near", "far"))
def engine(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Uneven firing at 18 to 34 strokes a second through a muffler."""
    firing = synth.uniform(18, 34) * synth.drift(seconds, 3, 0.96, 1.04)
    strokes = synth.pulses(firing, 18)
    strokes *= synth.drift(seconds, 9, 0.6, 1.0)
    muffler = synth.resonate(
        strokes,
        [
            (synth.uniform(55, 90), 40, 1.0),
            (synth.uniform(120, 200), 60, 0.8),
            (synth.uniform(280, 480), 120, 0.5),
        ],
    )
    rattle = synth.band(synth.white(seconds) * np.abs(strokes), 900, 2600)
    return unit_rms(muffler) + synth.uniform(0.05, 0.15) * unit_rms(rattle)


@FAMILY.calls(
    "motorcycle",
    interval=(1.6, 2.4),
    call_seconds=1.6,
    countable=True,
    manners=("loud", "faint", "far"),
)
def motorcycle(synth: Synth, size: float) -> Call:
    """A throttle opened and closed: harsh harmonics that rise and fall."""
    idle = 42 * 1.5**size * synth.uniform(0.95, 1.05)
    body = synth.uniform(350, 650)

    def rev() -> Signal:
        seconds = synth.uniform(1.0, 1.5)
        top = synth.uniform(3.0, 4.2)
        contour = idle * synth.curve(seconds, [1.0, 0.8 * top, top, 0.6 * top, 1.3])
        source = synth.pulses(contour, 20) + 0.15 * synth.white(seconds)
        wave = np.tanh(
            3
            * synth.resonate(
                source, [(150, 120, 0.7), (body, 300, 1.0), (1900, 1200, 0.7)]
            )
        )
        wave *= synth.curve(seconds, [0.4, 1, 1, 0.7, 0.3])
        return unit_peak(synth.fade(wave, 0.06, 0.25))

    return rev


@FAMILY.texture(
    "train", background=True, manners=("fast", "slow", "approach", "recede", "far")
)
def train(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Rumble, and wheels that strike the rail joints in pairs of two."""
    low, high = {"fast": (2.1, 2.7), "slow": (0.8, 1.1)}.get(manner or "", (1.2, 1.9))
    bogies = synth.uniform(low, high)
    rumble = synth.coloured(seconds, lambda hz: 1 / (1 + (hz / 140) ** 2))
    clank = synth.white(0.12) * synth.decay(0.12, 0.02)
    grains = [
        unit_peak(
            synth.resonate(clank, [(synth.uniform(380, 520), 90, 1.0), (1500, 300, 1)])
        )
        for _ in range(4)
    ]
    beats = np.arange(0, seconds, 1 / bogies) + synth.uniform(0, 0.3)
    gap = synth.uniform(0.12, 0.16) * min(1.0, 1.7 / bogies)
    onsets = np.concatenate([beats, beats + gap])
    gains = synth.rng.uniform(0.6, 1.0, len(onsets))
    clatter = synth.scatter(seconds, grains, onsets, gains)
    return 0.7 * rumble + 3.5 * clatter


@FAMILY.texture(
    "helicopter",
    background=True,
    manners=("loud", "approach", "recede", "far"),
)
def helicopter(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Blades that chop the air 10 to 15 times a second, and a turbine."""
    blades = synth.uniform(10, 15) * synth.drift(seconds, 1, 0.99, 1.01)
    chop = np.exp(synth.phase(blades) * np.float32(-5))
    noise = synth.coloured(seconds, lambda hz: 1 / (1 + (hz / 500) ** 1.5))
    turbine = synth.tone(
        synth.uniform(900, 1500) * synth.drift(seconds, 1, 0.995, 1.005), (1.0, 0.4)
    )
    flight: Signal = noise * chop + 0.03 * turbine
    return flight
