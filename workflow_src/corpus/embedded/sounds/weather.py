"""Rain, wind, thunder, streams, waves."""

from __future__ import annotations

import numpy as np

from workflow_src.corpus.embedded.kinds import Call, Family
from workflow_src.corpus.embedded.synth import Signal, Synth, unit_peak, unit_rms

FAMILY = Family("weather")


@FAMILY.texture("rain", background=True, manners=("heavy", "light", "roof", "heavy"))
def rain(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """A hiss of far drops and the patter of near ones; a roof drums below it."""
    per_second, hiss_share = {
        "heavy": (1200, 1.6),
        "light": (70, 0.35),
        "roof": (260, 0.5),
    }.get(manner or "", (350, 0.8))
    corner = synth.uniform(900, 1600)
    hiss = synth.coloured(
        seconds, lambda hz: (hz / corner) / (1 + (hz / corner) ** 1.4)
    )
    drops = synth.impulses(seconds, per_second * synth.uniform(0.8, 1.2))
    patter = unit_rms(synth.band(drops, synth.uniform(1800, 3000), 9000, 1))
    rainfall = hiss_share * hiss + patter
    if manner == "roof":
        sheet = synth.impulses(seconds, synth.uniform(60, 110))
        tones = [(synth.log_uniform(220, 900), 60, 1.0) for _ in range(3)]
        rainfall = 0.6 * rainfall + 1.2 * unit_rms(synth.resonate(sheet, tones))
    return rainfall


@FAMILY.texture("wind", background=True, manners=("heavy", "light"))
def wind(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Gusts: low noise that swells and brightens together."""
    rate, floor = {"heavy": (1.1, 0.35), "light": (0.4, 0.2)}.get(
        manner or "", (0.6, 0.2)
    )
    gust = synth.drift(seconds, rate, floor, 1.0)
    corner = synth.uniform(130, 220)
    low = synth.coloured(seconds, lambda hz: (hz / 60) / (1 + (hz / corner) ** 2.4))
    howl_at = synth.uniform(420, 800)
    howl = synth.coloured(seconds, lambda hz: 1 / (1 + ((hz - howl_at) / 70) ** 2))
    howling = {"heavy": 0.5, "light": 0.12}.get(manner or "", 0.3)
    return low * gust + howling * howl * gust**3


@FAMILY.calls(
    "thunder",
    interval=(3.2, 4.5),
    call_seconds=3.6,
    manners=("loud", "faint", "far"),
)
def thunder(synth: Synth, size: float) -> Call:
    """A crack and a long rolling rumble."""

    def clap() -> Signal:
        seconds = synth.uniform(2.8, 3.6)
        rumble = synth.coloured(seconds, lambda hz: 1 / (1 + (hz / 150) ** 1.8))
        rolls = synth.drift(seconds, 6, 0.2, 1.0) * synth.decay(seconds, 1.1)
        crack = synth.band(synth.white(0.5) * synth.decay(0.5, 0.09), 200, 3000)
        wave = rumble * rolls
        wave[: len(crack)] += unit_peak(crack) * synth.uniform(0.5, 1.5)
        # Compressed as thunder is by distance, so that the rumble is heard too.
        return unit_peak(synth.fade(np.tanh(0.8 * wave), 0.02, 0.8))

    return clap


@FAMILY.texture("stream", background=True, manners=("loud", "faint", "near"))
def stream(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Bubbles, each a short rising tone, over a soft rush."""
    grains = []
    for _ in range(40):
        length = synth.uniform(0.02, 0.07)
        time = synth.time(length)
        pitch = synth.log_uniform(450, 1900) * (1 + synth.uniform(2, 9) * time)
        grains.append(synth.fade(synth.tone(pitch), 0.003, 0.8 * length))
    number = round(seconds * synth.uniform(55, 90))
    onsets = synth.rng.uniform(0, seconds, number)
    gains = synth.rng.exponential(1.0, number)
    bubbles = unit_rms(synth.scatter(seconds, grains, onsets, gains))
    rush = synth.coloured(seconds, lambda hz: hz / (1 + (hz / 900) ** 2.6))
    return bubbles + synth.uniform(0.15, 0.35) * rush


@FAMILY.texture("waves", background=True, manners=("loud", "far", "heavy"))
def waves(synth: Synth, seconds: float, manner: str | None) -> Signal:
    """Surf: noise that swells, breaks and hisses back every few seconds."""
    period = synth.uniform(3.0, 4.6)
    cycle = synth.cycle(seconds, period)
    ebb = np.exp((np.float32(0.45) - cycle - (cycle < 0.45)) * np.float32(5))
    swell = np.maximum(ebb, np.where(cycle < 0.45, (cycle / 0.45) ** 2, 0))
    low = synth.coloured(seconds, lambda hz: 1 / (1 + (hz / 300) ** 1.6))
    foam = synth.coloured(seconds, lambda hz: hz / (1 + (hz / 2500) ** 2))
    surf: Signal = low * (0.08 + swell) + 0.8 * foam * swell**1.5
    return surf
