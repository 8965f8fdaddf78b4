"""The rules call the steps as these are: no option misspelt, none forgotten."""

import inspect
import re
from pathlib import Path

import pytest

from workflow_src.steps import STEPS, step

RULES = Path(__file__).parents[1] / "rules"
# What rules/common.smk gives several rules at once.
SHARED = {
    "{COMPUTE}": "--device x --threads x",
    "{TRUST}": "--trust-pickle",
    "{DISK}": "--samples x --keeps-audio",
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
                text = "".join(parts)
                for short, long in SHARED.items():
                    text = text.replace(short, long)
                found[name[1]] = text
    return found


CALLS = {rule: text for rule, text in calls().items() if text.startswith("{STEP} ")}


def test_every_step_is_called_by_a_rule():
    called = {text.split()[1] for text in CALLS.values()}
    assert called == {name for commands in STEPS.values() for name in commands}


@pytest.mark.parametrize("rule", CALLS)
def test_a_rule_passes_the_options_that_the_step_has(rule):
    name = CALLS[rule].split()[1]
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
