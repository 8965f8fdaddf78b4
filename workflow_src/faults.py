"""Faults of the machine, each as one sentence: what failed, of what, and the mend."""

from __future__ import annotations

import errno

from workflow_src.errors import in_one_line

AGAIN = "then the same command goes on; what was finished is kept"
MENDS = {
    errno.ENOSPC: f"the disk is full: make room, {AGAIN}",
    errno.EDQUOT: f"your share of the disk is full: make room, {AGAIN}",
    errno.EROFS: f"its disk is read-only: write elsewhere or remount it, {AGAIN}",
    errno.EACCES: f"no permission: change its rights or its folder's, {AGAIN}",
    errno.EPERM: f"no permission: change its rights or its folder's, {AGAIN}",
    errno.EIO: f"the disk failed (see the system's log): {AGAIN}, once it works",
    errno.EMFILE: f"too many files are open: raise the limit (ulimit -n), {AGAIN}",
    errno.EFBIG: f"the file may not grow further: raise the limit (ulimit -f), {AGAIN}",
    errno.ENOENT: "it is not there: make it first, or name another",
}
# torch says so with a RuntimeError on a CPU, and with a class of its own on a GPU.
NO_MEMORY = ("can't allocate memory", "out of memory")


def sentence(error: BaseException) -> str | None:
    """The sentence about a fault of the machine; None of any other error.

    Args:
        error: that ended a command.
    """
    if isinstance(error, OSError):
        mend = MENDS.get(error.errno) if error.errno is not None else None
        if mend is None:
            return in_one_line(error)
        return f"{error.filename}: {mend}" if error.filename else mend
    said = str(error)
    if isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in NO_MEMORY)
    ):
        return (
            "the memory is full: run fewer jobs at once (--cores, --resources gpu=1), "
            "or let each need less (tta.views_per_batch, tta.encodings_per_search, "
            "training.micro_batch, training.resident none)"
        )
    return None
