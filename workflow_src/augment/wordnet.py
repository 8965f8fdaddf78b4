"""Synonyms from WordNet 3.0 for EDA."""

from functools import cache

from workflow_src.wordnet import base_forms, synsets


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
    numbers = synsets()
    forms = [word] if word in numbers else [f for f in base_forms(word) if f in numbers]
    members = _members()
    found = (m for form in forms for number in numbers[form] for m in members[number])
    kept = dict.fromkeys(m.replace("_", " ") for m in found if m not in (word, *forms))
    return tuple(kept)


@cache
def _members() -> dict[str, list[str]]:
    """Number of a synset -> its words."""
    members: dict[str, list[str]] = {}
    for word, numbers in synsets().items():
        for number in numbers:
            members.setdefault(number, []).append(word)
    return members
