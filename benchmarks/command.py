"""What every part of the bench is given, and how one part runs alone."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from benchmarks import cost, sizes
from benchmarks.cost import Cost, Speeds
from benchmarks.files import Files
from benchmarks.rows import Clock, Row, table
from workflow_src.audio.frontend import LogMel, front_end
from workflow_src.config import load, steps
from workflow_src.config.schema import Config
from workflow_src.device import prepare
from workflow_src.layout import FRONT_ENDS

CONFIG = Path(__file__).parents[1] / "config.yaml"


@dataclass
class Bench:
    """The device that is measured, and what with.

    Attributes:
        device: where models are.
        threads: of the CPU.
        folder: for files, empty at first.
        config: of the models' sizes.
        sizes: how much of each thing is measured.
        predictions: name of a row -> what its work costs; rows add to it.
    """

    device: torch.device
    threads: int
    folder: Path
    config: Config
    sizes: sizes.Sizes
    predictions: dict[str, Cost] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        """Times work on the device."""
        return Clock(self.device, self.sizes.repeats)

    @cached_property
    def files(self) -> Files:
        """A corpus of noise."""
        folder = self.folder / "corpus"
        folder.mkdir()
        return Files.write(folder, self.sizes.clips, self.front_ends)

    @cached_property
    def front_ends(self) -> dict[str, LogMel]:
        """Both front ends, on the CPU."""
        made = {
            name: steps.front_end(self.config, name) for name in FRONT_ENDS.values()
        }
        return {name: front_end(own) for name, own in made.items()}

    @cached_property
    def speeds(self) -> Speeds:
        """What the device does in a second, in the precision of a training on it."""
        gpu = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        dtype = torch.bfloat16 if gpu else torch.float32
        return cost.speeds(Clock(self.device, 5), self.device, dtype)


Part = Callable[[Bench], Iterator[Row]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the bench and of each part."""
    parser.add_argument("--device", default="cpu", help="cpu, auto, cuda or cuda:N")
    parser.add_argument(
        "--scale",
        default="paper",
        help="paper; smoke tries the bench itself, and its numbers mean nothing",
    )
    parser.add_argument("--threads", type=int, default=1, help="of the CPU")


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Bench]:
    """A bench with an empty folder, which goes afterwards."""
    device = prepare(options.device, options.threads)
    with tempfile.TemporaryDirectory() as folder:
        config = load(CONFIG, {"scale": options.scale})
        yield Bench(device, options.threads, Path(folder), config, sizes.of(device))


def run_alone(
    about: str | None, *parts: Part, words: Sequence[str] | None = None
) -> None:
    """Run parts as a command and print their table.

    Args:
        about: help of the command.
        parts: of the bench.
        words: of the command line; None: those typed.
    """
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    with opened(parser.parse_args(words)) as bench:
        print(table(row for part in parts for row in part(bench)))
