"""Faults in the middle of a write: a call fails, or the process ends there.

Each action runs in a child process. Either one of its calls that change names on the
disk, or flush to it, fails or is its last; or the system lets no file grow beyond so
many bytes, so that a write is torn: then the writer gets an error or is killed.
"""

import errno
import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress

CALLS = ("fsync", "replace", "rename", "unlink", "rmdir", "mkdir")
# How an action ended; MISSED: it did, with fewer calls than the fault waited for.
DONE, MISSED, FAILED, DIED = "done", "missed", "failed", "died"
STATUSES = {0: DONE, 1: FAILED, 3: MISSED, 77: DIED}


class AtCall:
    """The call of this number fails, or the child ends before or after it.

    Args:
        number: of the call, from 0 on, among all of CALLS.
        how: `fails`, `dies before` or `dies after`.
    """

    def __init__(self, number: int, how: str):
        self.left, self.how = number, how

    def arm(self) -> None:
        for name in CALLS:
            setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, call: Callable) -> Callable:
        def wrapped(*arguments, **options):
            self.left -= 1
            if self.left != -1:
                return call(*arguments, **options)
            if self.how == "fails":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            if self.how == "dies after":
                with suppress(OSError):
                    call(*arguments, **options)
            os._exit(77)

        return wrapped


class AtByte:
    """No file grows beyond so many bytes: the write gets an error, or a signal."""

    def __init__(self, size: int, how: str):
        self.size, self.how = size, how

    def arm(self) -> None:
        # Python ignores the signal, so that a write that goes too far is an error.
        if self.how != "fails":
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, most))


def suffer(action: Callable[[], object], fault: AtCall | AtByte) -> str:
    """Run an action in a child with a fault; say how it ended."""
    child = os.fork()
    if not child:
        try:
            fault.arm()
            action()
        except BaseException:
            os._exit(1)
        os._exit(3 if getattr(fault, "left", -1) >= 0 else 0)
    _, status = os.waitpid(child, 0)
    return DIED if os.WIFSIGNALED(status) else STATUSES[os.WEXITSTATUS(status)]


def faults(how: str, sizes: range, calls: int = 1000):
    """All faults to try: torn writes, then call after call."""
    torn = "fails" if how == "fails" else "dies"
    yield from (AtByte(size, torn) for size in sizes)
    yield from (AtCall(number, how) for number in range(calls))
