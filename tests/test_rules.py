"""The rules call the steps as these are: no option misspelt, none forgotten."""

import inspect
import re
from pathlib import Path

import pytest

from workflow_src.steps import STEPS, step

RULES = Path(__file__).parents[1] / "rules"
# How a step runs: lists of words that rules hand to `how`, by the name they have there.
HOW = {
    "COMPUTE": "--device --threads",
    "TRAINING": "--options",
    "TRUST": "--trust-pickle",
    "CORENLP": "--corenlp",
    "SCORING": "--spice-cache --meteor-tables --corenlp",
    "LOSSES": "--max-missing",
    "DOWNLOADING": "--options",
    "TAKEN": "--taken",
    "DISK": "--samples --keeps-audio",
    "VIEWS": "--views-per-batch",
    "SEARCHES": "--encodings-per-search",
}
# Numbers, flags and words that the workflow itself chooses.
PLAIN = {f"params.{own}" for own in ("audiocaps", "shards", "size", "spice", "width")}
# The name of a split: letters, digits, - and _.
PLAIN.add("params.split")


def calls() -> dict[str, str]:
    """Rule -> the command that its `shell:` is, as one text."""
    found = {}
    for path in sorted(RULES.glob("*.smk")):
        for rule in re.split(r"\n(?=(?:local)?rule |use rule )", path.read_text()):
            name = re.match(r"rule (\w+):", rule)
            shell = re.search(r"\n    shell:\n(.*)", rule, re.DOTALL)
            if name and shell:
                parts = re.findall(r'^ {8}"(.*)"$', shell[1], re.MULTILINE)
                given = re.search(r"how=how\((.*?)\)", rule)
                names = given[1].split(", ") if given else []
                how = " ".join(HOW[own] for own in names)
                found[name[1]] = "".join(parts).replace("{resources.how}", how)
    return found


STEP = "python -m workflow_src "
CALLS = {rule: text for rule, text in calls().items() if text.startswith(STEP)}


def step_of(rule: str) -> str:
    return CALLS[rule].removeprefix(STEP).split()[0]


def test_the_words_of_how_are_those_of_the_rules():
    text = "".join(path.read_text() for path in RULES.glob("*.smk"))
    for name, options in HOW.items():
        (defined,) = re.findall(rf"^{name} = \[(?:.|\n)*?\]", text, re.MULTILINE)
        words = re.findall(r'"(--[a-z-]+)"', defined)
        assert set(words) <= set(options.split()) | {"--no-trust-pickle"}, name


def test_every_step_is_called_by_a_rule():
    called = {step_of(rule) for rule in CALLS}
    assert called == {name for commands in STEPS.values() for name in commands}


@pytest.mark.parametrize("rule", CALLS)
def test_a_rule_passes_the_options_that_the_step_has(rule):
    name = step_of(rule)
    function = step(name)
    assert function is not None, name
    parameters = inspect.signature(function).parameters.values()
    options = {f"--{own.name.replace('_', '-')}": own for own in parameters}
    passed = re.findall(r"(?<= )--[a-z0-9-]+", CALLS[rule])
    assert len(passed) == len(set(passed))
    assert not set(passed) - set(options)
    missing = inspect.Parameter.empty
    needed = {option for option, own in options.items() if own.default is missing}
    assert not needed - set(passed)


@pytest.mark.parametrize("rule", CALLS)
def test_a_rule_quotes_what_may_come_from_a_user(rule):
    for wildcard in re.findall(r"\{((?:input|output|params|log)[^{}]*)\}", CALLS[rule]):
        assert wildcard.endswith(":q") or wildcard in PLAIN, wildcard
