"""AudioCaps in a fresh clone without a network: one sentence says what is missing."""

import re

import pytest

pytestmark = pytest.mark.workflow

# Nothing answers there, and nothing else is asked.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = " ".join(f"{name}={NOWHERE}" for name in ("HTTPS_PROXY", "HTTP_PROXY"))
YOUTUBE = "scale=smoke corpus=audiocaps 'audiocaps={source: youtube, attempts: 1}'"


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ("deno 1.0.0", "a JavaScript runtime .* is missing: run `make env`"),
        ("deno 2.3.0", "train.csv cannot be fetched .* set audiocaps.captions"),
    ],
)
def test_youtube_without_a_network(fresh, tmp_path, runtime, said):
    program = tmp_path / "bin" / "deno"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{runtime}'\n")
    program.chmod(0o755)
    path = f"PATH={program.parent}:$PATH"
    done = fresh.run(
        f"{OFFLINE} {path} snakemake --cores 2 --config {YOUTUBE} -- all", check=False
    )
    assert done.returncode != 0
    sentences = re.findall(r"^error: (.*)$", done.stdout, re.MULTILINE)
    assert len(set(sentences)) == 1
    assert re.search(said, sentences[0])
    assert "Traceback" not in done.stdout
    # Nothing was begun that could not be ended.
    assert not list((fresh.folder / "data").glob("*/waveforms"))
