"""The captions of `snakemake --report`: each is there, and none is left over."""

import re
from pathlib import Path

from jinja2 import Environment, StrictUndefined, meta

RULES = Path(__file__).parents[1] / "rules"
CAPTIONS = {path.stem for path in (RULES / "report").glob("*.rst")}


def named():
    """The captions that rules name."""
    text = "".join(path.read_text() for path in sorted(RULES.glob("*.smk")))
    return set(re.findall(r'shown\(\s*LAYOUT\.results / "[^"]+",\s*"(\w+)"', text))


def test_every_caption_is_there_and_used():
    assert named() == CAPTIONS
    assert "table" in CAPTIONS


def test_captions_ask_for_nothing_but_the_job():
    environment = Environment(undefined=StrictUndefined)
    for name in CAPTIONS:
        text = (RULES / "report" / f"{name}.rst").read_text(encoding="utf-8")
        asked = meta.find_undeclared_variables(environment.parse(text))
        assert asked <= {"snakemake"}, name
