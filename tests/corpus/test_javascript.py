import importlib.util
import sys
import types

import pytest

from workflow_src.corpus import javascript
from workflow_src.corpus.javascript import Runtime, find_runtimes, require_downloader
from workflow_src.errors import InputError


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An environment with nothing in it; gives functions that put things there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    packages = set()
    find_spec = importlib.util.find_spec

    def find(name):
        ours = name in ("deno", "yt_dlp", "yt_dlp_ejs")
        return (name in packages or None) if ours else find_spec(name)

    monkeypatch.setattr(importlib.util, "find_spec", find)

    def program(name, says, folder="bin"):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
        return str(path)

    def package(name, path=None):
        packages.add(name)
        module = types.ModuleType(name)

        def find_deno_bin():
            if path is None:
                raise FileNotFoundError(name)
            return path

        module.find_deno_bin = find_deno_bin
        monkeypatch.setitem(sys.modules, name, module)

    return types.SimpleNamespace(program=program, package=package)


def test_nothing_there(environment):
    assert find_runtimes() == []
    with pytest.raises(InputError) as caught:
        require_downloader()
    assert str(caught.value) == (
        "audiocaps.source is youtube, and yt-dlp and yt-dlp-ejs and a JavaScript "
        "runtime (deno 2.3 or node 22, or newer) are missing: run `make env`, which "
        "installs the downloader where config.yaml selects it, or take the audio from "
        "elsewhere (audiocaps.source)"
    )


def test_the_program_of_the_package_is_found_off_the_path(environment):
    path = environment.program("deno", "deno 2.9.8 (stable, release)", "elsewhere")
    environment.package("deno", path)
    environment.program("node", "v22.1.0")
    found = find_runtimes()
    assert found[0] == Runtime("deno", path)
    assert str(found[0]) == f"deno:{path}"
    assert [runtime.name for runtime in found] == ["deno", "node"]
    environment.package("yt_dlp")
    with pytest.raises(InputError, match="and yt-dlp-ejs is missing"):
        require_downloader()
    environment.package("yt_dlp_ejs")
    assert require_downloader() == found


def test_a_package_without_its_program_is_passed_over(environment):
    environment.package("deno")
    path = environment.program("deno", "deno 2.3.0")
    assert find_runtimes() == [Runtime("deno", path)]


@pytest.mark.parametrize(
    ("name", "says", "good"),
    [
        ("deno", "deno 2.3.0", True),
        ("deno", "deno 2.2.9", False),
        ("deno", "deno 10.0.0", True),
        ("deno", "what?", False),
        ("node", "v22.0.0", True),
        ("node", "v20.20.2", False),
    ],
)
def test_versions(environment, name, says, good):
    environment.program(name, says)
    assert bool(find_runtimes()) is good


def test_a_program_that_fails_is_none(environment, tmp_path):
    path = environment.program("deno", "deno 2.9.8")
    with open(path, "a") as file:
        file.write("exit 1\n")
    assert find_runtimes() == []
    assert javascript._version(str(tmp_path / "none")) == (0,)
