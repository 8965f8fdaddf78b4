"""The published files that models and metrics start from: where and how large."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("pretrained")


@dataclass(frozen=True)
class PublishedFile:
    """One published file.

    Attributes:
        file: its path below the folder of pre-trained files.
        url: where it can be fetched.
        page: where a person finds it.
        size: bytes, where known.
        md5: its sum, where its publisher gives one (Zenodo does).
        sha256: its sum, where known; the config can pin one.
    """

    file: str
    url: str
    page: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None


def _drive(file: str, identifier: str) -> PublishedFile:
    host = "https://drive.usercontent.google.com/download"
    return PublishedFile(
        file=file,
        url=f"{host}?id={identifier}&export=download&confirm=t",
        page=f"https://drive.google.com/file/d/{identifier}/view",
    )


def _bert(file: str, sha256: str, size: int | None = None) -> PublishedFile:
    page = "https://huggingface.co/google-bert/bert-base-uncased"
    revision = "86b5e0934494bd15c9632b12f734a8a67f723594"
    return PublishedFile(
        file=f"bert-base-uncased/{file}",
        url=f"{page}/resolve/{revision}/{file}",
        page=page,
        size=size,
        sha256=sha256,
    )


def _corenlp(file: str, size: int, sha256: str) -> PublishedFile:
    """A file of edu.stanford.nlp:stanford-corenlp:3.6.0, which SPICE stands on."""
    page = "https://repo1.maven.org/maven2/edu/stanford/nlp/stanford-corenlp/3.6.0/"
    return PublishedFile(
        file=f"corenlp/{file}", url=page + file, page=page, size=size, sha256=sha256
    )


# The names that config.yaml knows. ACT's authors publish no sums of their files.
CATALOGUE: dict[str, tuple[PublishedFile, ...]] = {
    "audioset_deit": (
        _drive("audioset_deit.pth", "1QgQLbeBHwly5UN_V15mSJZ812h6QIgFe"),
    ),
    "deit": (_drive("deit.pth", "1eA3SYO2n9soU5AB6YxMNGDjno5E5AN7Q"),),
    "resnet38_panns": (
        PublishedFile(
            file="ResNet38_mAP=0.434.pth",
            url="https://zenodo.org/records/3987831/files/"
            "ResNet38_mAP%3D0.434.pth?download=1",
            page="https://zenodo.org/records/3987831",
            md5="bf12f36aaabac4e0855e22d3c3239c1b",
        ),
    ),
    "bert-base-uncased": (
        _bert(
            "config.json",
            "7160e1553ad2ca51d8c1cb066be533db31826e12d173824c1bb0cb1a4f187d20",
        ),
        _bert(
            "tokenizer.json",
            "ce64fce797c24f68df90b40a3f74f579b336a493db14bd583fd520ea0d8c9a98",
        ),
        _bert(
            "tokenizer_config.json",
            "a025160ef0431f1a392f6f050c1310f4c5d9fb6f275932dbccba73c4d214bf10",
        ),
        _bert(
            "vocab.txt",
            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        ),
        _bert(
            "model.safetensors",
            "68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3",
            size=440_449_768,
        ),
    ),
    "corenlp": (
        _corenlp(
            "stanford-corenlp-3.6.0.jar",
            7_270_741,
            "d341d5863276f55782c5ef73212222d6b3b48e02ae1951ab6de7618d28b12742",
        ),
        _corenlp(
            "stanford-corenlp-3.6.0-models.jar",
            378_116_526,
            "d285157bd7887ee3018094b5dbae092e49088b023361ccdb550ee1daf9b2c9bd",
        ),
    ),
}


def place(name: str, folder: Path = FOLDER) -> Path:
    """Say where the file of a name will be, or of several their folder.

    Args:
        name: of the catalogue; any other is the path of a file of the user.
        folder: where published files go.
    """
    if name not in CATALOGUE:
        return Path(name)
    files = CATALOGUE[name]
    path = folder / files[0].file
    return path if len(files) == 1 else path.parent
