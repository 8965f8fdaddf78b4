"""AudioCaps (Kim et al. 2019): its captions, and the sources of its audio."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflow_src.audio.decoding import ClipForm
from workflow_src.corpus.captions import Split, read_captions, read_split
from workflow_src.corpus.decoded import DecodedSource
from workflow_src.corpus.download import Downloader, Transport
from workflow_src.corpus.folder import FolderSource
from workflow_src.corpus.http import HttpTransport
from workflow_src.corpus.javascript import require_downloader
from workflow_src.corpus.pace import SharedPace
from workflow_src.corpus.settings import AudioCapsSource, DownloadOptions
from workflow_src.corpus.source import Source
from workflow_src.corpus.subset import restrict_test
from workflow_src.corpus.youtube import YoutubeTransport
from workflow_src.errors import InputError
from workflow_src.files import write_atomically
from workflow_src.layout import SPLITS
from workflow_src.transfer import DEFAULT_RETRY, RetryPolicy, fetch_file

logger = logging.getLogger(__name__)

# Clips that the ACT authors could still get (Mei et al. 2021).
ACT_AUTHORS_CLIPS = {"train": 49274, "val": 494, "test": 957}
ACT_LIST = "act_test_clips.txt"
REPOSITORY = "https://raw.githubusercontent.com/cdjkim/audiocaps"

BY_HAND = "or put the three caption files into a folder and set audiocaps.captions"


@dataclass(frozen=True)
class Release:
    """Caption files as they are at one commit; `sha256` by split, if known."""

    commit: str
    folder: str
    sha256: dict[str, str]

    def url(self, split: str) -> str:
        """Address of a split's file."""
        return f"{REPOSITORY}/{self.commit}/{self.folder}/{split}.csv"


RELEASES = {
    # 49,838 / 495 / 975 clips, the paper's.
    "v1": Release(
        "80fb3ade6d400d4311354a360db25da051a48cc1",
        "dataset",
        {
            "train": "c0c5223db682b3bf724ce7e7ce58d5b36929f74572e8526a7211f92d2eef7c8e",
            "val": "dab1c96641d5f3053ddb99dca3949450da9a75737bda53e11cc0aa8b102be0c3",
            "test": "b91c4b7ded2f4f6e7db5b9c4983dc1e1dca3d556f505b61e3fd65cac7e1c638a",
        },
    ),
    # 2025: 91,256 training captions. Its checksums are not known to us: the
    # commit in the address is what pins it.
    "v2": Release("6b9483e0df243e635bb87ef0b2ed8b351c4ac23c", "dataset2.0", {}),
}


def check_ready(source: AudioCapsSource, options: DownloadOptions) -> None:
    """Look, before anything is fetched, whether what the sources need is there.

    Raises:
        InputError: names what is missing, and the mend.
    """
    for name in _sources(source, SPLITS):
        if name == "youtube":
            require_downloader()
            YoutubeTransport(cookies=options.cookies)
        elif name == "folder":
            FolderSource(source.folder or "")
        elif name == "http":
            HttpTransport(source.url or "")


def fetch_captions(
    out: str | Path,
    version: str = "v1",
    place: str | None = None,
    retry: RetryPolicy = DEFAULT_RETRY,
) -> None:
    """Write `<split>.csv` of the three splits below `out`, as published.

    Args:
        out: the folder.
        version: which release; it is pinned, v1 with its sums.
        place: takes them from somewhere else, unchecked but for their form: a
            folder, or a URL with `{split}` in it.
        retry: how often to ask.

    Raises:
        InputError: if a file cannot be had, differs, or is not a caption file.
    """
    release = RELEASES[version]
    for split in SPLITS:
        path = Path(out) / f"{split}.csv"
        sums: dict[str, str] = {}
        if place is not None and "://" not in place:
            origin = str(Path(place) / f"{split}.csv")
            write_atomically(path, _read(origin))
        else:
            if place is None:
                origin, sums = release.url(split), _sum_of(release, split)
            else:
                origin = place.replace("{split}", split)
            fetch_file(origin, path, sums, retry=retry, instead=BY_HAND)
        captions = read_captions(path)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        checked = "as pinned" if sums else "not checked"
        logger.info(
            "%s: %d captions, SHA-256 %s (%s)", origin, len(captions), found, checked
        )


