"""Memory and time of the steps that grow with a corpus, each in a process of its own.

    python -m benchmarks.scale ingest 2000 20000 200000
    python -m benchmarks.scale retrieval 5000 20000

`ingest` decodes a folder of short clips (half a second at 8 kHz; a few files under
many names) into a store and joins it; `retrieval` ranks five captions a clip, in both
directions, among random embeddings of 1,024 numbers.
"""

import csv
import os
import resource
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

FORM = {"sample_rate": 8000, "seconds": 0.5}
SAME = 30_000  # names that a file may have: less than file systems allow
WIDTH = 1024


def make_folder(folder: Path, clips: int) -> None:
    import soundfile

    audio = folder / "audio"
    audio.mkdir()
    rng = np.random.default_rng(1)
    with (folder / "train.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", "caption"])
        for number in range(clips):
            own = audio / f"clip{number:07d}.wav"
            if number % SAME == 0:
                source = own
                noise = rng.normal(0, 0.1, 4000)
                soundfile.write(own, noise, 8000, subtype="PCM_16")
            else:
                os.link(source, own)
            rows.writerow([own.name, f"sound number {number} is heard"])


def ingest(clips: int) -> None:
    from workflow_src.audio.settings import ClipForm
    from workflow_src.corpus import steps
    from workflow_src.corpus.settings import DownloadOptions, IngestSettings

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make_folder(folder, clips)
        begun = time.monotonic()
        steps.ingest(
            IngestSettings(ClipForm(**FORM)),
            split="train",
            captions_folder=folder,
            audio=folder / "audio",
            shard=0,
            shards=1,
            output=folder / "shard",
            options=DownloadOptions(),
            max_missing=0.0,
        )
        decoded = time.monotonic()
        steps.join(
            split="train",
            captions_folder=folder,
            shards=[folder / "shard"],
            waveforms=folder / "waveforms",
            manifest=folder / "manifest.csv",
            captions=folder / "captions.csv",
            tags=None,
            max_missing=0.0,
        )
        report(
            f"ingest {clips}",
            f"decoding {decoded - begun:.1f} s, joining "
            f"{time.monotonic() - decoded:.1f} s",
        )


def retrieval(clips: int) -> None:
    from workflow_src.metrics.retrieval import evaluate

    rng = np.random.default_rng(1)
    audio = rng.standard_normal((clips, WIDTH), np.float32)
    captions = rng.standard_normal((5 * clips, WIDTH), np.float32)
    begun = time.monotonic()
    evaluate(audio, captions)
    report(f"retrieval {clips}", f"{time.monotonic() - begun:.1f} s")


def report(what: str, took: str) -> None:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {took}, at most {most:,.0f} MiB", flush=True)


def main() -> None:
    measured = {"ingest": ingest, "retrieval": retrieval}[sys.argv[1]]
    for clips in map(int, sys.argv[2:]):
        process = get_context("spawn").Process(target=measured, args=(clips,))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
