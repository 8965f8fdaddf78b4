"""Steps from captions and audio, wherever they come from, to the caches."""

from workflow_src.commands.arguments import add_shard, add_step
from workflow_src.layout import FRONT_ENDS, SPLITS


def add(steps) -> None:
    """Add the steps of this stage to the command line."""
    add_step(steps, "audiocaps-captions", _audiocaps_captions)
    add_step(steps, "audiocaps-mirror", _audiocaps_mirror)
    add_step(steps, "embedded-captions", _embedded_captions)
    add_shard(add_step(steps, "embedded-audio", _embedded_audio))
    step = add_step(steps, "ingest", _ingest)
    step.add_argument("split")
    add_shard(step)
    step = add_step(steps, "join", _join)
    step.add_argument("split")
    add_step(steps, "manifest", _manifest)
    step = add_step(steps, "log-mels", _log_mels)
    step.add_argument("front_end", choices=sorted(FRONT_ENDS.values()))
    step.add_argument("split")


def _audiocaps_captions(parsed, config, layout) -> None:
    """Fetch the captions of AudioCaps, and say how much disk its clips need."""
    from workflow_src.corpus.audiocaps import fetch_captions
    from workflow_src.corpus.captions import read_split

    settings = config["audiocaps"]
    fetch_captions(layout.source, settings["version"], settings["captions"])
    clips = sum(len(read_split(layout.source, split).clips) for split in SPLITS)
    _check_disk(config, layout, clips)


def _audiocaps_mirror(parsed, config, layout) -> None:
    """Fetch a parquet mirror of AudioCaps and unpack its audio."""
    from workflow_src.corpus.audiocaps import unpack_mirror

    unpack_mirror(
        config["audiocaps"],
        download=layout.source / "mirror",
        audio=layout.source / "audio",
    )


def _embedded_captions(parsed, config, layout) -> None:
    """Write the captions of the synthesised corpus, and say what its clips need."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.embedded import write_captions

    settings = _embedded_settings(config)
    clips = sum(settings.clips(split) for split in selected.splits(config))
    _check_disk(config, layout, clips)
    write_captions(settings, layout.source)


def _embedded_audio(parsed, config, layout) -> None:
    """Synthesise a share of the clips of the synthesised corpus."""
    from workflow_src.corpus.embedded import write_audio

    write_audio(_embedded_settings(config), layout.source, parsed.shard, parsed.shards)


def _check_disk(config, layout, clips: int) -> None:
    """Say what so many clips need; an error where the disk has less."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.summary import check_disk

    keeps_audio = selected.keeps_audio(config)
    check_disk(layout.data, clips, selected.clip_form(config), keeps_audio)


def _embedded_settings(config):
    from workflow_src.corpus.embedded import EmbeddedSettings

    return EmbeddedSettings(**config["embedded"], **config["audio"])


def _ingest(parsed, config, layout) -> None:
    """Decode a share of a split's clips into waveforms."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.ingest import ingest

    job = f"{parsed.shard}-of-{parsed.shards}"
    ingest(
        read_split(selected.captions_folder(config, layout), parsed.split),
        selected.audio_source(config, layout, parsed.split, job),
        layout.shard(parsed.split, parsed.shard),
        parsed.shard,
        parsed.shards,
        selected.clip_form(config),
        config["clips"]["max_missing"] if selected.downloads(config) else 1.0,
    )


def _join(parsed, config, layout) -> None:
    """Join the shards of a split to its waveform cache and its captions."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.captions import read_split
    from workflow_src.corpus.ingest import join_shards

    split = read_split(selected.captions_folder(config, layout), parsed.split)
    count = selected.shards(config, parsed.split)
    parts = [layout.shard(parsed.split, number) for number in range(count)]
    join_shards(split, parts, layout.data, config["clips"]["max_missing"])


def _manifest(parsed, config, layout) -> None:
    """Join the manifests of all splits, and count what was got and lost."""
    from workflow_src.corpus import selected
    from workflow_src.corpus.audiocaps import ACT_AUTHORS_CLIPS
    from workflow_src.corpus.manifest import merge_manifests
    from workflow_src.corpus.summary import write_corpus_table

    parts = [layout.shard_manifest(split) for split in selected.splits(config)]
    merge_manifests(parts, layout.manifest)
    published = ACT_AUTHORS_CLIPS if config["corpus"] == "audiocaps" else None
    write_corpus_table(layout.manifest, "results/corpus.csv", published)


def _log_mels(parsed, config, layout) -> None:
    """Compute the log-mel cache of a split under a front end."""
    from workflow_src.audio.frontend import front_end
    from workflow_src.audio.store import write_log_mels
    from workflow_src.device import prepare

    device = prepare(config)
    write_log_mels(
        layout.waveforms(parsed.split),
        front_end(config, parsed.front_end).to(device),
        layout.log_mels(parsed.front_end, parsed.split),
        device=device,
    )
