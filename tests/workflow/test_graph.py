"""The whole graph at smoke scale, and the three commands as they are typed."""

import pandas as pd
import pytest

from workflow_src.config import load, steps

pytestmark = pytest.mark.workflow


def test_all_makes_every_result_and_then_has_nothing_to_do(finished):
    results = finished.folder / "results"
    config = load(overrides={"scale": "smoke"})
    for name in config.tables:
        settings = steps.table(config, name)
        made = pd.read_csv(results / "embedded-smoke" / f"{name}.csv")
        assert made["method"].tolist() == [row.method for row in settings.rows]
        assert (made["clips"] == 12).all()
        assert (made["seeds"] == 1).all()
        assert (made["corpus"] == "embedded").all()
        assert (made["scale"] == "smoke").all()
        for row, (_, ours) in zip(settings.rows, made.iterrows(), strict=True):
            for metric, figure in row.published.items():
                assert ours[f"{metric} (paper)"] == figure
        # What is typed is the selected corpus's.
        typed = (results / f"{name}.csv").read_bytes()
        assert typed == (results / "embedded-smoke" / f"{name}.csv").read_bytes()
    again = finished.run("snakemake --cores 8 --resources gpu=1 all")
    assert "Nothing to be done" in again.stdout


def test_the_scale_on_the_command_line_is_the_scale_in_the_file(finished):
    finished.select_scale("demo")
    done = finished.run(
        "snakemake --cores 2 --resources gpu=1 --config scale=smoke -- all"
    )
    finished.select_scale("smoke")
    assert "Nothing to be done" in done.stdout


def test_one_table_alone(fresh):
    fresh.select_scale("smoke")
    fresh.run("snakemake results/table4.csv")
    made = pd.read_csv(fresh.folder / "results" / "table4.csv")
    assert made["method"].tolist() == [
        "concat",
        "waveform-only",
        "spectrogram-only",
        "PairMix",
    ]
    trained = {path.name for path in (fresh.folder / "runs").glob("*/captioning/*")}
    assert trained == set(made["recipe"])
    # The committed tables of the demo are as they were.
    assert not fresh.run("git status --porcelain results").stdout


def test_dvc_pull(fresh):
    fresh.run("dvc pull")


def test_a_bad_config_stops_before_any_job_with_one_sentence(fresh):
    done = fresh.run("snakemake --cores 1 --config scale=big -- all", check=False)
    assert done.returncode != 0
    assert "scale is big, but config/big.yaml does not exist" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (fresh.folder / "data").exists()


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        ("retrieval={training: {learning_rate: 0.002}}", "train_retrieval"),
        ("captioning={training: {learning_rate: 0.002}}", "train_captioning"),
        ("seeds=[21]", "train_captioning"),
        ("captioning={decoding: {beams: 2}}", "caption_split"),
    ],
)
def test_a_changed_value_makes_what_depends_on_it_stale(finished, change, stale):
    done = finished.run(f"snakemake --dry-run --config 'scale=smoke' '{change}' -- all")
    jobs = {line.split()[0] for line in done.stdout.splitlines() if line.split()}
    assert stale in jobs
    # What lies before it in the graph is still good.
    assert not jobs & {"embedded_audio", "log_mels", "pretrain"}
    if stale == "caption_split":
        assert not jobs & {"train_captioning", "train_retrieval"}
