"""Code that has changed since a training is said, in one line, and no more."""

from dataclasses import replace

import pytest

from tests.records import record
from workflow_src.layout import Layout
from workflow_src.models.run_folder import SETTINGS, write_record
from workflow_src.version import CodeVersion
from workflow_src.versioning import code_changes
from workflow_src.versioning.code_changes import ANEW, changes, say_changes

TODAY = {"audio": "a1", "models": "m1", "training": "t1"}
LAYOUT = Layout("birds-smoke")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(code_changes, "source_digests", lambda: dict(TODAY))


def trained(task, recipe, seed=20, commit="c0ffee00aa", **sources):
    """Leave the record of a training by today's code, but for some folders of it."""
    code = CodeVersion("0.1.0", commit, True, TODAY | sources)
    write_record(replace(record(), code=code), LAYOUT.run(task, recipe, seed))


def test_nothing_is_said_where_nothing_was_trained_or_has_changed(capsys):
    assert changes(LAYOUT) == ""
    trained("captioning", "none")
    trained("retrieval", "none")
    assert changes(LAYOUT) == ""
    say_changes(LAYOUT)
    assert capsys.readouterr().err == ""


def test_the_line_names_the_folders_how_many_trainings_and_their_commits(capsys):
    trained("captioning", "none")
    trained("captioning", "all", models="m0")
    trained("captioning", "all", seed=21, models="m0")
    trained("retrieval", "all", commit="badcafe0bb", models="m0", training="t0")
    write_record(
        replace(record(), code=CodeVersion("0.1.0", "", True, TODAY)),
        LAYOUT.pretrained("captioning").parent,
    )
    line = changes(LAYOUT)
    assert line == (
        "the code in workflow_src/{models,training} has changed since 3 of 5 trainings "
        f"in {LAYOUT.runs} were made (0.1.0+gc0ffee00, 0.1.0+gbadcafe0); they are "
        f"kept. To make them anew: {ANEW}"
    )
    say_changes(LAYOUT)
    assert capsys.readouterr().err == f"{line}\n"


def test_an_older_pre_training_is_said_too():
    code = CodeVersion("0.1.0", "", True, TODAY | {"audio": "a0"})
    folder = LAYOUT.pretrained("retrieval").parent
    write_record(replace(record(), code=code), folder)
    assert "workflow_src/{audio} has changed since 1 of 1" in changes(LAYOUT)


def test_a_folder_that_is_new_since_counts_as_changed():
    code = CodeVersion("0.1.0", "", True, {"audio": "a1", "models": "m1"})
    write_record(replace(record(), code=code), LAYOUT.run("captioning", "none", 1))
    assert "workflow_src/{training} has changed" in changes(LAYOUT)


def test_another_corpus_and_a_damaged_record_are_left_out():
    trained("captioning", "all", models="m0")
    damaged = LAYOUT.run("captioning", "none", 1)
    damaged.mkdir(parents=True)
    (damaged / SETTINGS).write_text("task: [")
    assert "since 1 of 1 trainings" in changes(LAYOUT)
    assert changes(Layout("birds-paper")) == ""
