"""How fast clips become caches, and how fast a mini-batch is read from them.

    python benchmarks/store.py [--clips N]

Writes ten-second stereo FLAC files at 44.1 kHz (brown noise with a little white),
then measures with one thread, in seconds of audio per second: decoding and
storing shards, joining them, the log-mels of both front ends; and the
milliseconds of a random mini-batch of 32 clips, from files just written, so
mostly from memory. Each rate is given by the clock, which other programs on the
machine slow down, and per second of processor time. Exits 1 if decoding and
storing is slower than 300 times real time per core, by processor time.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

from workflow_src.audio.frontend import ActLogMel, PannsLogMel
from workflow_src.audio.store import LogMelStore, WaveformStore, write_log_mels
from workflow_src.corpus.captions import Clip, Split
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.ingest import JoinedFiles, ingest, join_shards

SECONDS = 10
RATE = 44_100
SHARDS = 4
BATCH = 32
SLOWEST_FACTOR = 300  # times real time, per core


def write_clips(folder: Path, clips: int) -> Split:
    folder.mkdir()
    rng = np.random.default_rng(0)
    names = [f"{i}.flac" for i in range(clips)]
    for name in names:
        white = rng.standard_normal((SECONDS * RATE, 2), np.float32)
        red = np.cumsum(white, axis=0)
        red -= np.linspace(red[0], red[-1], len(red))
        samples = 0.3 * red / np.abs(red).max() + 0.003 * white
        soundfile.write(folder / name, samples, RATE)
    return Split("train", [Clip(name) for name in names])


class Stopwatch:
    """Rates since it was made, in seconds of audio per second."""

    def __init__(self, audio_seconds: float) -> None:
        self.audio_seconds = audio_seconds
        self.clock, self.processor = time.perf_counter(), time.process_time()

    def report(self, what: str) -> float:
        """Print both rates, return the one per second of processor time."""
        clock = self.audio_seconds / (time.perf_counter() - self.clock)
        processor = self.audio_seconds / (time.process_time() - self.processor)
        print(f"{what:18} {clock:7.0f} x real time, {processor:7.0f} x per core")
        return processor


def milliseconds_per_batch(store: WaveformStore | LogMelStore) -> float:
    rng = np.random.default_rng(0)
    batches = [rng.permutation(len(store))[:BATCH] for _ in range(20)]
    start = time.perf_counter()
    for rows in batches:
        store.read(rows)
    return 1000 * (time.perf_counter() - start) / len(batches)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=400)
    clips = parser.parse_args().clips
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), clips)


def measure(folder: Path, clips: int) -> int:
    split = write_clips(folder / "audio", clips)
    source = FolderSource(folder / "audio")
    parts = [folder / "shards" / str(shard) for shard in range(SHARDS)]

    watch = Stopwatch(clips * SECONDS)
    for shard, part in enumerate(parts):
        ingest(split, source, part, shard, SHARDS)
    ingested = watch.report("decode and store")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    watch = Stopwatch(clips * SECONDS)
    joined = JoinedFiles(
        folder / "waveforms" / "train",
        folder / "manifest.csv",
        None,
        None,
    )
    join_shards(split, parts, joined)
    watch.report("join")

    waveforms = WaveformStore(folder / "waveforms" / "train")
    stores = {"waveforms": waveforms}
    for name, frontend in {"act": ActLogMel(), "panns": PannsLogMel()}.items():
        watch = Stopwatch(clips * SECONDS)
        write_log_mels(waveforms, frontend, folder / name)
        watch.report(f"log-mels {name}")
        stores[name] = LogMelStore(folder / name)

    for name, store in stores.items():
        print(f"read {BATCH} {name:9} {milliseconds_per_batch(store):8.2f} ms")
    print(f"peak memory while storing {peak:.0f} MiB")
    return int(ingested < SLOWEST_FACTOR)


if __name__ == "__main__":
    sys.exit(main())
