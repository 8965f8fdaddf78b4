"""The lexicon: who or what makes each kind of sound, and what it does.

A noun is written `one|many` (a dog, dogs), `|waves` (plural only), `rain` (no
article), or with a leading `=` for a phrase that nothing is put before
(`=someone`, `=the wind`). Kinds that are heard one at a time need no `many`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Nouns that go with verbs; any of the one with any of the other.

    Attributes:
        nouns: see the module's text.
        verbs: base forms; what follows the first word is left as it is.
        adjectives: whether `loud`, `distant` and the like suit the nouns.
    """

    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    adjectives: bool = False


def _of(nouns: str, verbs: str, adjectives: bool = False) -> Words:
    split = [text.split(", ") for text in (nouns, verbs)]
    return Words(tuple(split[0]), tuple(split[1]), adjectives)


ONE = "=someone, person|"

WORDS: dict[str, tuple[Words, ...]] = {
    "dog": (_of("dog|dogs", "bark", True),),
    "cat": (_of("cat|cats", "meow", True),),
    "cow": (_of("cow|cows", "moo", True),),
    "bird": (_of("bird|birds", "chirp, sing", True),),
    "frog": (_of("frog|frogs", "croak", True),),
    "cricket": (_of("|crickets, |insects", "chirp, buzz", True),),
    "car": (_of("car|cars, vehicle|vehicles", "pass by, drive past, drive by"),),
    "engine": (_of("engine|engines, motor|motors", "idle, run, run idle", True),),
    "motorcycle": (
        _of("motorcycle|motorcycles, motorbike|motorbikes", "rev, roar", True),
    ),
    "train": (
        _of(
            "train|trains",
            "move along, run on railroad tracks, roll down the tracks",
            True,
        ),
    ),
    "helicopter": (
        _of("helicopter|helicopters", "fly, hover, whir", True),
        _of("|helicopter blades", "whir"),
    ),
    "rain": (_of("rain, rain, =the rain", "fall, come down, patter", True),),
    "wind": (_of("wind, wind, =the wind", "blow, howl", True),),
    "thunder": (_of("thunder", "rumble, roar", True),),
    "stream": (
        _of("water", "flow, trickle"),
        _of("stream|streams", "flow, trickle"),
    ),
    "waves": (
        _of(
            "|waves, |ocean waves",
            "crash, break on the shore, roll onto the shore",
            True,
        ),
        _of("=the sea", "roar"),
    ),
    "man": (_of("man|men, adult male|adult males", "speak, talk"),),
    "woman": (_of("woman|women, adult female|adult females", "speak, talk"),),
    "laughter": (_of("person|people", "laugh"),),
    "baby": (_of("baby|babies, infant|infants", "cry, wail"),),
    "snoring": (_of(ONE, "snore"), _of("sleeping person|", "snore")),
    "drill": (
        _of("drill|drills, power tool|power tools", "run, buzz", True),
        _of(ONE, "use a drill, drill into a wall"),
    ),
    "saw": (
        _of("saw|saws, hand saw|hand saws", "cut wood, cut through wood"),
        _of(ONE, "saw wood"),
    ),
    "vacuum": (_of("vacuum cleaner|, vacuum|", "run, hum, whir", True),),
    "typing": (
        _of(ONE, "type on a keyboard, type on a computer"),
        _of("|keys, |computer keys", "click, clack"),
    ),
    "clock": (_of("clock|clocks", "tick", True),),
    "siren": (
        _of(
            "siren|sirens, emergency siren|, ambulance siren|, police siren|",
            "wail, sound",
            True,
        ),
    ),
    "horn": (
        _of("horn|horns, car horn|car horns", "honk, sound", True),
        _of("vehicle|vehicles, car|cars", "honk"),
    ),
    "bell": (_of("bell|bells, church bell|church bells", "ring, toll", True),),
    "telephone": (_of("telephone|telephones, phone|phones", "ring", True),),
    "alarm": (
        _of("alarm|alarms, electronic alarm|electronic alarms", "beep, sound", True),
        _of("=something", "beep"),
    ),
    "knocking": (_of(ONE, "knock on a door, knock on wood"),),
    "footsteps": (
        _of(ONE, "walk, walk on gravel, walk along"),
        _of("|footsteps", "crunch, crunch on gravel"),
    ),
    "glass": (_of("glass", "break, shatter"),),
    "gunshot": (
        _of("gun|guns, rifle|rifles", "fire, go off"),
        _of(ONE, "fire a gun, shoot a gun"),
    ),
    "applause": (
        _of("crowd|crowds, audience|audiences", "applaud, clap"),
        _of("|people", "clap"),
    ),
    "piano": (
        _of("piano|pianos", "play", True),
        _of(ONE, "play a piano, play the piano"),
    ),
    "guitar": (
        _of("guitar|guitars", "play", True),
        _of(ONE, "strum a guitar, play a guitar"),
    ),
    "flute": (
        _of("flute|flutes", "play", True),
        _of(ONE, "play a flute, play the flute"),
    ),
    "drums": (
        _of("|drums", "play, beat", True),
        _of(ONE, "play drums, play the drums"),
    ),
}

TWO = ("two", "two", "a couple of", "")
SEVERAL = ("several", "several", "some", "")

# Said after the verb.
ADVERBS: dict[str, tuple[str, ...]] = {
    "loud": ("loudly", "very loudly", "loudly"),
    "faint": ("faintly", "softly", "quietly"),
    "near": ("nearby", "close by", "up close"),
    "far": ("in the distance", "far away"),
    "heavy": ("heavily", "hard", "strongly"),
    "light": ("lightly", "gently", "softly"),
    "roof": ("on a roof", "onto a roof", "on a metal roof"),
    "fast": ("quickly", "fast", "rapidly"),
    "slow": ("slowly", "at a slow pace"),
}
# A second verb, after "and".
MOTIONS: dict[str, tuple[str, ...]] = {
    "approach": ("get closer", "get louder"),
    "recede": ("fade away", "get quieter"),
}
# Said before the noun instead, where the words allow.
ADJECTIVES: dict[str, tuple[str, ...]] = {
    "loud": ("loud",),
    "faint": ("faint", "quiet"),
    "near": ("nearby",),
    "far": ("distant",),
    "heavy": ("heavy", "strong"),
    "light": ("light", "gentle"),
}
CALLS: dict[int, tuple[str, ...]] = {
    1: ("once", "one time"),
    2: ("twice", "two times"),
    3: ("three times",),
    4: ("repeatedly", "several times", "over and over", "again and again"),
}
