"""Start the processes of one training on several GPUs, by torchrun's own launcher.

A training that asks for `training.gpus: N` and was not started by torchrun starts N
processes of itself, a GPU each, and waits for them. If one of them ends, the others are
ended too, and what it said is raised here: a sentence, as from a training alone.
"""

from __future__ import annotations

import ctypes
import functools
import json
import logging
import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

from workflow_src.errors import InputError
from workflow_src.metrics.java import JavaError
from workflow_src.training.settings import DEFAULT_OPTIONS

P = ParamSpec("P")

PR_SET_PDEATHSIG = 1  # of Linux's prctl.h
HERE = "localhost"
START = "spawn"  # a forked process could not use CUDA if this one had
# What gloo says where the other end is gone, and seconds for that one to be noticed.
LOST, PATIENCE = "onnection closed", 10.0
# The launcher's loggers: they tell at length of a process that ended.
LOGGERS = ("torch.distributed.elastic", "torch.multiprocessing.spawn")


def on_its_gpus(function: Callable[P, None]) -> Callable[P, None]:
    """Let a step with `options` and `device` run in as many processes as it asks for.

    Args:
        function: a step, at the top level of its module.
    """

    @functools.wraps(function)
    def run(*arguments: P.args, **keywords: P.kwargs) -> None:
        options: Any = keywords.get("options", DEFAULT_OPTIONS)
        if options.gpus == 1 or is_rank():
            function(*arguments, **keywords)
            return
        from workflow_src.device import take_gpus

        take_gpus(str(keywords.get("device", "auto")), options.gpus)
        launch(options.gpus, run, *arguments, **keywords)

    return run


def is_rank() -> bool:
    """Whether torchrun, or `launch`, started this process."""
    return "LOCAL_RANK" in os.environ and "WORLD_SIZE" in os.environ


def launch(
    count: int, function: Callable[..., None], *arguments: Any, **keywords: Any
) -> None:
    """Run a function in `count` processes at once, each a rank of one group.

    Args:
        count: of the processes, all on this machine.
        function: at the top level of its module, as its name is what is passed on.
        arguments: of the function.
        keywords: of the function.

    Raises:
        InputError: one of them raised it, or was killed.
        JavaError: one of them raised it.
        OSError: one of them raised it.
        ChildFailedError: one of them failed otherwise; with its traceback.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",  # any free port
        local_addr=HERE,
        start_method=START,
        max_restarts=0,  # Snakemake, or a person, starts it again
    )
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder)
        try:
            elastic_launch(config, _rank)(function, arguments, keywords, said)
        except ChildFailedError as error:
            for path in sorted(said.iterdir()):
                raise _read(path) from None
            number, failure = error.get_first_failure()
            if failure.exitcode < 0:
                name = signal.Signals(-failure.exitcode).name
                raise InputError(
                    f"process {number} of the {count} of this training was ended by "
                    f"{name}; the same command goes on from its last checkpoint"
                ) from None
            raise


def _rank(
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    said: Path,
) -> None:
    """Run a function as one of the processes; write down what it raises."""
    import torch.distributed as dist

    _end_with_parent()
    try:
        function(*arguments, **keywords)
    except (InputError, JavaError, OSError) as error:
        if isinstance(error, OSError) and error.errno is None:
            raise  # torch's own, of a lost connection: another process's trouble
        _write(said / os.environ["RANK"], error)
        # At once: the others may wait for this one, and it for them.
        sys.stderr.flush()
        os._exit(1)
    except RuntimeError as error:
        if LOST in str(error):
            # Another process's trouble, too: it is to be seen first.
            time.sleep(PATIENCE)
        raise
    if dist.is_initialized():
        dist.destroy_process_group()


def _write(path: Path, error: Exception) -> None:
    if isinstance(error, OSError):
        content = ["OSError", error.errno, error.strerror, error.filename]
    else:
        kind = "JavaError" if isinstance(error, JavaError) else "InputError"
        content = [kind, str(error)]
    path.write_text(json.dumps(content, default=str), encoding="utf-8")


def _read(path: Path) -> Exception:
    kinds = {"InputError": InputError, "JavaError": JavaError, "OSError": OSError}
    kind, *arguments = json.loads(path.read_text(encoding="utf-8"))
    return kinds[kind](*arguments)


def _end_with_parent() -> None:
    """End when the process that started this one is killed, where Linux helps.

    Else it would hold its GPU, and write into a folder that the next start trains in.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
