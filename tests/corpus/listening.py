"""What is heard in a sound, in numbers: pitch, brightness, beat, calls."""

import numpy as np
import scipy.ndimage
import scipy.signal

RATE = 32000


def spectrum(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return scipy.signal.welch(signal, RATE, nperseg=min(4096, len(signal)))


def share(signal: np.ndarray, low: float, high: float) -> float:
    """Share of the energy between two frequencies."""
    hz, power = spectrum(signal)
    return power[(hz >= low) & (hz < high)].sum() / power.sum()


def flatness(signal: np.ndarray, low: float, high: float) -> float:
    """Geometric over arithmetic mean of the power: 1 for white noise."""
    hz, power = spectrum(signal)
    power = power[(hz >= low) & (hz < high)]
    return float(np.exp(np.log(power).mean()) / power.mean())


def centroid(signal: np.ndarray) -> float:
    hz, power = spectrum(signal)
    return float((hz * power).sum() / power.sum())


def pitch(signal: np.ndarray, low: float, high: float) -> float:
    """Fundamental frequency by autocorrelation of the loudest tenth of a second."""
    length = RATE // 10
    energy = np.convolve(signal**2, np.ones(length), "valid")
    piece = signal[energy.argmax() :][:length].astype(np.float64)
    correlation = scipy.signal.correlate(piece, piece)[length - 1 :]
    lags = slice(int(RATE / high), int(RATE / low))
    return RATE / (lags.start + correlation[lags].argmax())


def envelope(signal: np.ndarray, frame: int = 320) -> np.ndarray:
    """RMS of frames of 10 ms."""
    frames = signal[: len(signal) // frame * frame].reshape(-1, frame)
    return np.sqrt((frames**2).mean(1))


def beat(signal: np.ndarray, low: float, high: float) -> float:
    """Strongest frequency of the envelope, in Hz."""
    level = envelope(signal)
    level = (level - level.mean()) * np.hanning(len(level))
    hz = np.fft.rfftfreq(16 * len(level), 0.01)
    power = np.abs(np.fft.rfft(level, 16 * len(level)))
    wanted = (hz >= low) & (hz <= high)
    return float(hz[wanted][power[wanted].argmax()])


def count_calls(signal: np.ndarray) -> int:
    """Rises of the level from under a sixth of its maximum, 30 ms apart."""
    level = envelope(signal)
    level = scipy.ndimage.maximum_filter1d(level, 5)
    heard = np.concatenate([[False], level > level.max() / 6])
    return int((heard[1:] & ~heard[:-1]).sum())


def high_pass(signal: np.ndarray) -> np.ndarray:
    sos = scipy.signal.butter(4, 1000, "highpass", fs=RATE, output="sos")
    return scipy.signal.sosfilt(sos, signal)
