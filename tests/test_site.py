"""The site of docs/, without mkdocs: no page is lost, no link and no name is dead."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMES = [
    name
    for path in sorted((DOCS / "reference").glob("*.md"))
    for name in re.findall(r"^::: (\S+)$", path.read_text("utf-8"), re.MULTILINE)
]


def entries(nav):
    """The pages that a part of the navigation names."""
    for entry in nav:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from [value] if isinstance(value, str) else entries(value)


def test_every_page_is_in_the_navigation_once_and_every_entry_is_a_page():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    assert sorted(entries(site["nav"])) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    text = (DOCS / page).read_text("utf-8")
    for link in LINK.findall(text):
        target = link.partition("#")[0]
        if target and "://" not in target:
            assert ((DOCS / page).parent / target).is_file(), link


@pytest.mark.parametrize("name", NAMES)
def test_what_the_reference_names_is_there_and_explained(name):
    try:
        found = import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        found = getattr(import_module(module), attribute)
    assert found.__doc__


def test_the_reference_has_every_public_name():
    named = {name.rpartition(".")[2] for name in NAMES}
    modules = {name.rpartition(".")[2] for name in NAMES if name.islower()}
    for package in ("augment", "tta", "inference"):
        module = import_module(f"workflow_src.{package}")
        for public in module.__all__:
            place = getattr(module, "_MODULES", {}).get(public, "grid")
            assert public in named or place in modules, f"{package}.{public}"
