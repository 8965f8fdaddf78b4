"""The commands that README and docs/ tell a reader to type."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROGRAMS = ("python -m workflow_src", "snakemake", "make", "dvc")
# A line of a code block, fenced or indented, and code within a line.
LINE = re.compile(rf"^ *((?:{'|'.join(PROGRAMS)}) .*)$", re.MULTILINE)
INLINE = re.compile(rf"`((?:{'|'.join(PROGRAMS)}) [^`]*)`", re.DOTALL)


def commands(program: str) -> list[tuple[str, list[str]]]:
    """The page and the words of every command of a program.

    Optional parts in brackets, and what stands behind `&&` or `#`, are left out.
    """
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        # A long command goes on behind a backslash.
        text = re.sub(r"\\\n\s*", "", text)
        for pattern in (LINE, INLINE):
            for match in pattern.finditer(text):
                line = re.split(r" && |\s#\s|\n", match[1])[0]
                line = re.sub(r"\[[^]]*\]", "", line)
                if line == program or line.startswith(f"{program} "):
                    words = shlex.split(line.removeprefix(program))
                    found.append((page.name, words))
    return found
