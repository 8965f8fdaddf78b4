"""yt-dlp without YouTube: its options, its messages, and its machinery on loopback.

What it says in YouTube's name is tested in test_loopback_youtube.py.
"""

import sys

import numpy as np
import pytest
import soundfile
import yt_dlp

from workflow_src.corpus.captions import Clip
from workflow_src.corpus.download import BlockedError, Downloader
from workflow_src.corpus.javascript import Runtime
from workflow_src.corpus.source import LostClip
from workflow_src.corpus.youtube import WATCH_PAGE, YT_DLP, YoutubeTransport, _proxy
from workflow_src.corpus.youtube_messages import classify, messages
from workflow_src.errors import InputError
from workflow_src.transfer import RetryableError, RetryPolicy

ONCE = RetryPolicy(attempts=1)
CLIP = Clip("good-123456_2.flac", "good-123456", "2")
BLOCKED = "blocked"
HINT = (
    "Use --cookies-from-browser or --cookies for the authentication. See  "
    "https://github.com/yt-dlp/yt-dlp/wiki/FAQ#how-do-i-pass-cookies-to-yt-dlp  for "
    "how to manually pass cookies"
)

# What yt-dlp says, as users report it -> the state, None where it may pass, or that
# this machine is blocked.
MESSAGES = [
    (
        "Private video. Sign in if you've been granted access to this video. " + HINT,
        "private",
    ),
    ("Private video\nSign in if you've been granted access to this video", "private"),
    (
        "Sign in to confirm your age. This video may be inappropriate for some users. "
        + HINT,
        "private",
    ),
    (
        "Join this channel to get access to members-only content like this video, and "
        "other exclusive perks.",
        "private",
    ),
    ("Video unavailable", "unavailable"),
    ("Video unavailable. This video is private", "private"),
    ("Video unavailable. This video has been removed by the uploader", "unavailable"),
    (
        "Video unavailable. This video is no longer available because the YouTube "
        "account associated with this video has been terminated.",
        "unavailable",
    ),
    (
        "Video unavailable. This video contains content from ZDF, who has blocked it "
        "in your country on copyright grounds",
        "unavailable",
    ),
    (
        "The uploader has not made this video available in your country\n"
        "This video is available in Germany.",
        "unavailable",
    ),
    (
        "This video has been removed for violating YouTube's Community Guidelines",
        "unavailable",
    ),
    ("This live stream recording is not available.", "unavailable"),
    ("Premieres in 3 days", "unavailable"),
    (
        "Sign in to confirm you’re not a bot. This helps protect our community. "
        + HINT,
        BLOCKED,
    ),
    ("Sign in to confirm you're not a bot. " + HINT, BLOCKED),
    ("Video unavailable. This content isn’t available.", None),
    (
        "Video unavailable. This content isn't available, try again later. The current "
        "session has been rate-limited by YouTube for up to an hour.",
        BLOCKED,
    ),
    ("Unable to download API page: HTTP Error 429: Too Many Requests", BLOCKED),
    ("unable to download video data: HTTP Error 403: Forbidden", None),
    ("Unable to download webpage: The read operation timed out", None),
    ("Requested format is not available. Use --list-formats", None),
    ("ffmpeg exited with code 1", None),
]


def heard(text):
    return classify(*messages(text))


@pytest.mark.parametrize(("message", "state"), MESSAGES)
def test_messages(message, state):
    error = heard(f"\x1b[0;31mERROR:\x1b[0m [youtube] vfY_TJq7n_U: {message}\n")
    if state is None:
        assert isinstance(error, RetryableError)
        assert not error.damaged
    elif state is BLOCKED:
        assert isinstance(error, BlockedError)
    else:
        assert isinstance(error, LostClip)
        assert error.state == state
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert str(error).startswith("[youtube] vfY_TJq7n_U")


def test_geographic_restriction_as_yt_dlp_raises_it():
    error = yt_dlp.utils.GeoRestrictedError(
        "The uploader has not made this video available in your country", ["DE"]
    )
    assert heard(f"ERROR: {error}").state == "unavailable"


def test_warnings_and_what_ffmpeg_says_are_kept_in_the_reason():
    said = (
        "WARNING: [youtube] a challenge was not solved\n"
        "         see the wiki; please report this issue on  https://example.org/\n"
        "WARNING: [youtube] a challenge was not solved see the wiki\n"
        "[https @ 0x55] HTTP error 403 Forbidden\n"
        "ERROR: ffmpeg exited with code 8\n"
    )
    assert str(heard(said)) == (
        "[https @ 0x55] HTTP error 403 Forbidden; ffmpeg exited with code 8; "
        "yt-dlp warned: [youtube] a challenge was not solved see the wiki"
    )
    assert len(str(heard("ERROR: " + "very " * 1000 + "long"))) == 500


def test_a_warning_does_not_decide():
    """yt-dlp goes on after a page that it did not get."""
    said = "WARNING: HTTP Error 429: Too Many Requests\nERROR: Private video\n"
    assert heard(said).state == "private"


