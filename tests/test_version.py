"""Which code made a file: digests of what it does, and the commit."""

import subprocess

import pytest

from workflow_src import version
from workflow_src.version import CodeVersion, code_version, source_digests

PLAIN = """def double(x):
    return 2 * x


class Thing:
    size = 3
"""
COMMENTED = '''"""A module that doubles."""

# Why: nobody knows.
def double(x):
    """Give twice as much."""
    return (
        2 * x  # twice
    )


class Thing:
    """A thing.

    Attributes:
        size: of it.
    """

    size = 3
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of one folder, whose only module a test writes."""
    (tmp_path / "package" / "models").mkdir(parents=True)
    (tmp_path / "package" / "__init__.py").touch()
    monkeypatch.setattr(version, "PACKAGE", tmp_path / "package")
    code_version.cache_clear()
    yield tmp_path / "package"
    code_version.cache_clear()


def digest_of(package, text, name="thing.py"):
    path = package / "models" / name
    path.write_text(text)
    found = source_digests(["models"])["models"]
    path.unlink()
    return found


def test_comments_docstrings_and_layout_do_not_count(package):
    assert digest_of(package, PLAIN) == digest_of(package, COMMENTED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 * x", "3 * x"),
        ("2 * x", "x * 2"),
        ("size = 3", "size = 3.0"),
        ("size = 3", "size = '3'"),
        ("double", "triple"),
        ("(x)", "(x, y=None)"),
        ("return 2 * x", "x\n    return 2 * x"),
    ],
)
def test_code_counts(package, old, new):
    assert old in PLAIN
    assert digest_of(package, PLAIN) != digest_of(package, PLAIN.replace(old, new))


def test_a_text_that_is_used_counts(package):
    one, other = ('NAME = "one"\n', 'NAME = "other"\n')
    assert digest_of(package, one) != digest_of(package, other)


def test_a_files_name_counts(package):
    assert digest_of(package, PLAIN) != digest_of(package, PLAIN, "other.py")


def test_the_digests_of_this_package_are_of_its_folders():
    found = source_digests()
    assert set(found) == set(version.TRAINING_SOURCES)
    assert all((version.PACKAGE / folder).is_dir() for folder in found)
    assert len(set(found.values())) == len(found)
    assert source_digests() == found


def git(folder, *words):
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    options = [*identity, "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *options, *words], check=True)


def test_outside_git_there_is_no_commit(package):
    own = code_version()
    assert (own.commit, own.clean) == ("", True)
    assert str(own) == own.version


def test_in_git_the_commit_and_whether_the_package_is_as_committed(package):
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-qm", "all")
    clean = code_version()
    assert len(clean.commit) == 40
    assert clean.clean
    assert str(clean) == f"{clean.version}+g{clean.commit[:8]}"
    # A file beside the package is nothing of it.
    (package.parent / "config.yaml").write_text("scale: demo\n")
    code_version.cache_clear()
    assert code_version().clean
    (package / "models" / "new.py").write_text("x = 1\n")
    code_version.cache_clear()
    changed = code_version()
    assert not changed.clean
    assert str(changed) == f"{clean}.changed"


def test_a_repository_that_the_package_only_lies_in_is_not_its_own(package):
    """As in an environment below somebody's project."""
    (package.parent / ".gitignore").write_text("package/\n")
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".gitignore")
    git(package.parent, "commit", "-qm", "another project")
    assert code_version().commit == ""


def test_without_git_at_all(package, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert code_version().commit == ""


def test_its_words():
    own = CodeVersion("1.2", "0123456789abcdef", clean=False)
    assert str(own) == "1.2+g01234567.changed"
    assert str(CodeVersion("1.2")) == "1.2"
