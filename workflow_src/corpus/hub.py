"""Where a mirror's parquet files lie: on a Hugging Face hub, or in a folder.

The hub is huggingface.co, or what HF_ENDPOINT names; the token of `hf auth login` or
HF_TOKEN is used, as huggingface_hub does by itself.
"""

import errno
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

import huggingface_hub
from huggingface_hub import errors
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from workflow_src.corpus.mirrors import Mirror
from workflow_src.errors import InputError, in_one_line, without_secrets
from workflow_src.transfer import DEFAULT_RETRY, RetryPolicy, check_sums

logger = logging.getLogger(__name__)

T = TypeVar("T")
SUFFIX = ".parquet"
# Asking again mends none of these, and nor does a network.
OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
# Of the hub's HTTP library: also of connections. The ignored error: huggingface_hub
# imports it without saying that it exports it, from httpx or requests by its version.
HttpError: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]


@dataclass(frozen=True)
class ParquetFile:
    """One file of a mirror.

    Attributes:
        name: its path in the mirror.
        size: bytes.
        sha256: its sum; None where it is not known.
    """

    name: str
    size: int
    sha256: str | None = None


class ParquetPlace(Protocol):
    """Where parquet files come from, one by one."""

    @property
    def name(self) -> str:
        """What to call it, with its commit."""

    def files(self) -> list[ParquetFile]:
        """All of them, by name."""

    def fetch(self, file: ParquetFile, folder: Path) -> Path:
        """Make one readable; what must be fetched goes below `folder`."""

    def room(self, file: ParquetFile) -> int:
        """Bytes of disk that `fetch` needs."""

    def discard(self, folder: Path) -> None:
        """Delete what was fetched to `folder`."""


class ParquetFolder:
    """Parquet files of a local folder; they are read where they are, and kept."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.name = str(folder)
        if not self.folder.is_dir():
            raise InputError(f"audiocaps.huggingface.folder: there is no {folder}")

    def files(self) -> list[ParquetFile]:
        """The parquet files below the folder."""
        paths = sorted(self.folder.rglob(f"*{SUFFIX}"))
        if not paths:
            raise InputError(f"{self.folder} has no parquet files")
        return [
            ParquetFile(path.relative_to(self.folder).as_posix(), path.stat().st_size)
            for path in paths
        ]

    def fetch(self, file: ParquetFile, folder: Path) -> Path:
        """The file where it is."""
        return self.folder / file.name

    def room(self, file: ParquetFile) -> int:
        """None: nothing is copied."""
        return 0

    def discard(self, folder: Path) -> None:
        """Nothing was fetched."""


class HubRepository:
    """Parquet files of a data set on the hub, at one commit.

    Args:
        repository: owner/name.
        revision: its commit, or a branch: then the commit is looked up once.
        retry: how often to ask.
        endpoint: address of the hub; None: as huggingface_hub has it.
    """

    def __init__(
        self,
        repository: str,
        revision: str,
        retry: RetryPolicy = DEFAULT_RETRY,
        endpoint: str | None = None,
    ):
        self.repository = repository
        self.revision = revision
        self.retry = retry
        self.endpoint = endpoint
        self._api = huggingface_hub.HfApi(endpoint=endpoint)
        # In a job's log a bar a file is noise.
        disable_progress_bars()
        info = self._ask(
            lambda: self._api.dataset_info(repository, revision=revision), ""
        )
        self.commit = info.sha or revision
        self.name = f"{repository} at {self.commit}"
        logger.info("mirror %s", self.name)

    def files(self) -> list[ParquetFile]:
        """The parquet files of the data set."""
        entries = self._ask(
            lambda: list(
                self._api.list_repo_tree(
                    self.repository,
                    recursive=True,
                    revision=self.commit,
                    repo_type="dataset",
                )
            ),
            "",
        )
        files = [
            ParquetFile(entry.path, entry.size, entry.lfs.sha256 if entry.lfs else None)
            for entry in entries
            if isinstance(entry, RepoFile) and entry.path.endswith(SUFFIX)
        ]
        for file in files:
            path = PurePosixPath(file.name)
            if path.is_absolute() or ".." in path.parts:
                raise InputError(f"{self.name} has a file {file.name!r}, out of it")
        if not files:
            raise InputError(f"{self.name} has no parquet files")
        return sorted(files, key=lambda file: file.name)

    def fetch(self, file: ParquetFile, folder: Path) -> Path:
        """Download one file below `folder`, going on where a killed job stopped."""

        def download() -> Path:
            return Path(
                huggingface_hub.hf_hub_download(
                    self.repository,
                    file.name,
                    repo_type="dataset",
                    revision=self.commit,
                    local_dir=folder,
                    endpoint=self.endpoint,
                )
            )

        path = self._ask(download, file.name)
        if file.sha256 is not None:
            try:
                check_sums(path, {"sha256": file.sha256})
            except InputError:
                self.discard(folder)
                raise
        return path

    def room(self, file: ParquetFile) -> int:
        """The file's bytes."""
        return file.size

    def discard(self, folder: Path) -> None:
        """Delete the downloads, and what huggingface_hub noted of them."""
        shutil.rmtree(folder, ignore_errors=True)

    def _ask(self, question: Callable[[], T], what: str) -> T:
        """Ask the hub; again where it may help.

        Raises:
            InputError: if it refuses or does not answer.
        """
        place = f"{self.repository}/{what}" if what else self.repository
        for attempt in range(1, self.retry.attempts + 1):
            try:
                return question()
            except (errors.HfHubHTTPError, errors.HFValidationError) as error:
                if not _may_pass(error) or attempt == self.retry.attempts:
                    raise InputError(self._refusal(error, place)) from None
                reason = _reason_of(error)
            except (HttpError, OSError) as error:
                if getattr(error, "errno", None) in OF_DISK:
                    raise
                reason = _reason_of(error)
                if attempt == self.retry.attempts:
                    raise InputError(
                        f"the mirror {place} cannot be fetched ({reason}): is there a "
                        "network? Run it again, and it goes on where it stopped"
                    ) from None
            logger.warning("%s: %s; attempt %d follows", place, reason, attempt + 1)
            time.sleep(self.retry.pause(attempt))
        raise AssertionError("a retry policy has at least one attempt")

    def _refusal(self, error: Exception, place: str) -> str:
        page = f"{self._api.endpoint}/datasets/{self.repository}"
        if isinstance(error, errors.GatedRepoError):
            return (
                f"the mirror {self.repository} is gated: accept its terms at {page} "
                "and run `hf auth login`"
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return f"the mirror {self.repository} has no revision {self.revision}"
        if isinstance(error, errors.RepositoryNotFoundError):
            return (
                f"there is no data set {self.repository} at {page}, or it is private "
                "(then run `hf auth login`)"
            )
        return f"the mirror {place} cannot be fetched: {_reason_of(error)}"


def open_place(mirror: Mirror, retry: RetryPolicy) -> ParquetPlace:
    """Where a mirror's files are: its folder, where it has one, else the hub."""
    if mirror.folder:
        return ParquetFolder(mirror.folder)
    assert mirror.repository is not None, "AudioCapsSource has checked it"
    return HubRepository(mirror.repository, mirror.revision, retry)


def _may_pass(error: Exception) -> bool:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    return status in (408, 425, 429) or status >= 500


def _reason_of(error: Exception) -> str:
    """The innermost error's message, in one line and without addresses."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason_phrase}".strip()
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return without_secrets(in_one_line(error)) or type(error).__name__
