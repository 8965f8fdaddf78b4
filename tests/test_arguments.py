"""A function's parameters as options: types, lists, settings, and its docstring."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from workflow_src.arguments import call, parser_of
from workflow_src.errors import InputError
from workflow_src.settings import Settings


@dataclass(frozen=True)
class Sizes(Settings):
    width: int
    rate: float = 0.5


def run(function, *words):
    """Call a function as the command line does."""
    call(function, parser_of(function, "step").parse_args(words))


def refuse(capsys, function, *words) -> str:
    """What argparse says before it exits with status 2."""
    with pytest.raises(SystemExit) as stopped:
        run(function, *words)
    assert stopped.value.code == 2
    return capsys.readouterr().err


@pytest.fixture
def seen():
    return {}


@pytest.fixture
def step(seen):
    def step(
        settings: Sizes,
        *,
        output: Path,
        shards: list[Path],
        names: list[str],
        split: str = "test",
        shard: int = 0,
        share: float = 0.5,
        kind: Literal["auto", "java"] = "auto",
        trust_pickle: bool = False,
        keeps: bool = True,
        encoder: Path | None = None,
        threads: int | None = None,
    ) -> None:
        """Do something with 50 % of the clips.

        More about it.

        Args:
            settings: what it depends on.
            output: the file,
                at 100 %, on two lines.
            shards: folders: in order.
            split: its name.

        Raises:
            InputError: never.
        """
        seen.update(locals())
        del seen["seen"]

    return step


NEEDED = ["--settings", '{"width": 3}', "--output", "a b", "--shards", "x", "--names"]


def test_defaults_are_the_functions_own(step, seen):
    run(step, *NEEDED)
    assert seen == {
        "settings": Sizes(3),
        "output": Path("a b"),
        "shards": [Path("x")],
        "names": [],
        "split": "test",
        "shard": 0,
        "share": 0.5,
        "kind": "auto",
        "trust_pickle": False,
        "keeps": True,
        "encoder": None,
        "threads": None,
    }


def test_every_option_has_its_type(step, seen):
    words = ["--shards", "x y", "z", "--names", "n", "--split", "val", "--shard", "7"]
    words += ["--share", "0.25", "--kind", "java", "--trust-pickle", "--no-keeps"]
    run(step, *NEEDED, *words, "--encoder", "e.pt", "--threads", "2")
    assert seen["shards"] == [Path("x y"), Path("z")]
    assert seen["names"] == ["n"]
    assert (seen["split"], seen["shard"], seen["share"]) == ("val", 7, 0.25)
    assert (seen["kind"], seen["trust_pickle"], seen["keeps"]) == ("java", True, False)
    assert (seen["encoder"], seen["threads"]) == (Path("e.pt"), 2)


def test_an_optional_with_nothing_behind_it_is_none(step, seen):
    """Snakemake writes so where an input is left out."""
    run(step, *NEEDED, "--encoder", "--threads")
    assert seen["encoder"] is None
    assert seen["threads"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shard", "many"], "argument --shard: invalid int value: 'many'"),
        (["--kind", "perl"], "invalid choice: 'perl' (choose from"),
        (["--split"], "argument --split: expected one argument"),
        (["--zebra", "1"], "unrecognized arguments: --zebra"),
        (["--thread", "1"], "unrecognized arguments: --thread"),
    ],
)
def test_bad_words_are_refused(step, capsys, words, said):
    assert said in refuse(capsys, step, *NEEDED, *words)


def test_what_has_no_default_is_needed(step, capsys):
    said = refuse(capsys, step, *NEEDED[2:])
    assert "the following arguments are required: --settings" in said
    said = refuse(capsys, step)
    assert "--settings, --output, --shards, --names" in said


def test_settings_are_json_or_a_file_of_json_or_yaml(step, seen, tmp_path):
    path = tmp_path / "own settings"
    for content in ('{"width": 4, "rate": 1}', "width: 4\nrate: 1\n"):
        path.write_text(content)
        run(step, *NEEDED, "--settings", str(path))
        assert seen["settings"] == Sizes(4, 1.0)
    run(step, *NEEDED, "--settings", '  {"width": 5}')
    assert seen["settings"] == Sizes(5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"width: [", "neither JSON nor YAML"),
        (b"\xff\xfe", "neither JSON nor YAML"),
        (b"", "must be a mapping, not null"),
        (b"- 1", "must be a mapping, not [1]"),
        (b"width: 2020-01-01", 'width must be an integer, not "2020-01-01"'),
        (b"wdth: 1", "wdth is not a known key; did you mean width?"),
    ],
)
def test_a_bad_file_of_settings_is_one_sentence(step, tmp_path, content, said):
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        run(step, *NEEDED, "--settings", str(path))
    assert str(raised.value).startswith("--settings")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_bad_json_is_one_sentence(step):
    with pytest.raises(InputError, match=r"^--settings is not JSON: "):
        run(step, *NEEDED, "--settings", "{width: 1}")
    with pytest.raises(InputError, match=r"^--settings nowhere: neither JSON nor a "):
        run(step, *NEEDED, "--settings", "nowhere")


def test_the_docstring_is_the_help(step):
    text = " ".join(parser_of(step, "do-it").format_help().split())
    assert "usage: python -m workflow_src do-it" in text
    assert "Do something with 50 % of the clips." in text
    assert "--settings JSON what it depends on." in text
    assert "--output OUTPUT the file, at 100 %, on two lines." in text
    assert "folders: in order." in text
    assert "InputError" not in text
