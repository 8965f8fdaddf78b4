"""The test clips that are evaluated: all, those of ACT's authors, or those of a file.

A file has one clip a line: its YouTube id, alone or in one of the forms in which
AudioCaps files are called (`<id>_<start>`, `Y<id>`, with or without a suffix).
"""

from pathlib import Path

from workflow_src.corpus.captions import Clip, Split
from workflow_src.corpus.folder import AUDIO_SUFFIXES, published_stems
from workflow_src.errors import InputError

ACT_TEST_CLIPS = 957


def restrict_test(split: Split, test_clips: str, act_list: str | Path) -> Split:
    """The test split, with the clips that `audiocaps.test_clips` names, in its order.

    Args:
        split: the official test split.
        test_clips: `all`, `act`, or a file of ids.
        act_list: the file of `act`, which is not part of this project.

    Raises:
        InputError: if the file is missing or names a clip that is none of the split,
            or the file of `act` has another number of clips than ACT's authors had.
    """
    if test_clips == "all":
        return split
    path = Path(act_list if test_clips == "act" else test_clips)
    if test_clips == "act" and not path.is_file():
        raise InputError(
            f"audiocaps.test_clips is act: put the ids of the {ACT_TEST_CLIPS} clips, "
            f"one a line, into {path}, or set audiocaps.test_source to "
            "kuanhuggingface-test957, a mirror from which that file is written"
        )
    wanted = {clip.file_name for clip in _read_clips(path, split)}
    if test_clips == "act" and len(wanted) != ACT_TEST_CLIPS:
        raise InputError(
            f"audiocaps.test_clips is act: {path} names {len(wanted)} clips, not the "
            f"{ACT_TEST_CLIPS} of ACT's authors"
        )
    return Split(
        split.name,
        [clip for clip in split.clips if clip.file_name in wanted],
        [pair for pair in split.captions if pair[0] in wanted],
        {name: tags for name, tags in split.tags.items() if name in wanted},
    )


def _read_clips(path: Path, split: Split) -> list[Clip]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"audiocaps.test_clips: {path} cannot be read: {error}"
        ) from None
    by_stem: dict[str, list[Clip]] = {}
    for clip in split.clips:
        for stem in published_stems(clip):
            by_stem.setdefault(stem, []).append(clip)
    clips = []
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        place = Path(name)
        known = place.suffix.lower() in AUDIO_SUFFIXES
        found = by_stem.get(place.stem if known else name, [])
        if len(found) != 1:
            many = "no clip" if not found else f"{len(found)} clips"
            raise InputError(
                f"audiocaps.test_clips: {path}, line {number}: {name!r} names {many} "
                f"of the split {split.name}"
            )
        clips += found
    if not clips:
        raise InputError(f"audiocaps.test_clips: {path} names no clips")
    return clips
