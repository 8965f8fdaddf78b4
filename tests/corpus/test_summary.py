import logging

import pytest

from workflow_src.audio.loading import PAPER_FORM
from workflow_src.corpus.audiocaps import ACT_AUTHORS_CLIPS
from workflow_src.corpus.manifest import ManifestRow, write_manifest
from workflow_src.corpus.summary import check_disk, write_corpus_table
from workflow_src.errors import InputError


def test_the_table_counts_clips_by_split_and_state(tmp_path):
    states = ["ok", "ok", "private", "failed", "too short"]
    rows = [ManifestRow(f"{i}", "train", state) for i, state in enumerate(states)]
    rows.append(ManifestRow("0", "noisy", "ok"))
    write_manifest(tmp_path / "manifest.csv", rows)
    write_corpus_table(
        tmp_path / "manifest.csv", tmp_path / "corpus.csv", ACT_AUTHORS_CLIPS
    )
    assert (tmp_path / "corpus.csv").read_text().splitlines() == [
        "split,wanted,got,unavailable,private,too short,silent,corrupt,failed,"
        "act_authors",
        "train,5,2,0,1,1,0,0,1,49274",
        "noisy,1,1,0,0,0,0,0,0,",
    ]


def test_the_need_of_the_paper_is_said(tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    usage = type("Usage", (), {"free": 10**12})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    check_disk(
        tmp_path / "not" / "yet" / "there", 49274, PAPER_FORM.samples, keeps_audio=True
    )
    (said,) = caplog.messages
    assert "49,274 clips: 31.5 GB of waveforms" in said
    assert "9.5 GB of log-mels and about 29.6 GB of fetched audio" in said
    assert "needs 102.1 GB" in said
    assert "1000.0 GB free" in said
    usage.free = 10**11
    with pytest.raises(InputError, match=r"needs 102\.1 GB .* 100\.0 GB free"):
        check_disk(tmp_path, 49274, PAPER_FORM.samples, keeps_audio=True)
    check_disk(tmp_path, 49274, PAPER_FORM.samples, keeps_audio=False)
