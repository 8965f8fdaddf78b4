"""Captions of an evaluation: checked, and as Penn Treebank tokens."""

from collections.abc import Mapping, Sequence

from workflow_src.errors import InputError
from workflow_src.metrics.tokenization import ptb_tokenize

Candidates = Mapping[str, str]  # clip -> caption
References = Mapping[str, Sequence[str]]  # clip -> captions
Systems = Mapping[str, Candidates]


def check(systems: Systems, references: References) -> None:
    """Raise InputError at the first thing in the input that has no score."""
    if not references:
        raise InputError("there are no reference captions to score against")
    for clip, texts in references.items():
        if isinstance(texts, str) or not texts:
            raise InputError(f"clip {clip!r}: references are not a list of captions")
        for text in texts:
            _check_text(text, f"clip {clip!r}: the reference {text!r}")
            if not has_word(text):
                raise InputError(f"clip {clip!r}: the reference {text!r} has no word")
    for system, candidates in systems.items():
        for clip in references:
            if clip not in candidates:
                raise InputError(f"{system} has no candidate for clip {clip!r}")
            text = candidates[clip]
            _check_text(text, f"{system}, clip {clip!r}: the candidate {text!r}")
        for clip in candidates:
            if clip not in references:
                raise InputError(f"{system}: clip {clip!r} has no reference captions")


def has_word(caption: str) -> bool:
    """Whether there is a letter or digit in it; if not, it scores 0."""
    return any(character.isalnum() for character in caption)


def _check_text(text: object, what: str) -> None:
    if not isinstance(text, str):
        raise InputError(f"{what} is not text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InputError(f"{what} is not valid Unicode") from None


def tokenize(
    systems: Systems, references: References
) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """Tokens of the references and of each system, by one start of the tokeniser.

    Raises:
        InputError: a reference of which the tokeniser leaves nothing.
    """
    sentences = [text for texts in references.values() for text in texts]
    for candidates in systems.values():
        sentences += [candidates[clip] for clip in references]
    tokens = iter(ptb_tokenize(sentences))
    real = {clip: [next(tokens) for _ in texts] for clip, texts in references.items()}
    own = {system: {clip: next(tokens) for clip in references} for system in systems}
    for clip, texts in real.items():
        if not all(texts):
            raise InputError(
                f"clip {clip!r}: a reference has no word for the tokeniser"
            )
    return real, own
