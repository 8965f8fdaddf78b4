"""Dogs, cats, cows, birds, frogs, crickets."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, add_at, unit_peak

FAMILY = Family("animals")


@FAMILY.calls(
    "dog",
    interval=(0.4, 0.9),
    call_seconds=0.3,
    countable=True,
    sources=4,
    manners=("loud", "faint", "near", "far"),
)
def dog(synth: Synth, size: float) -> Call:
    """Short rough harmonic bursts with a pitch that jumps up and falls."""
    pitch = 260 * 2.6**size * synth.uniform(0.93, 1.07)
    length = synth.uniform(0.13, 0.24) * (1.15 - 0.4 * size)
    throat = (1.9 + 0.5 * synth.rng.random()) * pitch
    roughness = synth.uniform(0.2, 0.5)

    def bark() -> Signal:
        seconds = length * synth.uniform(0.85, 1.15)
        top = pitch * synth.uniform(1.2, 1.45)
        contour = synth.curve(seconds, [pitch, top, 0.95 * top, 0.7 * pitch])
        voice = synth.pulses(contour, 8) + roughness * synth.white(seconds)
        voice = synth.resonate(
            voice, [(throat, 350, 1.0), (2.2 * throat, 700, 0.6), (3300, 900, 0.25)]
        )
        return unit_peak(synth.fade(voice, 0.012, 0.6 * seconds))

    return bark


@FAMILY.calls(
    "cat",
    interval=(1.2, 2.2),
    call_seconds=1.0,
    countable=True,
    sources=2,
    manners=("loud", "faint", "near", "far"),
)
def cat(synth: Synth, size: float) -> Call:
    """A drawn-out voice whose mouth opens and closes: m-ee-ow."""
    pitch = 430 * 1.7**size * synth.uniform(0.95, 1.05)
    length = synth.uniform(0.6, 0.9)

    def meow() -> Signal:
        seconds = length * synth.uniform(0.9, 1.1)
        rise = synth.uniform(1.25, 1.5)
        contour = pitch * synth.curve(seconds, [0.9, rise, 1.1 * rise, rise, 0.85])
        contour *= 1 + 0.012 * np.sin(40 * synth.time(seconds))
        source = synth.pulses(contour, 7)
        closed = synth.resonate(source, [(700, 250, 0.8), (2900, 500, 0.5)])
        opened = synth.resonate(source, [(1250, 300, 1.0), (2100, 500, 0.6)])
        opening = synth.curve(seconds, [0, 0.5, 1, 0.8, 0.2])
        voice = closed * (1 - opening) + opened * opening
        return unit_peak(synth.fade(voice, 0.12, 0.3))

    return meow


@FAMILY.calls(
    "cow",
    interval=(2.2, 3.2),
    call_seconds=1.9,
    countable=True,
    sources=3,
    manners=("loud", "faint", "far"),
)
def cow(synth: Synth, size: float) -> Call:
    """A long low voice that rises a little and falls."""
    pitch = 85 * 1.9**size * synth.uniform(0.95, 1.05)
    length = synth.uniform(1.2, 1.7)

    def moo() -> Signal:
        seconds = length * synth.uniform(0.9, 1.1)
        contour = pitch * synth.curve(seconds, [0.8, 1.05, 1.2, 1.15, 0.75])
        source = synth.pulses(contour, 14) + 0.03 * synth.white(seconds)
        hum = synth.resonate(source, [(260, 120, 1.0)])
        call = synth.resonate(source, [(480, 160, 1.0), (900, 220, 0.5)])
        opening = synth.curve(seconds, [0, 0.8, 1, 0.9, 0.3])
        return unit_peak(synth.fade(hum + opening * call, 0.15, 0.35))

    return moo


@FAMILY.calls(
    "bird",
    interval=(0.8, 1.5),
    call_seconds=1.0,
    sources=4,
    manners=("loud", "faint", "near", "far"),
)
def bird(synth: Synth, size: float) -> Call:
    """A song of fast whistled sweeps; each bird has a few notes of its own."""
    centre = 2600 * 2.0**size * synth.uniform(0.95, 1.05)
    notes = [
        (
            synth.uniform(0.04, 0.13),
            centre * synth.uniform(0.75, 1.3),
            synth.uniform(0.6, 1.6),
            synth.uniform(0, 0.12),
            synth.uniform(18, 45),
        )
        for _ in range(synth.integer(2, 4))
    ]
    repeats = synth.integer(1, 2)

    def song() -> Signal:
        result = np.zeros(synth.samples(1.0), np.float32)
        onset = 0.0
        for length, start, ratio, trill, speed in notes * repeats:
            seconds = length * synth.uniform(0.9, 1.1)
            if onset + seconds > 0.95:
                break
            time = synth.time(seconds)
            sweep = start * ratio ** (time / seconds)
            sweep *= 1 + trill * np.sin(2 * np.pi * speed * time)
            note = synth.tone(sweep, (1.0, 0.12))
            note = synth.fade(note, 0.3 * seconds, 0.4 * seconds)
            add_at(result, note * synth.uniform(0.6, 1.0), synth.samples(onset))
            onset += seconds + synth.uniform(0.02, 0.07)
        return unit_peak(result)

    return song


@FAMILY.calls(
    "frog",
    interval=(0.6, 1.3),
    call_seconds=0.5,
    countable=True,
    sources=4,
    manners=("loud", "faint", "far"),
)
def frog(synth: Synth, size: float) -> Call:
    """A croak: a resonance struck 30 to 60 times a second."""
    centre = 480 * 2.4**size * synth.uniform(0.95, 1.05)
    rattle = synth.uniform(32, 60)
    length = synth.uniform(0.22, 0.42)

    def croak() -> Signal:
        seconds = length * synth.uniform(0.9, 1.1)
        beats = synth.pulses(rattle * synth.curve(seconds, [0.8, 1.1, 1.0]), 25)
        tone = synth.resonate(beats, [(centre, 110, 1.0), (2.6 * centre, 260, 0.5)])
        return unit_peak(synth.fade(tone, 0.03, 0.08))

    return croak


@FAMILY.texture("cricket", background=True, manners=("loud", "faint", "far"))
def cricket(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Pure high tones in short trills, two to four insects."""
    result = np.zeros(synth.samples(seconds), np.float32)
    time = synth.time(seconds)
    for _ in range(synth.integer(2, 4)):
        pitch = synth.uniform(3900, 5600)
        wings = synth.uniform(28, 45)
        chirps = synth.uniform(1.2, 3.2)
        share = synth.uniform(0.35, 0.6)
        beat = 0.5 + 0.5 * np.sin(np.float32(2 * np.pi * wings) * time)
        cycle = synth.cycle(seconds, 1 / chirps)
        beat *= np.clip((share - cycle) * 12, 0, 1) * np.clip(cycle * 12, 0, 1)
        wave = synth.tone(np.full(len(time), pitch, np.float32))
        result += np.float32(synth.uniform(0.4, 1.0)) * beat * wave
    return result