def test_the_command_is_one_that_yt_dlp_accepts(tmp_path):
    transport = YoutubeTransport(
        10.0, 7.5, sleep_requests=0.75, runtimes=[Runtime("deno", "/a/deno")]
    )
    folder = tmp_path / "100%"
    command = transport.command(Clip("x_130.flac", "-x", "130"), folder, "c.txt")
    assert command[: len(YT_DLP)] == list(YT_DLP)
    parsed = yt_dlp.parse_options(command[len(YT_DLP) :])
    options = parsed.ydl_opts
    (section,) = options["download_ranges"]({}, None)
    assert (section["start_time"], section["end_time"]) == (130.0, 140.0)
    assert options["force_keyframes_at_cuts"]
    assert options["socket_timeout"] == 7.5
    assert options["sleep_interval_requests"] == 0.75
    assert options["js_runtimes"]["deno"] == {"path": "/a/deno"}
    assert options["cookiefile"] == "c.txt"
    assert options["retries"] == options["fragment_retries"] == 0
    assert parsed.urls == [WATCH_PAGE.format(youtube_id="-x")]
    with yt_dlp.YoutubeDL(options | {"cookiefile": None}) as youtube:
        assert youtube.prepare_filename({"id": "x", "ext": "m4a"}).startswith(
            str(folder)
        )


@pytest.mark.parametrize("name", ["short", "x" * 12, "../../../ab", "ab\ncdefghij", ""])
def test_an_id_that_youtube_cannot_have_is_not_asked_for(tmp_path, name):
    transport = YoutubeTransport(program=["/there/is/no/program"])
    with pytest.raises(LostClip, match="no YouTube id") as caught:
        transport(Clip(f"{name}_2.flac", name, "2"), tmp_path)
    assert caught.value.state == "unavailable"


def test_a_program_that_says_nothing(tmp_path):
    """A stand-in for yt-dlp that ends well and writes no file."""
    transport = YoutubeTransport(program=[sys.executable, "-c", "pass"])
    with pytest.raises(RetryableError, match="yt-dlp wrote no audio"):
        transport(CLIP, tmp_path)


def test_cookies_are_sent_and_their_file_is_not_touched(server, tmp_path):
    cookies = tmp_path / "cookies.txt"
    line = "127.0.0.1\tFALSE\t/\tFALSE\t2147483647\tsession\topen-sesame\n"
    cookies.write_text("# Netscape HTTP Cookie File\n" + line)
    before = cookies.read_bytes()
    cookies.chmod(0o400)
    page = server.address + "/gone-{youtube_id}.ogg"
    transport = YoutubeTransport(timeout=5.0, cookies=cookies, page=page)
    with pytest.raises(RetryableError, match="404"):
        transport(CLIP, tmp_path)
    assert server.cookies == {"session=open-sesame"}
    assert cookies.read_bytes() == before


def test_a_missing_cookie_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"audiocaps\.cookies.*none\.txt"):
        YoutubeTransport(cookies=tmp_path / "none.txt")


@pytest.mark.parametrize("suffix", ["ogg", "flac"])
def test_a_section_as_mono_flac(server, tmp_path, suffix):
    """yt-dlp and the carried ffmpeg, on a media file of the loopback server."""
    rate = 44100
    time = np.arange(6 * rate) / rate
    tone = np.sin(2 * np.pi * 440 * time) * ((time >= 2) & (time < 5)) / 2
    path = server.folder / f"good-123456_2.{suffix}"
    soundfile.write(path, np.stack([tone, tone], axis=1), rate)
    page = server.address + "/{youtube_id}_2." + suffix
    transport = YoutubeTransport(seconds=3.0, timeout=5.0, page=page)
    fetched = Downloader(transport, tmp_path / "cache", "job", ONCE).fetch(CLIP)
    assert fetched.path == tmp_path / "cache" / "good-123456_2.flac"
    samples, fetched_rate = soundfile.read(fetched.path)
    assert fetched_rate == rate
    assert samples.shape == (3 * rate,)
    # The tone from the first to the last of its samples.
    loudness = np.abs(samples).reshape(-1, rate // 20).mean(axis=1)
    np.testing.assert_allclose(loudness, 0.5 * 2 / np.pi, rtol=0.15)


def test_a_proxy_from_the_environment(server, tmp_path, monkeypatch):
    """The address does not resolve: only the proxy can have answered."""
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", server.address)
    tone = 0.1 * np.sin(np.arange(4 * 44100))
    soundfile.write(server.folder / "good-123456_2.ogg", tone, 44100)
    page = "http://clips.invalid/{youtube_id}_2.ogg"
    transport = YoutubeTransport(seconds=1.0, timeout=5.0, page=page)
    fetched = Downloader(transport, tmp_path / "cache", "job", ONCE).fetch(CLIP)
    assert soundfile.info(fetched.path).duration == 1


def test_the_proxy_is_the_one_of_the_scheme(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "")
    assert _proxy(WATCH_PAGE) == "http://proxy:3128"
    assert _proxy("http://127.0.0.1:80/x") is None
    monkeypatch.setenv("no_proxy", "youtube.com")
    assert _proxy(WATCH_PAGE) is None


def test_errors_of_yt_dlp_are_counted_attempts(server, tmp_path):
    page = server.address + "/{youtube_id}_2.flac"
    transport = YoutubeTransport(timeout=1.0, page=page)
    retry = RetryPolicy(attempts=2, backoff=0.01)
    source = Downloader(transport, tmp_path / "cache", "job", retry)
    with pytest.raises(LostClip, match="HTTP Error 503") as caught:
        source.fetch(Clip("broken-1234_2.flac", "broken-1234", "2"))
    assert (caught.value.state, caught.value.attempts) == ("failed", 2)
    assert server.requests["broken-1234_2"] == 2
