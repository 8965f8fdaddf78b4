"""English forms of the few verbs and nouns that the captions use."""

from __future__ import annotations

# Verbs that double their last letter before -ing.
DOUBLED = {"clap", "cut", "get", "hum", "rev", "run", "strum", "whir"}


def third_person(verb: str) -> str:
    """`pass by` -> `passes by`."""
    head, *rest = verb.split(" ")
    if head.endswith(("s", "sh", "ch", "x", "z")) or head == "go":
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return " ".join([head, *rest])


def participle(verb: str) -> str:
    """`drive past` -> `driving past`."""
    head, *rest = verb.split(" ")
    if head in DOUBLED:
        head += head[-1]
    elif head.endswith("e") and not head.endswith("ee"):
        head = head[:-1]
    return " ".join([head + "ing", *rest])


def article(noun: str) -> str:
    """`engine` -> `an engine`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
