"""Waveforms and log-mel spectrograms: decoding, front ends, caches."""
