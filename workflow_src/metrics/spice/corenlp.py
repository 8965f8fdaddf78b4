"""CoreNLP 3.6.0, on which the official SPICE stands: found, checked, fetched."""

import hashlib
import os
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workflow_src.errors import InputError

# Where Maven Central publishes edu.stanford.nlp:stanford-corenlp:3.6.0.
PUBLISHED = "https://repo1.maven.org/maven2/edu/stanford/nlp/stanford-corenlp/3.6.0/"
PARSER = "edu/stanford/nlp/models/lexparser/englishPCFG.ser.gz"


@dataclass(frozen=True)
class Jar:
    """A published file and the pattern under which a folder may hold it."""

    name: str
    sha256: str
    pattern: str


CODE = Jar(
    "stanford-corenlp-3.6.0.jar",
    "d341d5863276f55782c5ef73212222d6b3b48e02ae1951ab6de7618d28b12742",
    "stanford-corenlp-3.6.0.jar",
)
MODELS = Jar(
    "stanford-corenlp-3.6.0-models.jar",
    "d285157bd7887ee3018094b5dbae092e49088b023361ccdb550ee1daf9b2c9bd",
    "stanford-corenlp-3.6.0-models*.jar",  # or cut down to what SPICE opens
)


def find(folder: Path | None) -> list[Path]:
    """The two jars in a folder. Raises InputError that names what is missing."""
    if folder is None:
        raise InputError(
            "the official SPICE needs a folder with the jars of CoreNLP 3.6.0 "
            "(`metrics.corenlp`, or --corenlp): none is named"
        )
    found = []
    for jar in (CODE, MODELS):
        paths = sorted(Path(folder).glob(jar.pattern))
        if not paths:
            raise InputError(f"the official SPICE needs {Path(folder) / jar.name}")
        if not zipfile.is_zipfile(paths[0]):
            raise InputError(f"{paths[0]} is damaged or not whole: fetch it again")
        found.append(paths[0].resolve())
    with zipfile.ZipFile(found[1]) as models:
        if PARSER not in models.namelist():
            raise InputError(f"{found[1]} lacks the parser's model {PARSER}")
    return found


def fetch(folder: Path, report: Callable[[str], None] = print) -> None:
    """Download both jars (385 MB) into a folder; continues what was broken off.

    A file gets its name only once its sha256 is as published.

    Raises:
        InputError: the place does not answer, or the sum is wrong.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for jar in (CODE, MODELS):
        if not (folder / jar.name).exists():
            report(f"fetching {jar.name}")
            download(PUBLISHED + jar.name, folder / jar.name, jar.sha256)


def download(url: str, target: Path, sha256: str) -> None:
    """Fetch one file by way of `<target>.part`, from where that file ends."""
    part = target.with_name(target.name + ".part")
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            # Status 200 instead of 206: the server sends the file from its start.
            with part.open("ab" if answer.status == 206 else "wb") as file:
                while block := answer.read(1 << 20):
                    file.write(block)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: nothing after what is there, so check it
            raise InputError(f"{url} answers {error.code} {error.reason}") from None
    except OSError as error:
        raise InputError(f"{url} cannot be fetched: {error}") from None
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise InputError(f"{url} has sha256 {found} instead of {sha256}")
    os.replace(part, target)
