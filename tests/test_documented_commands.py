"""What README and docs/ tell a reader to type is there, with these options."""

import re
from functools import cache

import pytest

from tests.documented import ROOT, commands
from workflow_src import cli

OURS = commands("python -m workflow_src")
MAKE = commands("make")


@cache
def help_of(command: str) -> str:
    """What `COMMAND --help` prints."""
    import contextlib
    import io

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    return printed.getvalue()


def test_the_pages_have_commands():
    assert len(OURS) > 20
    assert len(MAKE) > 8


@pytest.mark.parametrize(("page", "words"), OURS, ids=lambda value: str(value)[:60])
def test_a_command_of_ours_has_the_options_that_a_page_gives_it(page, words):
    name, *rest = words
    if name.startswith("-"):
        assert name in ("--help", "--version")
        return
    if name == "<command>" or name.isupper():
        return
    said = help_of(name)
    for word in rest:
        if word.startswith("--"):
            option = word.split("=")[0]
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", said), f"{page}: {word}"


@pytest.mark.parametrize(("page", "words"), MAKE, ids=lambda value: str(value)[:60])
def test_what_make_is_asked_for_is_a_target(page, words):
    targets = re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text())
    for word in words:
        assert "=" in word or word in targets, f"{page}: make {word}"


def test_files_that_pages_name_are_there():
    missing = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            if not (ROOT / target).exists():
                missing.append(f"{page.name}: {target}")
    assert missing == []
