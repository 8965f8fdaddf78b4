"""Knocks, footsteps, breaking glass, gunshots, applause."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, unit_peak, unit_rms

FAMILY = Family("impacts")


@FAMILY.calls(
    "knocking",
    interval=(0.28, 0.5),
    call_seconds=0.2,
    countable=True,
    manners=("loud", "faint", "near", "far"),
)
def knocking(synth: Synth, size: float) -> Call:
    """Knuckles on wood: low resonances of a panel, gone in 50 ms."""
    panel = 170 * 1.8**size * synth.uniform(0.95, 1.05)
    modes = panel * np.array([1.0, 1.62, 2.4, 3.7])

    def knock() -> Signal:
        strike = synth.partials(
            0.2,
            modes * synth.rng.uniform(0.99, 1.01, 4),
            synth.rng.uniform(0.4, 1.0, 4),
            [0.035, 0.03, 0.02, 0.012],
        )
        tap = synth.band(synth.white(0.02) * synth.decay(0.02, 0.003), 500, 3500)
        strike[: len(tap)] += unit_peak(tap)
        return unit_peak(strike) * np.float32(synth.uniform(0.8, 1.0))

    return knock


@FAMILY.texture("footsteps", manners=("fast", "slow", "approach", "recede", "faint"))
def footsteps(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Heel and sole on gravel: a thud and a crunch of 100 ms."""
    low, high = {"fast": (2.8, 3.5), "slow": (1.0, 1.3)}.get(manner or "", (1.6, 2.1))
    period = 1 / synth.uniform(low, high)
    steps = np.arange(synth.uniform(0, 0.2), seconds - 0.2, period)
    steps = steps + synth.rng.normal(0, 0.02 * period, len(steps))
    grains = []
    for _ in range(6):
        grit = synth.band(synth.impulses(0.18, 900), 1200, 6000)
        grit *= synth.curve(0.18, [0.2, 1.0, 0.7, 0.3, 0.0])
        step = unit_peak(grit)
        thud = synth.partials(0.1, [synth.uniform(70, 120)], [1.0], [0.03])
        step[: len(thud)] += thud
        grains.append(step)
    gains = synth.rng.uniform(0.7, 1.0, len(steps))
    return synth.scatter(seconds, grains, steps, gains)


@FAMILY.calls(
    "glass",
    interval=(1.6, 2.6),
    call_seconds=1.2,
    countable=True,
    manners=("loud", "faint", "near", "far"),
)
def glass(synth: Synth, size: float) -> Call:
    """A crash, then splinters that ring on the floor."""

    def crash() -> Signal:
        burst = synth.white(1.2) * synth.decay(1.2, synth.uniform(0.04, 0.08))
        result = unit_peak(synth.band(burst, 2500, None))
        splinters = []
        for _ in range(12):
            pitch = synth.log_uniform(2800, 9000)
            splinters.append(
                synth.partials(0.25, [pitch, 1.53 * pitch], [1.0, 0.5], [0.05, 0.03])
            )
        number = synth.integer(25, 45)
        onsets = np.minimum(synth.rng.exponential(0.28, number), 1.0)
        gains = synth.rng.uniform(0.05, 0.25, number) * np.exp(-onsets / 0.5)
        result += synth.scatter(1.2, splinters, onsets, gains)
        return unit_peak(result)

    return crash


@FAMILY.calls(
    "gunshot",
    interval=(0.6, 1.4),
    call_seconds=0.6,
    countable=True,
    manners=("loud", "near", "far"),
)
def gunshot(synth: Synth, size: float) -> Call:
    """A blast of all frequencies at once with a booming tail."""
    boom = 75 * 1.6**size
    tail = synth.uniform(0.07, 0.14)

    def shot() -> Signal:
        blast = synth.white(0.6) * synth.decay(0.6, synth.uniform(0.01, 0.02))
        echo = synth.white(0.6) * synth.decay(0.6, tail)
        thump = synth.partials(0.6, [boom], [1.0], [0.06])
        wave = blast + 0.6 * synth.band(echo, 120, 1800) + 1.2 * thump
        return unit_peak(synth.fade(np.tanh(1.5 * wave), 0.0005, 0.1))

    return shot


@FAMILY.texture("applause", manners=("loud", "faint", "far"))
def applause(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Many pairs of hands, each with its own pitch and pace."""
    people = synth.integer(12, 30)
    grains: list[Signal] = []
    onsets_by_person: list[Signal] = []
    for _ in range(people):
        clap: Signal = synth.white(0.04) * synth.decay(
            0.04, synth.uniform(0.003, 0.006)
        )
        palm = synth.log_uniform(900, 2200)
        clap = synth.resonate(clap, [(palm, 0.5 * palm, 1.0), (5000, 3000, 0.3)])
        grains.append(unit_peak(clap))
        pace = synth.uniform(3.2, 4.8)
        claps = np.arange(synth.uniform(0, 0.3), seconds - 0.05, 1 / pace)
        onsets_by_person.append(claps + synth.rng.normal(0, 0.02, len(claps)))
    onsets = np.concatenate(onsets_by_person)
    gains = synth.rng.uniform(0.3, 1.0, len(onsets))
    wave = synth.scatter(seconds, grains, onsets, gains)
    return unit_rms(wave) * synth.curve(seconds, [0.7, 1.0, 1.0, 0.95, 0.7])
