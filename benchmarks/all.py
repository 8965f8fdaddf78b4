"""The whole bench: one table, and benchmarks/results/<hardware>.json.

    python -m benchmarks.all [--device NAME] [--threads N] [--only PART ...]

`make bench` runs it on one CPU thread. On a CPU times are those of the processor, so
that other programs on the machine count little. The file is written anew after each
part: a bench that is stopped leaves what it has measured. Under `predictions` it says
of some rows what the model of the cost (benchmarks/cost.py) expects, from the FLOP,
bytes and launches counted and the speeds of this hardware measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks import decoding, encoding, masking, startup, store, training, tta
from benchmarks.command import Bench, Part, add_arguments, opened
from benchmarks.rows import Row, in_columns, table
from workflow_src.device import in_words
from workflow_src.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PARTS: dict[str, Part] = {
    "masking": masking.rows,
    "store": store.rows,
    "encoding": encoding.rows,
    "decoding": decoding.rows,
    "tta": tta.rows,
    "captioning": training.captioning_rows,
    "retrieval": training.retrieval_rows,
    "startup": startup.rows,
}


def hardware(bench: Bench) -> str:
    """What the bench ran on, in words."""
    if bench.device.type == "cuda":
        return in_words(bench.device)
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        (name, *_) = re.findall(r"model name\s*: (.*)", text)
    except (OSError, ValueError):
        name = platform.processor() or platform.machine()
    return f"{name}, {bench.threads} thread" + "s" * (bench.threads > 1)


def commit() -> str:
    """The commit that was measured, and whether files were changed since."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def result(bench: Bench, rows: list[Row], seconds: float) -> dict[str, Any]:
    """What is written: the hardware, the versions, the rows."""
    speeds = bench.speeds
    return {
        "hardware": hardware(bench),
        "threads": bench.threads,
        "scale": bench.config.scale,
        "commit": commit(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": time.strftime("%Y-%m-%d"),
        "seconds": round(seconds),
        "speeds": asdict(speeds),
        "rows": [
            asdict(row) | {"ratio": row.ratio, "utilisation": row.utilisation}
            for row in rows
        ],
        "predictions": {
            name: asdict(own) | {"seconds": speeds.predict(own)}
            for name, own in bench.predictions.items()
        },
    }


def predicted(bench: Bench, rows: list[Row]) -> str:
    """Predicted beside measured, as a table."""
    measured = {row.what: row.ours for row in rows}
    cells = [["what", "GFLOP", "GB", "launches", "predicted", "measured", "ratio"]]
    for name, own in bench.predictions.items():
        seconds = bench.speeds.predict(own)
        cells.append(
            [
                name,
                f"{own.flop / 1e9:.0f}",
                f"{own.bytes / 1e9:.1f}",
                str(own.launches),
                f"{seconds:.2f} s",
                f"{measured[name]:.2f} s",
                f"{measured[name] / seconds:.2f}",
            ]
        )
    return in_columns(cells)


def main() -> None:
    """Run the parts, print the tables, write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    options = parser.parse_args()
    start = time.monotonic()
    with opened(options) as bench:
        name = re.sub(r"[^\w.-]+", "-", hardware(bench)).strip("-")
        if options.scale != "paper":
            name += f"-{options.scale}"
        path, rows = RESULTS / f"{name}.json", []
        for part in options.only:
            for row in PARTS[part](bench):
                print(f"{row.what}: {row.ours:.3g} {row.unit}", file=sys.stderr)
                rows.append(row)
            text = json.dumps(result(bench, rows, time.monotonic() - start), indent=1)
            write_atomically(path, text + "\n")
        speeds = bench.speeds
        print(
            f"{hardware(bench)}; matrix product {speeds.flop / 1e9:.0f} GFLOP/s, copy "
            f"{speeds.bytes / 1e9:.1f} GB/s, launch {1e6 * speeds.launch:.1f} us\n"
        )
        print(table(rows))
        if bench.predictions:
            print(f"\n{predicted(bench, rows)}")
        print(f"\n{path.relative_to(ROOT)}, {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
