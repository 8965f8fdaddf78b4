"""An error of the config says where a person has to look."""

from pathlib import Path

import pytest

from workflow_src.config import load
from workflow_src.errors import InputError

CONFIG = Path(__file__).parents[1] / "config.yaml"


@pytest.fixture
def config(tmp_path):
    """A copy of the config file and its scales."""
    (tmp_path / "config").mkdir()
    for file in [CONFIG, *CONFIG.parent.glob("config/*.yaml")]:
        copy = tmp_path / file.relative_to(CONFIG.parent)
        copy.write_bytes(file.read_bytes())
    return tmp_path / "config.yaml"


def test_a_check_of_the_whole_names_the_command_line_where_it_changed_something(config):
    with pytest.raises(InputError) as caught:
        load(config, {"corpus": "folder"})
    assert str(caught.value) == (
        f"{config} with --config: corpus is folder, but corpus_dir is null"
    )


def test_a_check_of_the_whole_names_the_file_alone_without_a_command_line(config):
    text = config.read_text(encoding="utf-8")
    changed = text.replace("\ncorpus: auto", "\ncorpus: folder")
    assert changed != text
    config.write_text(changed, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(config)
    assert str(caught.value).startswith(f"{config}: corpus is folder")


def test_a_key_is_looked_for_where_it_was_typed_last(config):
    with pytest.raises(InputError, match=r"^--config: tta\.seed must be an integer"):
        load(config, {"tta": {"seed": "two"}})
