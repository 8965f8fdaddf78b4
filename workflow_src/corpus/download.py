"""Fetches the audio of clips one by one: with patience, and never the same twice.

A `Transport` makes one attempt at one clip. `Downloader` repeats it with growing
pauses, keeps what it got under its final name only once it is whole and decodes,
and writes a journal, so that a killed job goes on where it was.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workflow_src.audio.decoding import BadAudio, decode
from workflow_src.corpus.captions import Clip
from workflow_src.corpus.folder import AUDIO_SUFFIXES
from workflow_src.corpus.source import Fetched, LostClip
from workflow_src.files import append_json_line, open_json_lines, read_json_lines

logger = logging.getLogger(__name__)

# States that a later run does not ask about again. `failed` is not one: the
# network, or the cookies, may be better by then.
FINAL = ("unavailable", "private", "corrupt")


class TryAgain(Exception):
    """An attempt that failed in a way that may pass.

    `wait`: seconds that the server asked for. `state`: the clip's, if no other
    attempt is left.
    """

    def __init__(self, reason: str, wait: float | None = None, state: str = "failed"):
        super().__init__(reason)
        self.wait = wait
        self.state = state


# Fetches a clip into an empty folder and returns the file; raises TryAgain, or
# LostClip where another attempt would end the same way.
Transport = Callable[[Clip, Path], Path]


@dataclass(frozen=True)
class Patience:
    """How often and how fast to ask.

    `attempts` per clip and run; before attempt n + 1 a pause of
    `backoff` * 2^(n - 1) seconds, or what the server asks for, `longest_wait` at
    most; no more than `clips_per_second` requests a second from this process
    (None: no limit).
    """

    attempts: int = 4
    backoff: float = 2.0
    longest_wait: float = 600.0
    clips_per_second: float | None = None


class Downloader:
    """An audio source that keeps what it fetches in the folder `cache`.

    `job` names the journal `<cache>/<job>.jsonl`: two processes must not have
    the same. Clips that any journal in the folder calls lost for good are not
    asked for again, nor are clips whose file is there.
    """

    def __init__(
        self,
        transport: Transport,
        cache: str | Path,
        job: str,
        patience: Patience = Patience(),
    ):
        self.transport = transport
        self.cache = Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.patience = patience
        self._journal = open_json_lines(self.cache / f"{job}.jsonl")
        self._known = {
            line["file_name"]: line
            for path in sorted(self.cache.glob("*.jsonl"))
            for line in read_json_lines(path)
        }
        self._cached = {
            path.stem: path
            for path in self.cache.iterdir()
            if path.suffix.lower() in AUDIO_SUFFIXES
        }
        # What a killed job was writing.
        self._partial = self.cache / f"{job}.partial"
        self._next_request = 0.0

    def fetch(self, clip: Clip) -> Fetched:
        """The clip's file, from the cache or the network; LostClip otherwise."""
        known = self._known.get(clip.file_name, {"state": "", "attempts": 0})
        if path := self._cached.get(Path(clip.file_name).stem):
            return Fetched(path, max(known["attempts"], 1))
        if known["state"] in FINAL:
            raise LostClip(known["state"], known["reason"], known["attempts"])
        before = known["attempts"]
        for attempt in range(1, self.patience.attempts + 1):
            self._wait_for_turn()
            try:
                path = self._attempt(clip)
            except LostClip as lost:
                raise self._lose(
                    clip, lost.state, str(lost), before + attempt
                ) from None
            except TryAgain as failure:
                state, reason, wait = failure.state, str(failure), failure.wait
                logger.info("%s, attempt %d: %s", clip.file_name, attempt, reason)
                if attempt < self.patience.attempts:
                    time.sleep(self._pause(attempt, wait))
            else:
                self._cached[path.stem] = path
                self._record(clip, "ok", "", before + attempt)
                return Fetched(path, before + attempt)
        raise self._lose(clip, state, reason, before + self.patience.attempts)

    def _attempt(self, clip: Clip) -> Path:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir()
        try:
            got = self.transport(clip, self._partial)
            _check(got)
            final = self.cache / f"{Path(clip.file_name).stem}{got.suffix}"
            with got.open("rb") as file:
                os.fsync(file.fileno())
            return got.replace(final)
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _lose(self, clip: Clip, state: str, reason: str, attempts: int) -> LostClip:
        reason = " ".join(reason.split())
        self._record(clip, state, reason, attempts)
        return LostClip(state, reason, attempts)

    def _record(self, clip: Clip, state: str, reason: str, attempts: int) -> None:
        line = {"state": state, "reason": reason, "attempts": attempts}
        append_json_line(self._journal, {"file_name": clip.file_name} | line)

    def _pause(self, attempt: int, asked: float | None) -> float:
        pause = self.patience.backoff * 2 ** (attempt - 1) if asked is None else asked
        return min(pause, self.patience.longest_wait)

    def _wait_for_turn(self) -> None:
        if self.patience.clips_per_second is None:
            return
        time.sleep(max(0.0, self._next_request - time.monotonic()))
        self._next_request = time.monotonic() + 1 / self.patience.clips_per_second


def _check(path: Path) -> None:
    """TryAgain where a file is not whole audio; silent and short clips are."""
    try:
        decode(path)
    except BadAudio as bad:
        if bad.state in ("corrupt", "failed"):
            raise TryAgain(str(bad), state=bad.state) from None
