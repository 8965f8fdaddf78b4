"""Synonyms from WordNet 3.0 for EDA."""

from functools import cache

from workflow_src.wordnet import base_forms, synsets


@cache
def synonyms(word: str) -> tuple[str, ...]:
    """Finds words that share a synset with `word`, in WordNet's order; often none.

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
    shared = (m for form in forms for number in numbers[form] for m in members[number])
    others = (m.replace("_", " ") for m in shared if m not in (word, *forms))
    return tuple(dict.fromkeys(others))


@cache
def _members() -> dict[str, list[str]]:
    """Gives the words of each synset, by its number."""
    members: dict[str, list[str]] = {}
    for word, numbers in synsets().items():
        for number in numbers:
            members.setdefault(number, []).append(word)
    return members
