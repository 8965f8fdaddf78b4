"""Piano, guitar, flute, drums."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Family
from workflow_src.corpus.embedded.synth import (
    Signal,
    Synth,
    add_at,
    unit_peak,
    unit_rms,
)

FAMILY = Family("music")

# Semitones above the key note.
MAJOR = (0, 2, 4, 5, 7, 9, 11, 12)
MINOR = (0, 2, 3, 5, 7, 8, 10, 12)
MUSIC_MANNERS = ("loud", "faint", "far", "fast", "slow")


def melody(synth: Synth, key: float, notes: int) -> list[float]:
    """Walk at random, in small steps, over a scale.

    Args:
        synth: random generator.
        key: lowest note, Hz.
        notes: how many.

    Returns:
        Frequencies in Hz.
    """
    scale = MAJOR if synth.rng.random() < 0.5 else MINOR
    steps = synth.rng.choice((-2, -1, -1, 0, 1, 1, 2, 3), notes)
    # The walk turns round at both ends of the scale.
    places = 7 - np.abs((np.cumsum(steps) + synth.integer(0, 13)) % 14 - 7)
    return [key * 2 ** (scale[place] / 12) for place in places]


def pace(manner: str | None, slow: float, usual: float, fast: float) -> float:
    """Notes a second for a manner.

    Args:
        manner: how the event is heard.
        slow: for `slow`.
        usual: for all but `slow` and `fast`.
        fast: for `fast`.
    """
    return {"slow": slow, "fast": fast}.get(manner or "", usual)


@FAMILY.texture("piano", manners=MUSIC_MANNERS)
def piano(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Struck strings: slightly stretched partials that decay, over a bass."""
    speed = pace(manner, 1.3, 2.8, 5.5) * synth.uniform(0.9, 1.1)
    key = synth.log_uniform(262, 523)
    onsets = np.arange(0, seconds - 0.3, 1 / speed)
    tune = melody(synth, key, len(onsets))
    result = np.zeros(synth.samples(seconds), np.float32)
    ranks = np.arange(1, 8)
    for number, (onset, note) in enumerate(zip(onsets, tune, strict=True)):
        pitches = [note] if number % 4 else [note, key / 2]
        for pitch in pitches:
            wave = synth.partials(
                min(1.6, seconds - onset),
                pitch * ranks * np.sqrt(1 + 0.0005 * ranks**2),
                1 / ranks**1.3,
                0.5 / ranks**0.7,
            )
            wave = synth.fade(wave, 0.004, 0.1) * np.float32(synth.uniform(0.7, 1))
            add_at(result, wave, synth.samples(onset))
    return result


def pluck(synth: Synth, pitch: float, seconds: float, softness: float) -> Signal:
    """Karplus-Strong string: a noise period that a moving average wears down.

    Args:
        synth: sample rate and random generator.
        pitch: Hz.
        seconds: length at least.
        softness: weight of the previous sample in the average.
    """
    period = max(8, round(synth.rate / pitch))
    rows = -(-synth.samples(seconds) // period)
    string = np.empty((rows, period), np.float32)
    row = synth.rng.uniform(-1, 1, period).astype(np.float32)
    row -= row.mean()
    for number in range(rows):
        string[number] = row
        row = np.float32(0.997) * (
            (1 - softness) * row + softness * np.roll(row, 1)
        ).astype(np.float32)
    return string.ravel()


@FAMILY.texture("guitar", manners=MUSIC_MANNERS)
def guitar(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Strummed chords of plucked strings."""
    speed = pace(manner, 0.9, 1.8, 3.2) * synth.uniform(0.9, 1.1)
    key = synth.log_uniform(98, 140)
    softness = synth.uniform(0.35, 0.5)
    third = 4 if synth.rng.random() < 0.6 else 3
    strums = []
    for root in (0, 5, 7):
        chord = np.zeros(synth.samples(1.4), np.float32)
        for number, step in enumerate((0, 7, 12, 12 + third, 19)):
            pitch = key * 2 ** ((root + step) / 12)
            string = pluck(synth, pitch, 1.3, softness)
            add_at(chord, string, synth.samples(0.018 * number))
        strums.append(unit_peak(synth.fade(chord, 0.001, 0.3)))
    onsets = np.arange(0, seconds - 0.3, 1 / speed)
    result = np.zeros(synth.samples(seconds), np.float32)
    for number, onset in enumerate(onsets):
        chord = strums[(number // 4) % 3] * np.float32(synth.uniform(0.6, 1.0))
        add_at(result, chord, synth.samples(onset))
    return result


@FAMILY.texture("flute", manners=MUSIC_MANNERS)
def flute(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Held notes, nearly pure, with vibrato and breath."""
    speed = pace(manner, 0.9, 2.0, 4.0) * synth.uniform(0.9, 1.1)
    tune = melody(synth, synth.log_uniform(523, 880), int(seconds * speed) + 2)
    place = (synth.time(seconds) * np.float32(speed)).astype(np.int64)
    pitch = np.asarray(tune, np.float32)[place]
    vibrato = synth.tone(np.full(len(pitch), synth.uniform(4.5, 6), np.float32))
    wave = synth.tone(pitch * (1 + 0.006 * vibrato), (1.0, 0.28, 0.12, 0.04))
    breath = unit_rms(synth.band(synth.white(seconds), 1500, 6000))
    within = (synth.time(seconds) * np.float32(speed)) % 1
    tongue = np.clip(within * 12, 0, 1) * np.clip((1 - within) * 14, 0, 1)
    notes: Signal = (wave * (1 + 0.12 * vibrato) + 0.05 * breath) * tongue
    return notes


@FAMILY.texture("drums", manners=MUSIC_MANNERS)
def drums(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """A kit: bass drum, snare and cymbal in a bar of eight."""
    speed = pace(manner, 2.2, 4.0, 6.5) * synth.uniform(0.92, 1.08)
    sweep = synth.uniform(50, 65) * (1 + 2.5 * synth.decay(0.25, 0.03))
    kick = synth.tone(sweep) * synth.decay(0.25, 0.09)
    snare = synth.band(synth.white(0.2), 900, 8000) * synth.decay(0.2, 0.05)
    snare = unit_peak(snare) + 0.5 * synth.partials(
        0.2, [190, 330], [1, 0.6], [0.06] * 2
    )
    cymbal = synth.band(synth.white(0.1), 7000, None) * synth.decay(0.1, 0.025)
    kicks = {0, 4} if synth.rng.random() < 0.5 else {0, 3, 4}
    result = np.zeros(synth.samples(seconds), np.float32)
    for beat, onset in enumerate(np.arange(0, seconds - 0.1, 1 / speed)):
        start = synth.samples(onset)
        add_at(result, 0.35 * unit_peak(cymbal) * synth.uniform(0.7, 1), start)
        if beat % 8 in kicks:
            add_at(result, unit_peak(kick), start)
        if beat % 8 in (2, 6):
            add_at(result, 0.8 * snare * synth.uniform(0.8, 1), start)
    return result