def audiocaps_split(
    captions: str | Path, split: str, test_clips: str, act_list: str | Path
) -> Split:
    """A split of AudioCaps, the test split as `audiocaps.test_clips` has it.

    Args:
        captions: folder of the caption files.
        split: its name.
        test_clips: see `subset.restrict_test`.
        act_list: file of the ids of `act`.
    """
    whole = read_split(captions, split)
    return restrict_test(whole, test_clips, act_list) if split == "test" else whole


def audio_source(
    source: AudioCapsSource,
    options: DownloadOptions,
    split: str,
    cache: str | Path,
    job: str,
    form: ClipForm,
) -> Source:
    """The audio source of one split.

    Args:
        source: what is taken.
        options: how.
        split: name of the split.
        cache: the folder where fetched audio is kept, that of all splits and
            sources. The jobs that share it keep one pace; a mirror's clips are
            there once `take_mirrors` has run.
        job: names the job among those of the split.
        form: what a clip is brought to.

    Raises:
        InputError: names what is missing.
    """
    name = source.source_of(split)
    cache = Path(cache)
    if name == "folder":
        return FolderSource(source.folder or "")
    if source.mirror(name) is not None:
        return DecodedSource(cache / _folder_of(source, name))
    transport: Transport
    if name == "http":
        transport = HttpTransport(source.url or "", options.timeout, options.deadline)
    else:
        transport = YoutubeTransport(
            form.seconds,
            options.timeout,
            options.deadline,
            options.cookies,
            options.sleep_requests,
            require_downloader(),
        )
    folder = cache / _folder_of(source, name)
    pace = SharedPace(
        folder,
        options.rate(name),
        options.block_wait,
        options.longest_block,
        3600 * options.blocked_hours,
    )
    return Downloader(transport, folder / split, job, options.retry, pace)


def take_mirrors(
    source: AudioCapsSource,
    options: DownloadOptions,
    captions: str | Path,
    cache: str | Path,
    form: ClipForm,
) -> None:
    """Fetch and decode every mirror that the sources name, for the splits it serves.

    A mirror's clips go to a folder of its own below `cache`. One whose test split may
    be that of ACT's authors also writes `<captions>/act_test_clips.txt`.

    Args:
        source: what is taken.
        options: how.
        captions: folder of the official caption files.
        cache: as in `audio_source`.
        form: what a clip is brought to.

    Raises:
        InputError: see `mirror.take_mirror`.
    """
    # Here, as they import the hub's client and pyarrow, which decoding does not need.
    from workflow_src.corpus.hub import open_place
    from workflow_src.corpus.mirror import take_mirror

    for name in _sources(source, SPLITS):
        mirror = source.mirror(name)
        if mirror is None:
            continue
        served = [split for split in SPLITS if source.source_of(split) == name]
        splits = {split: read_split(captions, split) for split in served}
        place = open_place(mirror, options.retry)
        folder = Path(cache) / _folder_of(source, name)
        clips = take_mirror(mirror, place, splits, folder, form)
        if mirror.act_test and "test" in splits:
            test = {clip.file_name for clip in splits["test"].clips}
            names = "".join(f"{Path(clip).stem}\n" for clip in clips if clip in test)
            write_atomically(Path(captions) / ACT_LIST, names)


def _sources(source: AudioCapsSource, splits: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(source.source_of(split) for split in splits))


def _folder_of(source: AudioCapsSource, name: str) -> str:
    """Below the cache: another server or data set of one's own is another folder."""
    hub = source.huggingface
    place = {
        "http": source.url,
        "huggingface": f"{hub.repository} {hub.revision} {hub.folder}",
    }.get(name)
    if place is None:
        return name
    return f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _sum_of(release: Release, split: str) -> dict[str, str]:
    sha256 = release.sha256.get(split)
    return {} if sha256 is None else {"sha256": sha256}


def _read(origin: str) -> bytes:
    try:
        return Path(origin).read_bytes()
    except OSError as error:
        raise InputError(f"{origin} cannot be read: {error}") from None
