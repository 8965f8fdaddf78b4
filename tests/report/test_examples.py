"""Figure 3: a stated rule chooses the clips, and captions stay texts."""

import csv
import io

import pytest

from workflow_src.errors import InputError
from workflow_src.evaluation.scores import Evaluated
from workflow_src.report.examples import (
    OVERLAPPING,
    RANDOM,
    as_csv,
    as_latex,
    as_markdown,
    choose,
    overlaps,
)
from workflow_src.report.settings import ExampleSettings

SETTINGS = ExampleSettings({"PairMix": "a", "Baseline": "b"}, clips=2)
EVALUATED = Evaluated("captioning", "a", 20, "test", None, "embedded", "demo", "x", "y")


@pytest.fixture
def references():
    together = {f"both{n}": ["a dog barks while rain falls"] * 3 for n in range(6)}
    after = {f"after{n}": ["a dog barks and then rain falls"] * 3 for n in range(6)}
    return together | after


def said(references, text="a | dog"):
    return {
        system: dict.fromkeys(references, f"{text} {system}")
        for system in SETTINGS.systems
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a dog barks while rain falls"], True),
        (["a dog barks as it rains", "a dog barks", "rain and a dog"], True),
        (["a dog barks", "rain falls with a dog"], False),
        (["a dog barks followed by rain with wind"], False),
        (["a bass plays"], False),
    ],
)
def test_overlap_is_what_most_references_say(texts, expected):
    assert overlaps(texts) is expected


def test_clips_are_drawn_by_the_rule_and_none_twice(references):
    found = choose(SETTINGS, said(references), references)
    assert [own.group for own in found] == [OVERLAPPING] * 2 + [RANDOM] * 2
    assert all(own.clip.startswith("both") for own in found[:2])
    assert len({own.clip for own in found}) == 4
    backwards = dict(reversed(references.items()))
    assert choose(SETTINGS, said(references), backwards) == found


def test_a_system_that_lacks_a_clip_is_named(references):
    captions = said(references)
    captions["Baseline"].clear()
    with pytest.raises(InputError, match="Baseline has no caption of clip 'both"):
        choose(SETTINGS, captions, references)


def test_captions_are_escaped_in_every_form(references):
    found = choose(SETTINGS, said(references, "=1+1 | <b> 5 % \\x"), references)
    rows = list(csv.DictReader(io.StringIO(as_csv(found, EVALUATED))))
    assert not any(row["caption"].startswith("=") for row in rows)
    assert {(row["corpus"], row["scale"]) for row in rows} == {("embedded", "demo")}
    table = [line for line in as_markdown(found, "t").splitlines() if "|" in line]
    assert {line.count("|") for line in table} == {5}
    assert "<b>" not in "".join(table)
    assert r"=1+1 \textbar{} \textless{}b\textgreater{} 5 \% \textbackslash{}x" in (
        as_latex(found, "t")
    )
