"""Steps from captions and audio, wherever they come from, to the caches."""

from __future__ import annotations

from pathlib import Path

from workflow_src.audio.settings import FrontEndSettings
from workflow_src.corpus.embedded.settings import EMBEDDED_SPLITS, EmbeddedSettings
from workflow_src.corpus.identity import CorpusIdentity, write_identity
from workflow_src.corpus.settings import (
    AudioCapsSource,
    DownloadOptions,
    IngestSettings,
)
from workflow_src.errors import InputError
from workflow_src.files import write_atomically


def identify_corpus(settings: CorpusIdentity, *, outputs: list[Path]) -> None:
    """Write what the corpus is into its folders.

    Args:
        settings: what it is.
        outputs: `corpus.yaml` of each folder.
    """
    write_identity(settings, outputs)


def embedded_captions(settings: EmbeddedSettings, *, output: Path) -> None:
    """Write the captions of the synthesised corpus, and say what its clips need.

    Args:
        settings: what the corpus is made from.
        output: folder of the corpus as it arrives.
    """
    from workflow_src.corpus.embedded.writing import write_captions
    from workflow_src.corpus.summary import check_disk

    clips = sum(settings.clips(split) for split in EMBEDDED_SPLITS)
    check_disk(output, clips, settings.samples, keeps_audio=True)
    write_captions(settings, output)


def embedded_audio(
    settings: EmbeddedSettings, *, output: Path, shard: int, shards: int, done: Path
) -> None:
    """Synthesise a share of the clips of the synthesised corpus.

    Args:
        settings: what the corpus is made from.
        output: folder of the corpus as it arrives.
        shard: which share, from 0.
        shards: number of shares.
        done: is written at the end.
    """
    from workflow_src.corpus.embedded.writing import write_audio

    write_audio(settings, output, shard, shards)
    write_atomically(done, "")


def audiocaps_captions(
    settings: AudioCapsSource,
    *,
    taken: AudioCapsSource,
    options: DownloadOptions,
    output: Path,
    samples: int,
    keeps_audio: bool,
) -> None:
    """Fetch the captions of AudioCaps, and say what its clips need.

    Args:
        settings: which captions; where the audio comes from counts for nothing here.
        taken: where the audio will come from: looked at before anything is fetched.
        options: how to fetch.
        output: folder of the corpus as it arrives.
        samples: of a clip.
        keeps_audio: whether fetched audio will lie there too.
    """
    from workflow_src.corpus.audiocaps import check_ready, fetch_captions
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.summary import check_disk
    from workflow_src.layout import SPLITS

    check_ready(taken, options)
    fetch_captions(output, settings.version, settings.captions, options.retry)
    clips = sum(len(read_split(output, split).clips) for split in SPLITS)
    check_disk(output, clips, samples, keeps_audio)


def audiocaps_mirror(
    settings: IngestSettings,
    *,
    captions_folder: Path,
    audio: Path,
    options: DownloadOptions,
    done: Path,
) -> None:
    """Fetch the parquet mirrors of AudioCaps that the settings name, file by file.

    Args:
        settings: which mirrors, and the form of the clips.
        captions_folder: with the official captions.
        audio: folder for the clips.
        options: how to fetch.
        done: is written at the end.
    """
    from workflow_src.corpus.audiocaps import take_mirrors
    from workflow_src.errors import InputError

    if settings.audiocaps is None:
        raise InputError("--settings name no mirror of AudioCaps")
    take_mirrors(
        settings.audiocaps, options, captions_folder, audio, settings.clip_form
    )
    write_atomically(done, "")


