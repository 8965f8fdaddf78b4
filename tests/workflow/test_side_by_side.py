"""A corpus of one's own under version control beside the one that ships, with its
waveforms: who has no audio evaluates its checkpoints all the same.
"""

import csv
import shutil

import numpy as np
import pytest
import soundfile
import yaml

from tests.workflow.clones import Clone
from tests.workflow.conftest import GIT
from tests.workflow.test_dvc import PULL, files

pytestmark = pytest.mark.workflow

CORPUS = "birds-smoke"
STAGES = f"tracked/{CORPUS}/dvc.yaml"
WAVEFORMS = f"data/{CORPUS}/waveforms"
RUN = f"runs/{CORPUS}/captioning/specaugment/seed20"
# One training of each task behind all tables.
BOTH = [{"method": "Baseline", "recipe": "specaugment"}]


@pytest.fixture
def birds(tmp_path):
    """A corpus of chirps and noise."""
    folder = tmp_path / "birds"
    (folder / "audio").mkdir(parents=True)
    random = np.random.default_rng(0)
    for split, count in {"train": 12, "val": 4, "test": 4}.items():
        names = [f"{split}{number}.wav" for number in range(count)]
        for name in names:
            tone = np.sin(np.arange(16_000) * random.uniform(0.1, 1.0))
            sound = 0.3 * tone + 0.001 * random.standard_normal(16_000)
            soundfile.write(folder / "audio" / name, sound, 16_000)
        with (folder / f"{split}.csv").open("w", newline="") as file:
            rows = [(name, f"a bird sings {name[-5]}") for name in names]
            csv.writer(file).writerows([("file_name", "caption"), *rows])
    return folder


def select(clone, birds) -> None:
    path = clone.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config |= {"scale": "smoke", "corpus": "folder", "corpus_dir": str(birds)}
    for table in config["tables"].values():
        table["rows"] = BOTH
    config["tta"]["recipe"] = "specaugment"
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def test_a_corpus_of_ones_own_beside_the_one_that_ships(fresh, birds, tmp_path):
    before = files(fresh.folder / "artifacts")
    shipped = (fresh.folder / "dvc.yaml").read_bytes()
    lab = tmp_path / "lab"
    select(fresh, birds)
    fresh.run(f"dvc remote add --default lab {lab}")
    fresh.run("snakemake --cores 8 --resources gpu=1 all && snakemake text")
    done = fresh.run("python -m workflow_src.versioning.commit")
    assert "pushed to the remote lab" in done.stdout
    assert f"tracked/{CORPUS}/dvc.yaml" in done.stdout
    # What ships is as it was.
    assert files(fresh.folder / "artifacts") == before
    assert (fresh.folder / "dvc.yaml").read_bytes() == shipped
    fresh.run(f"git add --all && git add --all --force results/{CORPUS}")
    fresh.run(f"{GIT} commit -q -m birds")
    waveforms = files_below(fresh.folder / WAVEFORMS)
    models = files_below(fresh.folder / RUN)

    # Elsewhere, with no sound in the folder.
    shutil.rmtree(birds / "audio")
    (birds / "audio").mkdir()
    other = Clone.of(fresh.folder, tmp_path / "other")
    done = other.run(PULL)
    assert "make pull-waveforms" in done.stdout
    assert not (other.folder / "waveforms").exists()
    assert (other.folder / RUN / "model.pt").read_bytes() == models["model.pt"]
    other.run(f"{PULL} --waveforms")
    assert files_below(other.folder / WAVEFORMS) == waveforms
    packed = sum(map(len, files_below(other.folder / "waveforms" / CORPUS).values()))
    assert packed < sum(map(len, waveforms.values())) / 2
    # Both corpora are fetched where all is asked for, each from its own remote.
    other.run("dvc pull --force")
    assert (other.folder / "runs" / "embedded-demo").exists()


def files_below(folder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".snakemake")
    }
