"""config/README.md has every key of config.yaml, with its meaning."""

from dataclasses import dataclass
from pathlib import Path

from workflow_src.config import keys
from workflow_src.config.reading import layers, resolve
from workflow_src.config.schema import Config
from workflow_src.versioning.leaves import leaves

ROOT = Path(__file__).parents[2]


def test_the_page_is_current(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = (ROOT / keys.PAGE).read_text(encoding="utf-8")
    assert said == keys.page(), "python -m workflow_src.config.keys writes it anew"


def test_every_key_and_section_has_a_meaning():
    for section in keys.sections():
        assert section.meaning or not section.path
        for key, meaning in section.keys.items():
            assert meaning.endswith((".", "?")), key


def test_every_leaf_of_the_config_is_there():
    known = {key for section in keys.sections() for key in section.keys}
    for leaf, _ in leaves(resolve(layers(ROOT / "config.yaml", {"scale": "demo"}))):
        parts = leaf.split(".")
        starts = {".".join(parts[: n + 1]) for n in range(len(parts))}
        inner = {key for key in known if key.startswith(f"{leaf}.")}
        assert starts & known or inner, leaf


@dataclass(frozen=True)
class Base:
    """A base.

    Attributes:
        first: on one line.
        second: on
            two lines.
    """

    first: int = 1
    second: int = 2


@dataclass(frozen=True)
class Derived(Base):
    """A class of its own.

    Attributes:
        third: new.
        first: said anew.

    Raises:
        ValueError: never.
    """

    third: int = 3


def test_meanings_are_those_of_the_docstrings():
    assert keys.meanings(Derived) == {
        "first": "said anew.",
        "second": "on two lines.",
        "third": "new.",
    }
    assert "corpus" in keys.meanings(Config)
