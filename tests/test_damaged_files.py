"""A damaged file is one sentence that names it and what to delete."""

import json

import pytest

from workflow_src.arguments import call, parser_of
from workflow_src.audio.settings import ClipForm
from workflow_src.corpus.decoded import DecodedSource, DecodedWriter
from workflow_src.corpus.download import Downloader
from workflow_src.corpus.identity import read_identity
from workflow_src.corpus.manifest import read_manifest
from workflow_src.corpus.text import Vocabulary
from workflow_src.errors import InputError
from workflow_src.layout import Layout
from workflow_src.metrics.spice.cache import TupleCache
from workflow_src.report.headlines import headlines
from workflow_src.report.runs import MethodScores
from workflow_src.report.scored import read_evaluation
from workflow_src.sweep import SweepCell
from workflow_src.versioning import provenance

NOT_UTF8 = b"\xff\xfe\x00"
NOT_JSON = b'{"torn": '
LIST = b"[1]\n"


def read_by_clip(path):
    """The clips' own scores, beside a `scores.json` that is whole."""
    evaluated = {
        "task": "captioning",
        "recipe": "all",
        "seed": 20,
        "split": "test",
        "tta": None,
        "corpus": "embedded",
        "scale": "demo",
        "settings": "0" * 8,
        "version": "0.1",
    }
    content = {"evaluated": evaluated, "clips": 2, "metrics": {"CIDEr": 50.0}}
    (path.parent / "scores.json").write_text(json.dumps(content))
    scores = MethodScores("captioning", {20: path.parent})
    return scores.check_pairs(scores, "CIDEr")


READERS = {
    "manifest.csv": read_manifest,
    "corpus.yaml": read_identity,
    "vocabulary.txt": Vocabulary.load,
    "scores.json": read_evaluation,
    "clips.csv": read_by_clip,
    "table3.csv": lambda path: headlines([path]),
    "spice.sqlite": lambda path: TupleCache(path, "any").get(["a dog"]),
    "form.json": lambda path: DecodedWriter(path.parent, ClipForm()),
    "lost.jsonl": lambda path: DecodedSource(path.parent),
    "job.jsonl": lambda path: Downloader(lambda clip, to: to, path.parent, "job"),
    "data/corpus/provenance.json": lambda path: provenance.adopt(Layout("corpus")),
    ".snakemake/adopted.json": lambda path: provenance.begin(Layout("corpus")),
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.csv", NOT_UTF8),
        ("manifest.csv", b"file_name,split\na.flac,train\n"),
        ("manifest.csv", b"file_name,split,state,reason,attempts\na,train,ok,,x\n"),
        ("corpus.yaml", NOT_UTF8),
        ("corpus.yaml", b"kind: {"),
        ("corpus.yaml", b"kind: embedded\n"),
        ("vocabulary.txt", NOT_UTF8),
        ("scores.json", NOT_UTF8),
        ("scores.json", NOT_JSON),
        ("scores.json", LIST),
        ("clips.csv", b""),
        ("clips.csv", NOT_UTF8),
        ("clips.csv", b"name,CIDEr\na,1.0\n"),
        ("clips.csv", b"file_name,CIDEr\na,1.0\nb,many\n"),
        ("table3.csv", b""),
        ("table3.csv", b"method,CIDEr\nnone,1.0\n"),
        ("spice.sqlite", b"not a database, and long enough to be read as one" * 9),
        ("form.json", NOT_JSON),
        ("form.json", LIST),
        ("lost.jsonl", LIST),
        ("lost.jsonl", b'{"file_name": "a"}\n'),
        ("job.jsonl", b'{"file_name": "a"}\n{}\n'),
        ("data/corpus/provenance.json", NOT_JSON),
        ("data/corpus/provenance.json", b'{"a": 1}'),
        ("data/corpus/provenance.json", b'{"shared": {}, "jobs": [{"files": 1}]}'),
        (
            "data/corpus/provenance.json",
            b'{"shared": {}, "jobs": [{"files": {"a": null}, "record": {}}]}',
        ),
        (".snakemake/adopted.json", NOT_JSON),
    ],
)
def test_it_is_named_with_what_to_delete(tmp_path, monkeypatch, name, content):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        READERS[name](path)
    sentence = str(caught.value)
    assert name in sentence or f"the folder {tmp_path}" in sentence
    assert "delete" in sentence
    assert "\n" not in sentence


def test_settings_that_are_no_text_are_named(tmp_path):
    def step(settings: SweepCell) -> None:
        """Do nothing."""

    path = tmp_path / "settings.yaml"
    for content in (NOT_UTF8, b"ratio: {"):
        path.write_bytes(content)
        parsed = parser_of(step, "step").parse_args(["--settings", str(path)])
        with pytest.raises(
            InputError,
            match=r"settings\.yaml: neither JSON nor YAML",
        ):
            call(step, parsed)
