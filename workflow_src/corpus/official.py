"""The official clips and captions of AudioCaps, and how a mirror's rows are found."""

import hashlib
from collections.abc import Mapping

from workflow_src.corpus.captions import Clip, Split
from workflow_src.corpus.parquet import MirrorRow


class OfficialClips:
    """Clips and captions of some splits, as the official files have them.

    Attributes:
        split_of: name of the split of each clip's file name, in the files' order.
        identity: a digest of the clips: equal where the same ones are looked for.
    """

    def __init__(self, splits: Mapping[str, Split]):
        self.split_of: dict[str, str] = {}
        self._by_start: dict[tuple[str, float], Clip] = {}
        self._by_video: dict[str, list[Clip]] = {}
        self._captions: dict[str, set[str]] = {}
        for name, split in splits.items():
            for clip in split.clips:
                self.split_of[clip.file_name] = name
                self._by_start[clip.youtube_id, float(clip.start_time)] = clip
                self._by_video.setdefault(clip.youtube_id, []).append(clip)
            for file_name, caption in split.captions:
                captions = self._captions.setdefault(file_name, set())
                captions.add(_wording(caption))
        names = "\n".join(sorted(self.split_of))
        self.identity = hashlib.sha256(names.encode()).hexdigest()

    def find(self, row: MirrorRow) -> Clip | None:
        """The row's clip; without a start, where its video has but one."""
        if row.start is not None:
            return self._by_start.get((row.youtube_id, row.start))
        clips = self._by_video.get(row.youtube_id, [])
        return clips[0] if len(clips) == 1 else None

    def has_caption(self, clip: Clip, caption: str) -> bool:
        """Whether a caption is one of the clip's, but for white space."""
        return _wording(caption) in self._captions.get(clip.file_name, ())


def _wording(caption: str) -> str:
    return " ".join(caption.split())
