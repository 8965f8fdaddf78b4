"""What yt-dlp says -> what it means for a clip, for this machine, for the user."""

import re

from workflow_src.corpus.download import BlockedError
from workflow_src.corpus.source import LostClip
from workflow_src.transfer import RetryableError

LONGEST_REASON = 500  # characters, in the manifest

# In lower case and with straight apostrophes. The first group that has a match
# decides: YouTube words a block of this client almost like a video that is gone.
BLOCKED = re.compile(
    "not a bot|try again later|captcha|http error 429|too many requests|rate-limited"
)
# Of one video or of the whole client: it is asked again, as any failure.
UNCLEAR = re.compile("this content isn't available")
PRIVATE = re.compile(
    "private video|video is private|confirm your age|age-restricted|members-only"
    "|join this channel|channel's members|login required|requires payment"
    "|requires purchase|granted access"
)
UNAVAILABLE = re.compile(
    "video unavailable|video is unavailable|video is not available"
    "|video isn't available|no longer available|has been removed|been terminated"
    "|in your country|copyright|violat|does not exist|incomplete youtube id"
    "|will begin in|premieres in|recording is not available|drm protect"
)
# An invitation to its developers, at the end of what it did not expect.
INVITATION = re.compile(r"; please report this issue on .*")
NO_RUNTIME = re.compile("no supported javascript runtime could be found")


def messages(errors: str) -> tuple[list[str], list[str]]:
    """Split what yt-dlp and ffmpeg wrote to standard error.

    A message of yt-dlp may have several lines: an error's all that follow it, a
    warning's those that are indented. What is left is ffmpeg's.

    Args:
        errors: the text.

    Returns:
        The errors and the warnings, each in one line, without mark and colour.
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", errors)
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        mark, colon, rest = line.partition(":")
        if colon and mark in ("ERROR", "WARNING"):
            found.append((mark, rest))
        elif found and (found[-1][0] == "ERROR" or line.startswith(" ")):
            found[-1] = found[-1][0], f"{found[-1][1]} {line}"
        elif line.strip():
            found.append(("FFMPEG", line))
    lines = [(mark, INVITATION.sub("", " ".join(said.split()))) for mark, said in found]
    warnings = [said for mark, said in lines if mark == "WARNING"]
    return [said for mark, said in lines if mark != "WARNING"], warnings


def lacks_runtime(said: str) -> bool:
    """Whether yt-dlp says that it found no JavaScript runtime."""
    return NO_RUNTIME.search(said.lower()) is not None


def classify(
    errors: list[str], warnings: list[str]
) -> LostClip | RetryableError | BlockedError:
    """The exception for what was said; its text keeps the warnings, shortened."""
    reason = "; ".join(errors) or "yt-dlp gave no reason"
    said = reason.lower().replace("\u2019", "'")
    if BLOCKED.search(said):
        # How to give it cookies: not with the options of its own command line.
        return BlockedError(_shortened(reason.split(" Use --cookies")[0]))
    if warnings:
        reason += "; yt-dlp warned: " + "; ".join(dict.fromkeys(warnings))
    reason = _shortened(reason)
    if UNCLEAR.search(said):
        return RetryableError(reason)
    if PRIVATE.search(said):
        return LostClip("private", reason)
    if UNAVAILABLE.search(said):
        return LostClip("unavailable", reason)
    return RetryableError(reason)


def _shortened(reason: str) -> str:
    if len(reason) <= LONGEST_REASON:
        return reason
    return reason[: LONGEST_REASON - 1] + "…"
