"""The building blocks of every synthesised sound: noise, tones, filters.

All signals are one-dimensional float32 arrays; a `Synth` carries the sample
rate and the random generator, so that a sound is a function of both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

# (samples,), float32 unless a function says otherwise; full scale is 1.
Signal = NDArray[np.floating]
# A few numbers, in a list or an array.
Numbers = Sequence[float] | NDArray[np.floating]

TWO_PI = np.float32(2 * np.pi)


class Synth:
    """Sample rate and random generator, and the sounds made from them.

    Args:
        rate: Hz.
        rng: of all draws.
    """

    def __init__(self, rate: int, rng: np.random.Generator) -> None:
        self.rate = rate
        self.rng = rng

    # Random parameters.

    def uniform(self, low: float, high: float) -> float:
        """Draw uniformly."""
        return float(self.rng.uniform(low, high))

    def log_uniform(self, low: float, high: float) -> float:
        """Draw uniformly on a logarithmic scale, as pitches and times are heard."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def integer(self, low: int, high: int) -> int:
        """Draw an integer, both ends included."""
        return int(self.rng.integers(low, high + 1))

    # Time.

    def samples(self, seconds: float) -> int:
        """Length in samples, at least one."""
        return max(1, round(seconds * self.rate))

    def time(self, seconds: float) -> Signal:
        """Time in seconds of each sample."""
        time: Signal = np.arange(self.samples(seconds), dtype=np.float32) / self.rate
        return time

    def curve(self, seconds: float, points: Numbers) -> Signal:
        """Join evenly spaced control points by straight lines."""
        count = self.samples(seconds)
        position = np.arange(count, dtype=np.float32) * np.float32(
            (len(points) - 1) / max(count - 1, 1)
        )
        curve: Signal = np.interp(position, np.arange(len(points)), points)
        return curve.astype(np.float32)

    def drift(self, seconds: float, changes: float, low: float, high: float) -> Signal:
        """Wander at random between two values.

        Args:
            seconds: length.
            changes: of direction, a second.
            low: least value.
            high: largest value.
        """
        points = max(3, round(seconds * changes) + 2)
        return self.curve(seconds, self.rng.uniform(low, high, points))

    def cycle(self, seconds: float, period: float) -> Signal:
        """Position in [0, 1) of something that repeats, from a random start."""
        turns = self.time(seconds) / np.float32(period)
        turns += np.float32(self.rng.random())
        position: Signal = turns - np.floor(turns)
        return position

    # Sources.

    def white(self, seconds: float) -> Signal:
        """White noise of unit variance (uniform: as flat, and cheaper)."""
        noise = self.rng.random(self.samples(seconds), dtype=np.float32)
        noise -= np.float32(0.5)
        noise *= np.float32(np.sqrt(12))
        return noise

    def coloured(self, seconds: float, gain: Callable[[Signal], Signal]) -> Signal:
        """Stationary noise of unit RMS whose magnitude spectrum is `gain(Hz)`."""
        count = self.samples(seconds)
        size = scipy.fft.next_fast_len(count, real=True)
        bins = size // 2 + 1
        frequency = np.linspace(0, self.rate / 2, bins, dtype=np.float32)
        spectrum = self.rng.standard_normal(2 * bins, dtype=np.float32)
        spectrum = spectrum.view(np.complex64) * gain(frequency).astype(np.float32)
        spectrum[0] = 0
        return unit_rms(scipy.fft.irfft(spectrum, size)[:count])

    def phase(self, frequency: Signal) -> Signal:
        """Phase in cycles, modulo one, of a tone of changing frequency (Hz)."""
        # Summed in double precision: single would turn long tones into noise.
        cycles = np.cumsum(frequency, dtype=np.float64)
        cycles /= self.rate
        cycles += self.rng.random()
        cycles -= np.floor(cycles)
        return cycles.astype(np.float32)

    def tone(self, frequency: Signal, harmonics: Numbers = (1.0,)) -> Signal:
        """Add harmonics with the given amplitudes; none above half the rate."""
        phase = self.phase(frequency) * TWO_PI
        highest = float(frequency.max())
        result = np.zeros_like(phase)
        for number, amplitude in enumerate(harmonics, start=1):
            if amplitude and number * highest < 0.47 * self.rate:
                result += np.float32(amplitude) * np.sin(phase * np.float32(number))
        return result

    def pulses(self, frequency: Signal, sharpness: float = 12.0) -> Signal:
        """Train of decaying pulses: a larynx, an engine's cylinders."""
        pulse = np.exp(self.phase(frequency) * np.float32(-sharpness))
        train: Signal = pulse - np.float32((1 - np.exp(-sharpness)) / sharpness)
        return train

    def partials(
        self,
        seconds: float,
        frequencies: Numbers,
        amplitudes: Numbers,
        decays: Numbers,
    ) -> Signal:
        """Add decaying sines; none above half the rate.

        Args:
            seconds: length.
            frequencies: Hz.
            amplitudes: at the beginning, one a frequency.
            decays: seconds in which the amplitude falls to 1/e, one a frequency.
        """
        time = self.time(seconds)
        result = np.zeros_like(time)
        for frequency, amplitude, decay in zip(
            frequencies, amplitudes, decays, strict=True
        ):
            if frequency < 0.47 * self.rate:
                # Below -60 dB a partial is not heard: stop there.
                heard = min(len(time), self.samples(7 * decay))
                cycles = time[:heard] * np.float32(frequency)
                cycles -= np.floor(cycles)
                cycles += np.float32(self.rng.random())
                result[:heard] += (
                    np.float32(amplitude)
                    * np.sin(cycles * TWO_PI)
                    * np.exp(time[:heard] * np.float32(-1 / decay))
                )
        return result

    # Filters.

    def band(
        self,
        signal: Signal,
        low: float | None = None,
        high: float | None = None,
        order: int = 2,
    ) -> Signal:
        """Keep a band of frequencies (Butterworth).

        Args:
            signal: (samples,).
            low: lower edge in Hz; None: no lower edge.
            high: upper edge in Hz; None, or beyond half the rate: no upper edge.
            order: of the filter.
        """
        top = 0.46 * self.rate
        if high is not None and high >= top:
            high = None
        edges: float | tuple[float, float]
        if high is not None and low is None:
            edges, kind = high, "lowpass"
        elif low is not None and high is None:
            edges, kind = min(low, 0.9 * top), "highpass"
        elif low is not None and high is not None:
            edges, kind = (min(low, 0.7 * high), high), "bandpass"
        else:
            return signal
        sos = scipy.signal.butter(order, edges, kind, fs=self.rate, output="sos")
        filtered: Signal = scipy.signal.sosfilt(sos.astype(np.float32), signal)
        return filtered

    def resonate(
        self, signal: Signal, peaks: Sequence[tuple[float, float, float]]
    ) -> Signal:
        """Sum resonances given as (centre Hz, bandwidth Hz, gain)."""
        result = np.zeros_like(signal)
        for centre, width, gain in peaks:
            if centre >= 0.45 * self.rate:
                continue
            b, a = scipy.signal.iirpeak(centre, centre / width, fs=self.rate)
            result += np.float32(gain) * scipy.signal.lfilter(
                b.astype(np.float32), a.astype(np.float32), signal
            )
        return result

    # Shapes in time.

    def fade(self, signal: Signal, attack: float, release: float) -> Signal:
        """Raise the beginning and lower the end; changes `signal`.

        Args:
            signal: (samples,).
            attack: seconds of the rise.
            release: seconds of the fall.
        """
        rise = min(self.samples(attack), len(signal))
        fall = min(self.samples(release), len(signal))
        signal[:rise] *= np.sin(np.linspace(0, np.pi / 2, rise, dtype=np.float32))
        signal[-fall:] *= np.cos(np.linspace(0, np.pi / 2, fall, dtype=np.float32))
        return signal

    def decay(self, seconds: float, time_constant: float) -> Signal:
        """Exponential decay from one."""
        envelope: Signal = np.exp(self.time(seconds) * np.float32(-1 / time_constant))
        return envelope

    def impulses(self, seconds: float, per_second: float) -> Signal:
        """Impulses at random times with random signed heights."""
        count = self.samples(seconds)
        result = np.zeros(count, np.float32)
        number = max(1, round(per_second * seconds))
        result[self.rng.integers(0, count, number)] = self.rng.normal(
            0, 1, number
        ).astype(np.float32)
        return result

    def scatter(
        self,
        seconds: float,
        grains: Sequence[Signal],
        onsets: Signal,
        gains: Signal,
    ) -> Signal:
        """Place grains, drawn at random, in time.

        Args:
            seconds: length of the result.
            grains: short signals.
            onsets: (N,) seconds.
            gains: (N,) factors.
        """
        result = np.zeros(self.samples(seconds), np.float32)
        chosen = self.rng.integers(0, len(grains), len(onsets))
        for grain, onset, gain in zip(chosen, onsets, gains, strict=True):
            add_at(result, grains[grain] * np.float32(gain), round(onset * self.rate))
        return result


def add_at(target: Signal, piece: Signal, start: int) -> None:
    """Add a piece to a signal in place, cut at both ends.

    Args:
        target: (samples,).
        piece: (any number of samples,).
        start: sample of `target` at which the piece begins; may be negative.
    """
    first = max(0, -start)
    last = min(len(piece), len(target) - start)
    if first < last:
        target[start + first : start + last] += piece[first:last]


def unit_rms(signal: Signal) -> Signal:
    """Scale to a root mean square of one (silence stays silence)."""
    rms = np.sqrt(np.dot(signal, signal) / len(signal))
    return signal / rms if rms > 0 else signal


def unit_peak(signal: Signal) -> Signal:
    """Scale to a largest magnitude of one (silence stays silence)."""
    peak = np.abs(signal).max()
    return signal / peak if peak > 0 else signal
