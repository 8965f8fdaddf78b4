"""Fetches the audio of clips one by one: with patience, and never the same twice.

A `Transport` makes one attempt at one clip. `Downloader` repeats it with growing
pauses, keeps what it got under its final name only once it is whole and decodes,
and writes a journal, so that a killed job goes on where it was.
"""

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from workflow_src.audio.loading import BadAudio, load_clip
from workflow_src.corpus.captions import Clip
from workflow_src.corpus.folder import AUDIO_SUFFIXES
from workflow_src.corpus.pace import SharedPace
from workflow_src.corpus.source import FetchedAudio, LostClip
from workflow_src.files import (
    append_json_line,
    flush_folder,
    flush_to_disk,
    open_json_lines,
    read_json_lines,
)
from workflow_src.transfer import (
    DEFAULT_RETRY,
    RetryableError,
    RetryPolicy,
)

logger = logging.getLogger(__name__)

# States that a later run does not ask about again. `failed` is not one: the
# network, or the cookies, may be better by then.
FINAL = ("unavailable", "private", "corrupt")
JOURNAL_KEYS = ("file_name", "state", "reason", "attempts")


class BlockedError(Exception):
    """The server refuses this machine for a while, whatever clip it asks for."""


# Fetches a clip into an empty folder and returns the file. Raises RetryableError,
# BlockedError, or LostClip where another attempt would end the same way.
Transport = Callable[[Clip, Path], Path]


class Downloader:
    """An audio source that keeps what it fetches in a folder.

    Clips that any journal in the folder calls lost for good are not asked for again,
    nor are clips whose file is there.

    Args:
        transport: makes one attempt at one clip.
        cache: the folder; made if it is not there.
        job: names the journal `<cache>/<job>.jsonl`: two processes must not have the
            same.
        retry: how often to ask.
        pace: shared by all jobs that ask the same server; None: that of this folder.

    Raises:
        InputError: a journal is damaged.
    """

    def __init__(
        self,
        transport: Transport,
        cache: str | Path,
        job: str,
        retry: RetryPolicy = DEFAULT_RETRY,
        pace: SharedPace | None = None,
    ):
        self.transport = transport
        self.cache = Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)
        self.retry = retry
        self.pace = SharedPace(self.cache) if pace is None else pace
        self._journal = open_json_lines(self.cache / f"{job}.jsonl")
        self._known = {
            line["file_name"]: line
            for path in sorted(self.cache.glob("*.jsonl"))
            for line in read_json_lines(path, JOURNAL_KEYS)
        }
        self._cached = {
            path.stem: path
            for path in self.cache.iterdir()
            if path.suffix.lower() in AUDIO_SUFFIXES
        }
        # What a killed job was writing.
        self._partial = self.cache / f"{job}.partial"

    def fetch(self, clip: Clip) -> FetchedAudio:
        """The clip's file, from the cache or the network.

        Raises:
            LostClip: if it cannot be had, now or ever.
        """
        known = self._known.get(clip.file_name, {"state": "", "attempts": 0})
        if path := self._cached.get(Path(clip.file_name).stem):
            return FetchedAudio(path, max(known["attempts"], 1))
        if known["state"] in FINAL:
            raise LostClip(known["state"], known["reason"], known["attempts"])
        attempt, before = 1, known["attempts"]
        while True:
            self.pace.wait_for_turn()
            try:
                path = self._attempt(clip)
            except BlockedError as blocked:
                # Says nothing about the clip: not an attempt at it.
                self.pace.report_block(str(blocked))
            except LostClip as lost:
                raise self._lose(
                    clip, lost.state, str(lost), before + attempt
                ) from None
            except RetryableError as failure:
                logger.info("%s, attempt %d: %s", clip.file_name, attempt, failure)
                if attempt == self.retry.attempts:
                    state = "corrupt" if failure.damaged else "failed"
                    tried = before + attempt
                    raise self._lose(clip, state, str(failure), tried) from None
                time.sleep(self.retry.pause(attempt, failure.wait))
                attempt += 1
            else:
                self.pace.report_success()
                self._cached[path.stem] = path
                self._record(clip, "ok", "", before + attempt)
                return FetchedAudio(path, before + attempt)

    def _attempt(self, clip: Clip) -> Path:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir()
        try:
            got = self.transport(clip, self._partial)
            _check(got)
            final = self.cache / f"{Path(clip.file_name).stem}{got.suffix}"
            flush_to_disk(got)
            got.replace(final)
            flush_folder(final.parent)
            return final
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _lose(self, clip: Clip, state: str, reason: str, attempts: int) -> LostClip:
        reason = " ".join(reason.split())
        self._record(clip, state, reason, attempts)
        return LostClip(state, reason, attempts)

    def _record(self, clip: Clip, state: str, reason: str, attempts: int) -> None:
        line = {"state": state, "reason": reason, "attempts": attempts}
        append_json_line(self._journal, {"file_name": clip.file_name} | line)


def _check(path: Path) -> None:
    """RetryableError where a file is not whole audio; silent and short clips are."""
    try:
        load_clip(path)
    except BadAudio as bad:
        if bad.state in ("corrupt", "failed"):
            raise RetryableError(str(bad), damaged=bad.state == "corrupt") from None
