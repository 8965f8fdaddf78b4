"""Which code made a file: the version, the commit, and the sources' digests."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from workflow_src.settings import Settings

PACKAGE = Path(__file__).parent
DISTRIBUTION = "pairmix-workflow"
# What decides how a trained model comes out.
TRAINING_SOURCES = ("audio", "augment", "models", "training")


@dataclass(frozen=True)
class CodeVersion(Settings):
    """The code that made a file.

    Attributes:
        version: of the distribution.
        commit: of git; empty outside a checkout.
        clean: whether the checkout had no changed file of the package.
        sources: folder of the package -> digest of its code, without comments and
            docstrings.
    """

    version: str
    commit: str = ""
    clean: bool = True
    sources: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.commit:
            return self.version
        return f"{self.version}+g{self.commit[:8]}{'' if self.clean else '.changed'}"


@cache
def code_version() -> CodeVersion:
    """The code that is running."""
    # An environment can lie in the repository of another project.
    ours = _git("ls-files", "--error-unmatch", "--", str(PACKAGE / "__init__.py"))
    commit = _git("rev-parse", "HEAD") if ours else ""
    changed = _git("status", "--porcelain", "--", str(PACKAGE)) if commit else ""
    return CodeVersion(
        importlib.metadata.version(DISTRIBUTION),
        commit,
        not changed,
        source_digests(),
    )


def source_digests(folders: Iterable[str] = TRAINING_SOURCES) -> dict[str, str]:
    """Folder of the package -> digest of what its files do.

    Comments, docstrings and layout do not count: they change nothing.
    """
    digests = {}
    for folder in folders:
        total = hashlib.sha256()
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            total.update(path.name.encode() + _code(path).encode())
        digests[folder] = total.hexdigest()[:12]
    return digests


def _code(path: Path) -> str:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _git(*arguments: str) -> str:
    """Output of a git command in the package's checkout; empty without one."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
