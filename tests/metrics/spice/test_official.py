import json
import sys
import zipfile
from pathlib import Path

import pytest

from workflow_src.errors import InputError
from workflow_src.metrics import captioning, java, spice
from workflow_src.metrics.spice import corenlp, official
from workflow_src.metrics.spice.cache import TupleCache

DATA = json.loads(
    (Path(__file__).parents[1] / "data" / "spice.json").read_text("utf-8")
)
CORENLP = Path(__file__).parents[3].parent / "shared" / "spice" / "corenlp"
# 385 MB under the GPL, which a clone does not have.
needs_corenlp = pytest.mark.skipif(not CORENLP.exists(), reason="no CoreNLP")


def folder_with(path, *names, parser=True):
    for name in names:
        with zipfile.ZipFile(path / name, "w") as jar:
            jar.writestr(corenlp.PARSER if parser else "empty", "")
    return path


CODE, MODELS = "stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar"


def test_jars_are_found_whole_or_cut_down(tmp_path):
    folder_with(tmp_path, CODE, MODELS.replace(".jar", "-trimmed.jar"))
    assert [path.name for path in corenlp.find(tmp_path)] == [
        CODE,
        "stanford-corenlp-3.6.0-models-trimmed.jar",
    ]


def test_missing_and_damaged_jars_are_named(tmp_path):
    with pytest.raises(
        InputError, match=r"3\.6\.0\.jar: run `python -m workflow_src fetch"
    ):
        corenlp.find(tmp_path)
    folder_with(tmp_path, CODE)
    with pytest.raises(InputError, match=r"3\.6\.0-models\.jar: run"):
        corenlp.find(tmp_path)
    folder_with(tmp_path, MODELS, parser=False)
    with pytest.raises(InputError, match="lacks the parser's model"):
        corenlp.find(tmp_path)
    (tmp_path / CODE).write_bytes(b"half a file")
    with pytest.raises(InputError, match="damaged or not whole"):
        corenlp.find(tmp_path)


def test_auto_takes_python_where_files_are_missing(tmp_path):
    chosen = spice.settings(spice.Settings("auto", corenlp=tmp_path))
    assert (chosen.kind, chosen.names) == ("python", ("SPICE-py", "SPIDEr-py"))


@needs_corenlp
def test_auto_takes_java_where_files_are():
    chosen = spice.settings(spice.Settings("auto", corenlp=CORENLP))
    assert (chosen.kind, chosen.names) == ("java", ("SPICE", "SPIDEr"))


def test_java_without_files_is_an_error_not_python(tmp_path):
    settings = spice.Settings("java", tmp_path, cache=tmp_path / "cache.sqlite")
    with pytest.raises(InputError, match="the official SPICE needs"):
        captioning.score({"a": "A dog"}, {"a": ["A dog"]}, settings)


@needs_corenlp
def test_parsed_captions_come_from_the_cache(tmp_path):
    # Tuples that no parser would give: Java scores them without its parser.
    settings = spice.Settings("java", CORENLP, cache=tmp_path / "cache.sqlite")
    cache = TupleCache(settings.cache, official.PARSER)
    cache.put(
        {"x": [["dog"], ["man", "talk"]], "y": [["dogs"]], "z": [["men", "speak"]]}
    )
    systems = {"one": {"a": "x", "b": "x"}, "two": {"a": "y", "b": ""}}
    scores = spice.score_many(systems, {"a": ["y", "z"], "b": ["z"]}, settings)
    assert scores == {"one": [1.0, pytest.approx(0.8)], "two": [0.5, 0.0]}


@needs_corenlp
def test_time_out_and_failure_say_so(tmp_path, monkeypatch):
    settings = spice.Settings("java", CORENLP, tmp_path / "c.sqlite", timeout=0.05)
    with pytest.raises(java.JavaError, match=r"SPICE did not finish within 0\.05 s"):
        official.parse(["A dog"], settings)
    settings = spice.Settings("java", CORENLP, tmp_path / "c.sqlite", heap="1k")
    with pytest.raises(java.JavaError, match="SPICE ended early with status"):
        official.parse(["A dog"], settings)


def test_worker_needs_nothing_of_the_package():
    # It runs as a script, so its own folder is first on the path.
    folder = official.WORKER.parent
    own = {path.stem for path in folder.glob("*.py")}
    assert not own & set(sys.stdlib_module_names)


@pytest.mark.slow
@needs_corenlp
def test_equals_the_official_scores(tmp_path):
    settings = spice.Settings("java", CORENLP, cache=tmp_path / "cache.sqlite")
    cases = DATA["cases"][::3]
    candidates = {str(n): case["test"] for n, case in enumerate(cases)}
    references = {str(n): case["refs"] for n, case in enumerate(cases)}
    found = spice.score_many({"": candidates}, references, settings)[""]
    assert found == pytest.approx([c["spice"] for c in cases], abs=1e-8)
    # On Penn Treebank tokens, as coco-caption has it, half the clips differ.
    scores = captioning.score(candidates, references, settings)
    on_tokens = [c["spice_on_tokens"] for c in cases]
    assert scores["SPICE"][1] == pytest.approx(on_tokens, abs=1e-8)
    assert list(scores)[-2:] == ["SPICE", "SPIDEr"]
