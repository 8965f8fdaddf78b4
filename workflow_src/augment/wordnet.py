"""Synonyms from WordNet 3.0, read where pycocoevalcap's METEOR keeps them."""

import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from workflow_src.errors import InputError

SYNSETS = "synonym/english.synsets"
EXCEPTIONS = "synonym/english.exceptions"

# Endings that WordNet's morphology takes off nouns and verbs, and what takes
# their place; a result counts only if WordNet has it.
ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("es", "e"),
    ("ies", "y"),
    ("men", "man"),
    ("ed", ""),
    ("ed", "e"),
    ("ing", ""),
    ("ing", "e"),
)


@cache
def synonyms(word: str) -> tuple[str, ...]:
    """Words that share a synset with `word`, in WordNet's order; often none.

    A word that WordNet lists only in its base form (`barks`) takes the synonyms
    of that form (`bark`), themselves in base form. All parts of speech and senses
    count, as in Wei and Zou (2019). The file drops the part of speech from the
    synsets' numbers, so that about 0.2% of them merge two synsets.

    Args:
        word: lower case, without punctuation.

    Returns:
        Lower case; several words have spaces between. Never `word` itself or
        its base form.
    """
    numbers, members = _synsets()
    if word in numbers:
        forms = [word]
    else:
        stems = [word.removesuffix(a) + b for a, b in ENDINGS if word.endswith(a)]
        forms = [f for f in [*_exceptions().get(word, ()), *stems] if f in numbers]
    found = (m for form in forms for number in numbers[form] for m in members[number])
    kept = dict.fromkeys(m.replace("_", " ") for m in found if m not in (word, *forms))
    return tuple(kept)


def _jar() -> Path:
    package = find_spec("pycocoevalcap")
    if package is None or package.submodule_search_locations is None:
        raise InputError(
            "the synonyms of EDA are read from the package pycocoevalcap, "
            "which is not installed"
        )
    folder = Path(package.submodule_search_locations[0], "meteor")
    jars = sorted(folder.glob("meteor-*.jar"))
    if not jars:
        raise InputError(f"the synonyms of EDA need {folder}/meteor-1.5.jar: not there")
    return jars[0]


def _pairs_of_lines(member: str) -> list[tuple[str, list[str]]]:
    """Both files hold an entry in two lines: a word, then what belongs to it."""
    with zipfile.ZipFile(_jar()) as jar:
        lines = jar.read(member).decode("utf-8").splitlines()
    return [
        (word, values.split())
        for word, values in zip(lines[0::2], lines[1::2], strict=True)
    ]


@cache
def _synsets() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Word -> numbers of its synsets, and number -> its words."""
    numbers = dict(_pairs_of_lines(SYNSETS))
    members: dict[str, list[str]] = {}
    for word, its_numbers in numbers.items():
        for number in its_numbers:
            members.setdefault(number, []).append(word)
    return numbers, members


@cache
def _exceptions() -> dict[str, list[str]]:
    """Irregular form -> its base forms."""
    bases: dict[str, list[str]] = {}
    for base, forms in _pairs_of_lines(EXCEPTIONS):
        for form in forms:
            bases.setdefault(form, []).append(base)
    return bases
