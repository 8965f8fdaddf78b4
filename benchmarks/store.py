"""How fast clips become caches, and how fast a mini-batch is read from them.

    python -m benchmarks.store

Writes ten-second stereo FLAC files at 44.1 kHz (brown noise with a little white),
then measures with one thread, in seconds of audio per second: decoding and
storing shards, joining them, the log-mels of both front ends; and the
milliseconds of a random mini-batch of 32 clips, from files just written, so
mostly from memory. Rates are per second of processor time, of which other programs on
the machine take little.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.command import Bench, run_alone
from benchmarks.rows import Row
from workflow_src.audio.frontend import ActLogMel, PannsLogMel
from workflow_src.audio.store import LogMelStore, WaveformStore, write_log_mels
from workflow_src.corpus.captions import Clip, Split
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.ingest import JoinedFiles, ingest, join_shards

SECONDS = 10
RATE = 44_100
SHARDS = 4
BATCH = 32


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


def milliseconds_per_batch(store: WaveformStore | LogMelStore) -> float:
    rng = np.random.default_rng(0)
    batches = [rng.permutation(len(store))[:BATCH] for _ in range(20)]
    start = time.perf_counter()
    for rows in batches:
        store.read(rows)
    return 1000 * (time.perf_counter() - start) / len(batches)


def rows(bench: Bench) -> Iterator[Row]:
    """Rates of decoding, joining and both front ends; a mini-batch's milliseconds."""
    folder = bench.folder / "stores"
    folder.mkdir()
    clips = BATCH if bench.device.type == "cpu" else 400
    split = write_clips(folder / "audio", clips)
    source = FolderSource(folder / "audio")
    parts = [folder / "shards" / str(shard) for shard in range(SHARDS)]
    rate = "x real time a core"

    def faster_than_real_time(work: Callable[[], object]) -> float:
        start = time.process_time()
        work()
        return clips * SECONDS / (time.process_time() - start)

    def decode() -> None:
        for shard, part in enumerate(parts):
            ingest(split, source, part, shard, SHARDS)

    joined = JoinedFiles(folder / "waveforms", folder / "manifest.csv", None, None)
    yield Row("decode and store", faster_than_real_time(decode), rate)
    joining = faster_than_real_time(lambda: join_shards(split, parts, joined))
    yield Row("join shards", joining, rate)
    waveforms = WaveformStore(folder / "waveforms")
    stores: dict[str, WaveformStore | LogMelStore] = {"waveforms": waveforms}
    for name, frontend in {"act": ActLogMel(), "panns": PannsLogMel()}.items():
        work = partial(write_log_mels, waveforms, frontend, folder / name)
        yield Row(f"log-mels {name}, on the CPU", faster_than_real_time(work), rate)
        stores[name] = LogMelStore(folder / name)
    for name, store in stores.items():
        yield Row(f"read {BATCH} {name}", milliseconds_per_batch(store), "ms")


if __name__ == "__main__":
    run_alone(__doc__, rows)
