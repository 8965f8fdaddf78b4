"""WordNet 3.0 as METEOR's jar in `pycocoevalcap` keeps it: words and synset numbers."""

import zipfile
from functools import cache

from workflow_src.pycocoevalcap_files import packaged_file

# WordNet's morphology: endings of nouns, verbs and adjectives, and what takes
# their place. The first result that WordNet has counts, for each of the three.
ENDINGS = (
    "s: ses:s xes:x zes:z ches:ch shes:sh men:man ies:y",
    "s: ies:y es:e es: ed:e ed: ing:e ing:",
    "er: est: er:e est:e",
)


@cache
def synsets() -> dict[str, tuple[str, ...]]:
    """Numbers of the synsets of each word, in the file's order.

    Words of an expression are joined by `_`. The numbers do not tell the part of
    speech, so about 0.2 % of them stand for two synsets.
    """
    return {
        word: tuple(numbers.split())
        for word, numbers in _entries("english.synsets").items()
    }


@cache
def exceptions() -> dict[str, tuple[str, ...]]:
    """Base forms of each irregular form: `geese` -> `goose`."""
    bases: dict[str, tuple[str, ...]] = {}
    for base, forms in _entries("english.exceptions").items():
        for form in forms.split():
            bases[form] = (*bases.get(form, ()), base)
    return bases


@cache
def base_forms(word: str) -> tuple[str, ...]:
    """Words of WordNet of which `word` may be a form, other than itself.

    Nouns first, then verbs, then adjectives; irregular forms have no others.
    """
    if word in exceptions():
        return exceptions()[word]
    if len(word) <= 2 or word.endswith("ss"):
        return ()
    forms = []
    for kind in _endings():
        for ending, base in kind:
            form = word.removesuffix(ending) + base
            if word.endswith(ending) and form in synsets():
                forms.append(form)
                break
    return tuple(dict.fromkeys(forms))


@cache
def _endings() -> tuple[tuple[tuple[str, str], ...], ...]:
    pairs = [[pair.split(":") for pair in kind.split()] for kind in ENDINGS]
    return tuple(tuple((ending, base) for ending, base in kind) for kind in pairs)


def _entries(file: str) -> dict[str, str]:
    """A file of the jar: a line with the word, then a line with what belongs to it."""
    with zipfile.ZipFile(packaged_file("meteor", "meteor-1.5.jar")) as jar:
        lines = jar.read(f"synonym/{file}").decode("utf-8").splitlines()
    return dict(zip(lines[0::2], lines[1::2], strict=True))
