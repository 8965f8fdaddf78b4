"""Turns a scene into a waveform: calls in time, distance, room, level."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from workflow_src.corpus.embedded.kinds import Kind
from workflow_src.corpus.embedded.scenes import Event, Scene
from workflow_src.corpus.embedded.sounds import KINDS
from workflow_src.corpus.embedded.synth import Signal, Synth, add_at

# Level of an event in dB below full scale (RMS of its loudest twentieth of a
# second or so). A background lies lower by BACKGROUND_ATTENUATION, and never above
# the faintest foreground less FOREGROUND_MARGIN: what a caption names can be heard.
LEVELS = {
    "loud": -13,
    "near": -15,
    "heavy": -15,
    "light": -30,
    "faint": -32,
    "far": -30,
}
DEFAULT_LEVEL = -20
BACKGROUND_ATTENUATION = 8
FOREGROUND_MARGIN = 4
# Peaks reach this at the loudest level, and proportionally less below it.
LOUDEST_PEAK = 0.7
# Share of an event's energy that comes back from the room.
REVERBERANT = {"near": 0.02, "far": 0.7}
DEFAULT_REVERBERANT = 0.12
# The recording: its level in dB, its noise in dB below full scale, and the frequencies
# in Hz below and above which its microphone hears less.
RECORDING_LEVEL = (-6, 0)
NOISE_FLOOR = (-84, -56)
LOW_CUT = (25, 120)
HIGH_CUT = (5_000, 15_000)
FRAME = 0.05  # seconds


def render(scene: Scene, synth: Synth, seconds: float) -> NDArray[np.int16]:
    """Synthesise a scene.

    Args:
        scene: its events.
        synth: sample rate and random generator.
        seconds: length of the clip.

    Returns:
        (samples,) int16, full scale 32767.
    """
    dry = np.zeros(synth.samples(seconds), np.float32)
    wet = np.zeros_like(dry)
    for event, stem in zip(scene.events, stems(scene, synth), strict=True):
        start = round(event.start * synth.rate)
        share = _reverberant(event)
        add_at(dry, stem * np.float32(1 - share), start)
        if share:
            add_at(wet, stem * np.float32(share), start)
    mix = dry + reverberate(wet, synth) if wet.any() else dry
    mix = record(mix, synth)
    peak = np.abs(mix).max()
    if peak > 0.95:
        mix *= np.float32(0.95 / peak)
    return np.rint(mix * np.float32(32767)).astype(np.int16)


def record(sound: Signal, synth: Synth) -> Signal:
    """Record a sound as one of many machines would, from good to poor.

    Each clip of AudioCaps comes from another person's: its level, what its microphone
    lets through and its own noise say nothing of the scene, and a model must not learn
    them.

    Args:
        sound: (samples,) at full level.
        synth: of the draws.
    """
    level = 10 ** (synth.uniform(*RECORDING_LEVEL) / 20)
    floor = 10 ** (synth.uniform(*NOISE_FLOOR) / 20)
    low, high = synth.log_uniform(*LOW_CUT), synth.log_uniform(*HIGH_CUT)
    sound = synth.band(sound, None, min(high, 0.45 * synth.rate), 1)
    noise = synth.white(len(sound) / synth.rate)
    return synth.band(np.float32(level) * sound + np.float32(floor) * noise, low, None)


def stems(scene: Scene, synth: Synth) -> list[Signal]:
    """Synthesise the events one by one, dry, at the levels they have in the scene.

    Returns:
        A float32 signal for each event, of its own length.
    """
    return [
        set_level(render_event(event, synth), synth, level)
        for event, level in zip(scene.events, _levels(scene, synth), strict=True)
    ]


def render_event(event: Event, synth: Synth) -> Signal:
    """Synthesise one event, dry, its level not yet set.

    Returns:
        (samples,) float32 of event.seconds.
    """
    kind = KINDS[event.kind]
    if kind.texture:
        signal = kind.texture(synth, event.seconds, event.manner)
        signal = synth.fade(signal, 0.15, 0.3)
    else:
        signal = _render_calls(kind, event, synth)
    if event.manner == "far":
        signal = _far(signal, synth)
    elif event.manner in ("approach", "recede"):
        signal = _moving(signal, synth, event.manner)
    return signal


def onsets(kind: Kind, event: Event, synth: Synth) -> list[Signal]:
    """Draw when each individual calls.

    Args:
        kind: of the event.
        event: how many individuals, and how often they call.
        synth: random generator.

    Returns:
        Onsets of each individual, in seconds into the event, ascending.
    """
    room = event.seconds - kind.call_seconds
    least, most = kind.interval
    calls = event.sources if kind.once else event.calls
    if calls is not None:
        gaps = synth.rng.uniform(least, most, calls - 1)
        # Widely spaced calls are drawn together until they fit.
        slack = room - (calls - 1) * least
        excess = gaps.sum() - (calls - 1) * least
        if excess > slack:
            gaps = least + (gaps - least) * (slack / excess)
        times = np.concatenate([[0.0], np.cumsum(gaps)])
        times += synth.uniform(0, max(room - times[-1], 0))
        return [times[place :: event.sources] for place in range(event.sources)]
    if event.sources == 2:
        # In turn, now and then into each other's call; the second is heard too.
        pace = min(synth.uniform(0.75, 1.2), room / most)
        times = _spread(synth, 0.0, pace * least, pace * most, room)
        return [times[0::2], times[1::2]]
    firsts = least * (np.arange(event.sources) + synth.rng.random()) / event.sources
    paces = synth.rng.uniform(1.0, 1.6, event.sources)
    return [
        _spread(synth, first, pace * least, pace * most, room)
        for first, pace in zip(firsts, paces, strict=True)
    ]


def _spread(
    synth: Synth, first: float, least: float, most: float, room: float
) -> Signal:
    """Onsets from `first` (at most `room`) as far as there is room."""
    steps = synth.rng.uniform(least, most, int(room / least) + 1)
    times = min(first, room) + np.concatenate([[0.0], np.cumsum(steps)])
    return times[times <= room + 1e-9]


def _render_calls(kind: Kind, event: Event, synth: Synth) -> Signal:
    result = np.zeros(synth.samples(event.seconds), np.float32)
    # Individuals heard together differ in size, so that one hears how many.
    assert kind.caller is not None, "a kind without a texture has calls"
    sizes = (np.arange(event.sources) + synth.rng.random(event.sources)) / event.sources
    order = synth.rng.permutation(event.sources)
    times = onsets(kind, event, synth)
    for size, individual in zip(sizes[order], times, strict=True):
        call = kind.caller(synth, float(size))
        strength = synth.uniform(0.75, 1.0)
        for onset in individual:
            gain = np.float32(strength * synth.uniform(0.85, 1.0))
            add_at(result, call() * gain, synth.samples(onset))
    # Bells may ring on past the event's end.
    return synth.fade(result, 0.002, 0.1)


def _far(signal: Signal, synth: Synth) -> Signal:
    """Air and obstacles take the high frequencies."""
    return synth.band(signal, None, synth.uniform(1200, 2500), 1)


def _moving(signal: Signal, synth: Synth, manner: str) -> Signal:
    """From far to near, or back: level and brightness."""
    seconds = len(signal) / synth.rate
    points = np.linspace(0, 1, 12)
    if manner == "recede":
        points = points[::-1]
    nearness = synth.curve(seconds, points)
    gain = synth.curve(seconds, 10 ** (-26 * (1 - points) / 20))
    return gain * (nearness * signal + (1 - nearness) * _far(signal, synth))


def _levels(scene: Scene, synth: Synth) -> list[float]:
    levels = [
        LEVELS.get(event.manner or "", DEFAULT_LEVEL) + synth.uniform(-1.5, 1.5)
        for event in scene.events
    ]
    if scene.relation.startswith("over"):
        levels[-1] = min(
            levels[-1] - BACKGROUND_ATTENUATION, min(levels[:-1]) - FOREGROUND_MARGIN
        )
    return levels


def set_level(signal: Signal, synth: Synth, level: float) -> Signal:
    """Scale a signal to a level, less where peaks would stand out too far.

    Args:
        signal: (samples,).
        synth: sample rate.
        level: of the RMS of its loudest parts, in dB below full scale.
    """
    frame = synth.samples(FRAME)
    frames = signal[: len(signal) // frame * frame].reshape(-1, frame)
    energy = np.sort(np.einsum("ij,ij->i", frames, frames))
    loud = energy[energy > 1e-4 * energy[-1]]
    rms = np.sqrt(loud[int(0.9 * (len(loud) - 1))] / frame)
    target = 10 ** (level / 20)
    most = LOUDEST_PEAK * target / 10 ** (LEVELS["loud"] / 20)
    return signal * np.float32(min(target / rms, most / np.abs(signal).max()))


def _reverberant(event: Event) -> float:
    if KINDS[event.kind].background:
        return 0.0
    return REVERBERANT.get(event.manner or "", DEFAULT_REVERBERANT)


def reverberate(signal: Signal, synth: Synth) -> Signal:
    """Convolve with decaying noise of unit energy: a room of random size."""
    reverberation = synth.log_uniform(0.25, 1.2)  # seconds for 60 dB
    seconds = min(reverberation, 0.8)
    response: Signal = synth.white(seconds) * synth.decay(seconds, reverberation / 6.91)
    response = synth.band(response, None, synth.uniform(2500, 6000), 1)
    response /= np.sqrt(np.dot(response, response))
    size = scipy.fft.next_fast_len(len(signal) + len(response), real=True)
    spectrum = scipy.fft.rfft(signal, size) * scipy.fft.rfft(response, size)
    wet: Signal = scipy.fft.irfft(spectrum, size)[: len(signal)]
    return wet