def ingest(
    settings: IngestSettings,
    *,
    split: str,
    captions_folder: Path,
    audio: Path,
    shard: int,
    shards: int,
    output: Path,
    options: DownloadOptions,
    max_missing: float,
) -> None:
    """Decode a share of a split's clips into waveforms.

    Args:
        settings: form of the clips, and where they come from.
        split: whose clips.
        captions_folder: with `<split>.csv` and `tags.csv` as they arrive.
        audio: folder of the audio files; what is fetched is kept there.
        shard: which share, from 0.
        shards: number of shares.
        output: folder of the share's waveforms.
        options: how to fetch.
        max_missing: share of the clips that a job which fetches may lose.
    """
    from workflow_src.corpus.ingest import ingest as ingest_shard
    from workflow_src.corpus.sources import audio_source, fetches, wanted_clips

    test_clips = settings.audiocaps.test_clips if settings.audiocaps else "all"
    job = f"{split}.{shard}-of-{shards}"
    ingest_shard(
        wanted_clips(captions_folder, split, test_clips),
        audio_source(settings, split, audio, job, options),
        output,
        shard,
        shards,
        settings.clip_form,
        max_missing if fetches(settings, split) else 1.0,
    )


def join(
    *,
    split: str,
    captions_folder: Path,
    test_clips: str = "all",
    shards: list[Path],
    waveforms: Path,
    manifest: Path,
    captions: Path | None = None,
    tags: Path | None = None,
    max_missing: float,
) -> None:
    """Join the shards of a split to its waveform cache and its captions.

    Args:
        split: its name.
        captions_folder: with `<split>.csv` and `tags.csv` as they arrive.
        test_clips: which clips of AudioCaps' test split: all, act, or a file of ids.
        shards: folders, in order.
        waveforms: store that is written.
        manifest: gets the state of every clip.
        captions: gets those of usable clips.
        tags: gets those of usable clips.
        max_missing: share of the clips that may be lost.
    """
    from workflow_src.corpus.ingest import JoinedFiles, join_shards
    from workflow_src.corpus.sources import wanted_clips

    clips = wanted_clips(captions_folder, split, test_clips)
    joined = JoinedFiles(waveforms, manifest, captions, tags)
    join_shards(clips, shards, joined, max_missing)


def merge_manifests(*, manifests: list[Path], manifest: Path) -> None:
    """Join the manifests of all splits.

    Args:
        manifests: of the splits.
        manifest: the state of every clip.
    """
    from workflow_src.corpus.manifest import merge_manifests as merge

    merge(manifests, manifest)


def corpus_table(*, manifest: Path, table: Path, audiocaps: bool = False) -> None:
    """Count the clips that were wanted, got and lost.

    Args:
        manifest: the state of every clip.
        table: CSV of the numbers of clips.
        audiocaps: whether the numbers of ACT's authors stand beside them.
    """
    from workflow_src.corpus.audiocaps import ACT_AUTHORS_CLIPS
    from workflow_src.corpus.summary import write_corpus_table

    write_corpus_table(manifest, table, ACT_AUTHORS_CLIPS if audiocaps else None)


def log_mels(
    settings: FrontEndSettings,
    *,
    waveforms: Path,
    output: Path,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Compute the log-mel cache of a split under a front end.

    Args:
        settings: of the front end.
        waveforms: store of the split.
        output: store that is written.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    from workflow_src.audio.frontend import front_end
    from workflow_src.audio.store import write_log_mels
    from workflow_src.device import prepare

    on = prepare(device, threads)
    write_log_mels(waveforms, front_end(settings).to(on), output, device=on)


def vocabulary(*, captions: Path, output: Path) -> None:
    """Collect the words of the training captions.

    Args:
        captions: of the training split.
        output: a word a line.
    """
    from workflow_src.corpus.pairs import read_pairs
    from workflow_src.corpus.text import Vocabulary

    Vocabulary.from_captions(text for _, text in read_pairs(captions)).save(output)


def first_captions(*, captions: Path, clips: int, output: Path) -> None:
    """Take the first clips of the training split: a smaller training corpus.

    Args:
        captions: of the training split.
        clips: how many.
        output: their captions.

    Raises:
        InputError: the split has fewer.
    """
    from workflow_src.corpus.pairs import read_references
    from workflow_src.csv_files import write_csv

    by_clip = read_references(captions)
    if len(by_clip) < clips:
        raise InputError(
            f"{captions} has {len(by_clip)} clips, and {clips} are asked for (study: "
            "see its comparisons, and --config scale=study)"
        )
    taken = list(by_clip.items())[:clips]
    rows = [(name, text) for name, texts in taken for text in texts]
    write_csv(output, ("file_name", "caption"), rows)
