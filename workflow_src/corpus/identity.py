"""What a corpus is, and the name of its folders below data/, runs/ and results/.

The name is readable (`embedded-demo`, `my-clips-paper`), and no two corpora share
one: the folders of the corpus that was first to have a name say in `corpus.yaml`
what it is; another corpus of that name gets a short digest behind it. A corpus keeps
the name under which it has folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from workflow_src.errors import InputError, in_one_line
from workflow_src.files import write_atomically
from workflow_src.settings import Settings, digest, plain, read

FILE = "corpus.yaml"
REMEDY = "delete it, and the next run of that corpus writes it again"
FOLDERS = (Path("data"), Path("runs"), Path("results"))


@dataclass(frozen=True)
class CorpusIdentity(Settings):
    """What tells a corpus from all others.

    Attributes:
        kind: where it comes from.
        label: what a person calls it; need not be unique.
        scale: of config.yaml.
        origin: what it is made from: of an embedded corpus its seed and sizes, of
            AudioCaps its version, of a folder its place.
    """

    kind: Literal["embedded", "audiocaps", "folder"]
    label: str
    scale: str
    origin: dict[str, Any] = field(default_factory=dict)

    @property
    def plain_name(self) -> str:
        """Label and scale, with signs that need no quoting anywhere."""
        return f"{slug(self.label)}-{self.scale}"

    @property
    def exact_name(self) -> str:
        """The plain name with a digest of the whole identity."""
        return f"{self.plain_name}-{digest(self, 6)}"

    @property
    def names(self) -> list[str]:
        """What it may be called, the plainest first."""
        longer = [f"{self.plain_name}-{digest(self, length)}" for length in (12, 64)]
        return [self.plain_name, self.exact_name, *longer]


def slug(label: str) -> str:
    """A label with letters, digits, dots, dashes and underscores alone.

    Letters of all alphabets stay; everything else becomes a dash.
    """
    return re.sub(r"[^\w.-]+", "-", label).strip("-.") or "corpus"


def corpus_name(identity: CorpusIdentity, folders: Iterable[Path] = FOLDERS) -> str:
    """The name of a corpus: the one it has, else the plainest that no other has.

    Args:
        identity: of the corpus.
        folders: in which corpora have a folder each.

    Raises:
        InputError: a `corpus.yaml` cannot be read.
    """
    places = list(folders)
    free: list[str] = []
    for name in identity.names:
        claims = [place / name / FILE for place in places]
        owners = [read_identity(claim) for claim in claims if claim.exists()]
        if owners and all(owner == identity for owner in owners):
            return name
        if not owners:
            free.append(name)
    return free[0]


def write_identity(identity: CorpusIdentity, paths: Iterable[Path]) -> None:
    """Write `corpus.yaml` files: what the corpus of their folder is."""
    text = yaml.safe_dump(plain(identity), sort_keys=False, allow_unicode=True)
    for path in paths:
        write_atomically(path, text)


def read_identity(path: Path) -> CorpusIdentity:
    """Read a `corpus.yaml`.

    Raises:
        InputError: it is missing, or damaged: says what to delete.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = in_one_line(error)
        raise InputError(f"{path} is damaged ({reason}): {REMEDY}") from None
    try:
        return read(CorpusIdentity, values, str(path))
    except InputError as error:
        raise InputError(f"{error}: {REMEDY}") from None
