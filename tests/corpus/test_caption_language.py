"""What captions are like, and the comparison that docs/embedded_corpus.md shows."""

from pathlib import Path

import pytest

from workflow_src.corpus.caption_language import (
    compare_captions,
    describe,
    in_markdown,
)
from workflow_src.corpus.embedded.plan import plan_split
from workflow_src.corpus.embedded.settings import EmbeddedSettings
from workflow_src.errors import InputError

PAGE = Path("docs/embedded_corpus.md")


def test_figures_of_a_few_captions():
    figures = describe(["A dog barks and rain falls", "A dog barks.", "a dog barks"])
    assert figures["captions"] == 3
    assert figures["different captions (%)"] == pytest.approx(200 / 3)
    assert figures["different words in 1,000 captions"] == 6
    assert figures["words, mean"] == 4
    assert figures['with "and" (%)'] == pytest.approx(100 / 3)
    assert figures['begin with "a" (%)'] == 100
    assert figures['with "as" (%)'] == 0


def test_no_captions_are_a_sentence():
    with pytest.raises(InputError, match="no captions"):
        describe([])


def test_files_are_compared_side_by_side(tmp_path):
    for name, text in (("one", "A dog barks"), ("two", "Rain and wind")):
        (tmp_path / f"{name}.csv").write_text(f"caption\n{text}\n", encoding="utf-8")
    table = tmp_path / "table.md"
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    compare_captions(captions=files, output=table)
    assert '| with "and" (%) | 0.0 | 100.0 |' in table.read_text(encoding="utf-8")


def test_the_page_has_the_figures_of_the_embedded_corpus():
    """Of 1,000 training captions; AudioCaps's column stands beside them."""
    corpus = EmbeddedSettings(train_clips=1000)
    figures = describe([clip.captions[0] for clip in plan_split(corpus, "train")])
    page = PAGE.read_text(encoding="utf-8")
    for line in in_markdown({"embedded": figures}).splitlines()[2:]:
        assert line in page, line
