"""What a corpus needs on the disk, and what it turned out to hold."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from workflow_src.corpus.manifest import LOST, OK, read_manifest, write_csv
from workflow_src.files import gigabytes, require_disk

# Bytes of a clip's log-mels in half precision, (L, F): the captioning front end
# (500, 64) and the retrieval one (1001, 64).
LOG_MEL_BYTES = 2 * 64 * (500 + 1001)
# Mono FLAC of ten seconds at 44.1 or 48 kHz, estimated.
FETCHED_BYTES = 600_000


def check_disk(folder: str | Path, clips: int, samples: int, keeps_audio: bool) -> None:
    """Log what a corpus of so many clips needs on the disk.

    While shards are joined the waveforms are there twice.

    Args:
        folder: where it goes.
        clips: how many.
        samples: of each.
        keeps_audio: whether fetched files stay beside the waveforms.

    Raises:
        InputError: if the disk has less.
    """
    waveforms = 2 * samples * clips
    mels = LOG_MEL_BYTES * clips
    audio = FETCHED_BYTES * clips if keeps_audio else 0
    purpose = (
        f"{clips:,} clips: {gigabytes(waveforms)} of waveforms, twice while shards are "
        f"joined, {gigabytes(mels)} of log-mels and about {gigabytes(audio)} of "
        "fetched audio: this"
    )
    require_disk(folder, 2 * waveforms + mels + audio, purpose)


def write_corpus_table(
    manifest: str | Path,
    out: str | Path,
    reference: Mapping[str, int] | None = None,
) -> None:
    """Clips per split as CSV: wanted, got, lost by state, and `reference`'s number.

    The last column, `act_authors`, is empty without a reference.
    """
    counts: dict[str, Counter[str]] = {}
    for row in read_manifest(manifest):
        counts.setdefault(row.split, Counter())[row.state] += 1
    reference = reference or {}
    columns = ("split", "wanted", "got", *LOST, "act_authors")
    rows = (
        (split, states.total(), states[OK], *(states[state] for state in LOST))
        + (reference.get(split, ""),)
        for split, states in counts.items()
    )
    write_csv(out, columns, rows)
