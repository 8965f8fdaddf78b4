"""Whose lock Snakemake finds: a living run's, or one that a killed run left.

Snakemake notes in `.snakemake/locks` which files a run makes, and not whose note it
is: after a kill it asks for `--unlock`. So each run by our `snakemake` also holds a
file of its own in `.snakemake/owners` locked, which the system lets go of when the
process ends, however it ends. Where every run that is known here is dead, and was on
this machine, what it left in `.snakemake/locks` is removed.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from workflow_src.locks import owner, owner_in_words, try_lock, write_owner
from workflow_src.progress import say

STATE = Path(".snakemake")
# These run nothing and lock nothing.
LOOKING = {"-n", "--dry-run", "--dryrun", "--lint", "-h", "--help", "-v", "--version"}


def runs_jobs(arguments: Sequence[str]) -> bool:
    """Whether a call of Snakemake may run jobs, and so locks its folder."""
    short = [word for word in arguments if word[:1] == "-" and word[:2] != "--"]
    return not LOOKING & set(arguments) and not any(
        word[1:].isalpha() and "n" in word for word in short
    )


def directory(arguments: Sequence[str]) -> Path:
    """The working directory of a call of Snakemake."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in ("-d", "--directory"):
            return Path(value if equals else following)
    return Path()


@contextmanager
def owned(folder: Path, unlock: bool = False) -> Iterator[None]:
    """Remove what killed runs left, and note that this process runs Snakemake here.

    Args:
        folder: the working directory. Where nothing can be written to it, this does
            nothing: Snakemake says so itself.
        unlock: whether the user says that no other machine runs Snakemake here.

    Yields:
        While the note stands. If a SystemExit of another status than 0 ends the block
        and another's lock is there, a sentence says whose it is.
    """
    owners, locks = folder / STATE / "owners", folder / STATE / "locks"
    own = owners / f"{socket.gethostname()}.{os.getpid()}"
    try:
        owners.mkdir(parents=True, exist_ok=True)
        # Two runs that begin at once clean up one after the other.
        guard = os.open(owners / "guard", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            living = _remove_dead(owners, locks, unlock)
            descriptor = try_lock(own)
            if descriptor is not None:
                write_owner(descriptor)
        finally:
            os.close(guard)
    except OSError:
        yield
        return
    others = _names(locks)
    try:
        yield
    except SystemExit as ended:
        if ended.code and others & _names(locks):
            say(_whose(living, locks))
        raise
    finally:
        own.unlink(missing_ok=True)
        if descriptor is not None:
            os.close(descriptor)


def _names(locks: Path) -> set[str]:
    return {path.name for path in locks.glob("*.lock")}


def _remove_dead(owners: Path, locks: Path, unlock: bool) -> list[str]:
    """Remove the locks of dead runs; give the runs that may live, in words."""
    living: list[str] = []
    dead: list[Path] = []
    for path in sorted(owners.glob("*.*")):
        words = owner_in_words(path)
        descriptor = try_lock(path)
        # A file system need not pass locks on to other machines.
        here = owner(path).get("host") == socket.gethostname()
        if descriptor is None or not (here or unlock):
            living.append(words)
        else:
            dead.append(path)
        if descriptor is not None:
            os.close(descriptor)
    left = _names(locks)
    if living and left:
        return living  # whose of them is not known
    if dead and left:
        say(
            f"the Snakemake that was {owner_in_words(dead[-1])} was killed: its lock "
            "is removed, and what it had not finished goes on or is made anew"
        )
        for name in left:
            (locks / name).unlink(missing_ok=True)
    for path in dead:
        with suppress(FileNotFoundError):
            path.unlink()
    return living


def _whose(living: Sequence[str], locks: Path) -> str:
    if living:
        return (
            f"this folder is locked: another Snakemake, {living[-1]}, may be making "
            "the same files; wait for it or stop it (if its machine was switched off, "
            "type snakemake --unlock)"
        )
    return (
        f"this folder is locked ({locks}), and not by a Snakemake that was started "
        "here by this command: if none runs on it, type snakemake --unlock, and then "
        "the same command again; nothing that was finished is lost"
    )
