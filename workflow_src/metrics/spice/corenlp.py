"""CoreNLP 3.6.0, on which the official SPICE stands: looked up and checked.

`python -m workflow_src fetch corenlp` fetches it from where it is published.
"""

import zipfile
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.models.catalogue import CATALOGUE, FOLDER, PublishedFile

FETCHED = FOLDER / "corenlp"
PARSER = "edu/stanford/nlp/models/lexparser/englishPCFG.ser.gz"


def find(folder: Path | None = None) -> list[Path]:
    """The jars of code and models.

    The models may be cut down to the files that SPICE opens, under a name that begins
    like the published one.

    Args:
        folder: of the jars; None: where they are fetched to.

    Raises:
        InputError: says what is missing or damaged.
    """
    folder = Path(folder or FETCHED)
    code, models = CATALOGUE["corenlp"]
    jars = [
        _jar(folder, code, Path(code.file).name),
        _jar(folder, models, f"{Path(models.file).stem}*.jar"),
    ]
    with zipfile.ZipFile(jars[1]) as content:
        if PARSER not in content.namelist():
            raise InputError(f"{jars[1]} lacks the parser's model {PARSER}")
    return jars


def _jar(folder: Path, published: PublishedFile, pattern: str) -> Path:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise InputError(
            f"the official SPICE needs {folder / Path(published.file).name}: run "
            "`python -m workflow_src fetch corenlp`, or put the file of "
            f"{published.page} there"
        )
    if not zipfile.is_zipfile(paths[0]):
        raise InputError(f"{paths[0]} is damaged or not whole: fetch it again")
    return paths[0].resolve()
