"""Names of models are those of files, and are known before anything is imported."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from workflow_src.errors import InputError
from workflow_src.models.families.registry import AUDIO_ENCODERS, FAMILIES, Registry


def test_every_file_registers_its_own_name():
    for registry in (AUDIO_ENCODERS, *FAMILIES.values()):
        assert registry.names
        for name in registry.names:
            assert registry[name].__module__ == f"{registry.package}.{name}"


def test_names_are_known_without_torch():
    code = (
        "import sys; from workflow_src.config import load; load(); "
        "from workflow_src.models.families.registry import AUDIO_ENCODERS; "
        "print(*AUDIO_ENCODERS.names); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ast", "clap", "wav2vec2", "whisper"]


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"wisper is no audio .* did you mean whisper"):
        AUDIO_ENCODERS["wisper"]
    with pytest.raises(InputError, match=r"no family of retrievers; known: clap, fram"):
        FAMILIES["retrieval"].check("x")


def test_a_file_that_registers_another_name_is_told(tmp_path, monkeypatch):
    package = "workflow_src.models.families.audio"
    (tmp_path / "silent.py").write_text('"""Registers nothing."""\n')
    places = find_spec(package).submodule_search_locations
    monkeypatch.setattr(sys.modules[package], "__path__", [*places, str(tmp_path)])
    monkeypatch.setattr(
        sys.modules[package].__spec__,
        "submodule_search_locations",
        [*places, str(tmp_path)],
    )
    registry = Registry(package, "audio encoder")
    assert "silent" in registry.names
    with pytest.raises(InputError, match="registers no audio encoder named silent"):
        registry["silent"]
