"""The differences of a table, from the files that evaluations leave."""

import gzip
import time

import numpy as np
import pandas as pd
import pytest

from workflow_src.errors import InputError
from workflow_src.evaluation import scores as score_files
from workflow_src.evaluation.scores import Evaluated
from workflow_src.metrics import captioning, paraphrases, retrieval
from workflow_src.metrics.uncertainty import over_seeds
from workflow_src.report.runs import MethodScores
from workflow_src.report.statistics import Bootstrap, table_differences

CLIPS = [f"clip {n}.flac" for n in range(30)]
WORDS = ["a dog barks", "rain falls", "a man speaks", "loudly", "in the distance"]
RESAMPLES = 1000
# Method and seed, and how often it says a reference.
GOOD = {"none 1": 0.2, "none 2": 0.3, "all 1": 0.8, "all 2": 0.7}


def say(draws, words):
    return " ".join(draws.choice(WORDS, size=words))


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory):
    """Four systems on 30 clips with one to five references each."""
    draws = np.random.default_rng(0)
    references = {
        clip: [say(draws, 3) for _ in range(1 + n % 5)] for n, clip in enumerate(CLIPS)
    }
    systems = {
        name: {
            clip: texts[0] if draws.random() < good else say(draws, 3)
            for clip, texts in references.items()
        }
        for name, good in GOOD.items()
    }
    folder = tmp_path_factory.mktemp("meteor")
    with pytest.MonkeyPatch.context() as patch:
        # A small table of paraphrases, for METEOR's quick start.
        (folder / "whole.gz").write_bytes(gzip.compress(b"0.5\nloudly\nquietly\n"))
        patch.setattr(paraphrases, "table", lambda: folder / "whole.gz")
        return captioning.evaluate_many(systems, references, "none", folder)


def write_captioning(folder, evaluation, order=None):
    """What the evaluation leaves, the rows in any order."""
    folder.mkdir(parents=True)
    scores = {name: own for name, (_, own) in evaluation.scores.items()}
    for file, columns in (("clips", scores), ("statistics", evaluation.statistics)):
        table = pd.DataFrame(columns)
        table.insert(0, "file_name", CLIPS)
        if order is not None:
            table = table.iloc[order]
        table.to_csv(folder / f"{file}.csv", index=False)
    metrics = {name: 100 * corpus for name, (corpus, _) in evaluation.scores.items()}
    write_scores(folder, metrics)


def write_scores(folder, metrics):
    task = "captioning" if "CIDEr" in metrics else "retrieval"
    what = Evaluated(task, "all", 20, "test", None, "embedded", "demo", "0" * 8, "0.1")
    score_files.write_scores(folder, what, len(CLIPS), metrics)


def write_retrieval(folder, worst, draws):
    """Ranks of clips with one to four captions."""
    folder.mkdir(parents=True)
    names = {"t2a": np.repeat(CLIPS, 1 + np.arange(len(CLIPS)) % 4), "a2t": CLIPS}
    metrics, parts = {}, []
    for direction, asking in names.items():
        ranks = draws.integers(0, worst, len(asking))
        metrics |= {
            f"{direction.upper()} {name}": value
            for name, value in retrieval.summary(ranks).items()
        }
        parts.append(
            pd.DataFrame(
                {"direction": direction, "file_name": asking, "rank": ranks + 1}
            )
        )
    pd.concat(parts).to_csv(folder / "ranks.csv", index=False)
    write_scores(folder, metrics)


@pytest.fixture
def captioners(tmp_path, evaluations):
    """Two methods of two seeds each, their files in different orders."""
    order = np.random.default_rng(1).permutation(len(CLIPS))
    for name, evaluation in evaluations.items():
        recipe, seed = name.split()
        write_captioning(
            tmp_path / recipe / seed, evaluation, order if recipe == "all" else None
        )
    return tmp_path


def method(folder, recipe, *seeds, task="captioning"):
    return MethodScores(task, {seed: folder / recipe / str(seed) for seed in seeds})


@pytest.fixture
def retrievers(tmp_path):
    draws = np.random.default_rng(2)
    for recipe, worst in (("none", 30), ("all", 12)):
        for seed in (1, 2, 3):
            write_retrieval(tmp_path / recipe / str(seed), worst, draws)
    return tmp_path


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_every_difference_is_that_of_the_printed_scores(captioners, seeds):
    rows = [[method(captioners, recipe, *seeds)] for recipe in ("none", "all")]
    first, second = table_differences(rows, captioning.METRICS, RESAMPLES)
    assert first == {}
    assert list(second) == list(captioning.METRICS)
    for metric, found in second.items():
        theirs, ours = (over_seeds(row[0].values(metric))[0] for row in rows)
        assert found.difference == round(round(ours, 2) - round(theirs, 2), 2)
        assert found.low <= found.difference <= found.high
        assert found.resampled == ("clips" if len(seeds) == 1 else "seeds and clips")
        assert found.p <= found.corrected_p


def test_clips_are_paired_by_name(captioners, evaluations, tmp_path):
    write_captioning(tmp_path / "sorted" / "1", evaluations["all 1"])
    baseline = method(captioners, "none", 1)
    bootstrap = Bootstrap(RESAMPLES)
    for metric in captioning.METRICS:
        shuffled, plain = (
            bootstrap.difference(method(captioners, recipe, 1), baseline, metric)
            for recipe in ("all", "sorted")
        )
        assert shuffled == plain


@pytest.mark.parametrize("statistic", list(retrieval.STATISTICS))
@pytest.mark.parametrize("direction", ["T2A", "A2T"])
def test_retrieval_with_any_number_of_captions_a_clip(retrievers, statistic, direction):
    """Difference and column are the mean over the seeds of one statistic, medR too."""
    metric = f"{direction} {statistic}"
    rows = [
        [method(retrievers, recipe, 1, 2, 3, task="retrieval")]
        for recipe in ("none", "all")
    ]
    _, second = table_differences(rows, [metric], RESAMPLES)
    found = second[metric]
    theirs, ours = (over_seeds(row[0].values(metric))[0] for row in rows)
    assert found.difference == round(round(ours, 2) - round(theirs, 2), 2)
    assert found.low <= found.difference <= found.high
    assert found.resampled == "seeds and clips"


def test_both_tasks_share_a_table_and_its_correction(captioners, evaluations, tmp_path):
    draws = np.random.default_rng(3)
    for recipe, worst in (("none", 30), ("all", 4), ("eda", 30)):
        write_retrieval(tmp_path / "retrieval" / recipe / "1", worst, draws)
    found = [
        method(tmp_path / "retrieval", recipe, 1, task="retrieval")
        for recipe in ("none", "all", "eda")
    ]
    rows = [
        [method(captioners, "none", 1), found[0]],
        [method(captioners, "all", 1), found[1]],
        [found[2]],  # not a captioner
    ]
    metrics = ["CIDEr", "SPIDEr", "T2A R@10", "A2T R@10"]
    first, second, third = table_differences(rows, metrics, RESAMPLES)
    assert first == {}
    assert list(second) == ["CIDEr", "T2A R@10", "A2T R@10"]
    assert list(third) == ["T2A R@10", "A2T R@10"]
    assert second["T2A R@10"].significant
    smallest = min(own.p for row in (second, third) for own in row.values())
    assert second["T2A R@10"].corrected_p == pytest.approx(5 * smallest)


def test_too_few_resamples_for_a_table_are_said(captioners, caplog):
    rows = [[method(captioners, recipe, 1)] for recipe in ("none", "all")]
    table_differences(rows, captioning.METRICS, 100)
    assert "cannot mark any of 7 differences: 280 or more can" in caplog.text


def edit(path, change):
    table = pd.read_csv(path)
    change(table).to_csv(path, index=False)


def without_first(table):
    return table.iloc[1:]


def renamed(table):
    return table.replace("clip 3.flac", "clip x.flac")


@pytest.mark.parametrize(
    ("files", "change", "message"),
    [
        (["clips", "statistics"], without_first, r"all/1 lacks clip 'clip \d+.flac'"),
        (
            ["clips", "statistics"],
            renamed,
            r"all/1 lacks clip 'clip 3.flac' of .*none/1",
        ),
        (["statistics"], renamed, "all/1: statistics.csv is of other clips"),
        (
            ["clips"],
            lambda table: pd.concat([table, table.iloc[:1]]),
            r"clips.csv has clip 'clip \d+.flac' twice",
        ),
        (
            ["statistics"],
            lambda table: table.assign(**{"BLEU candidate length": 1}),
            r"BLEU-4 is [\d.]+ in scores.json and [\d.]+ by its clips",
        ),
    ],
)
def test_files_that_do_not_fit_are_named(captioners, files, change, message):
    for file in files:
        edit(captioners / "all" / "1" / f"{file}.csv", change)
    with pytest.raises(InputError, match=message):
        Bootstrap(10).difference(
            method(captioners, "all", 1), method(captioners, "none", 1), "BLEU-4"
        )


def test_missing_files_are_named(captioners):
    folder = captioners / "all" / "1"
    (folder / "statistics.csv").unlink()
    methods = method(captioners, "all", 1), method(captioners, "none", 1)
    assert Bootstrap(10).difference(*methods, "CIDEr").difference > 0
    with pytest.raises(InputError, match="no clip's 'BLEU candidate length': evaluate"):
        Bootstrap(10).difference(*methods, "BLEU-4")
    (folder / "clips.csv").unlink()
    with pytest.raises(InputError, match=r"clips.csv: No such file"):
        Bootstrap(10).difference(method(captioners, "all", 1), methods[1], "CIDEr")
    (folder / "scores.json").unlink()
    with pytest.raises(InputError, match=r"scores.json: No such file"):
        method(captioners, "all", 1)


def test_other_captions_of_a_clip_are_named(retrievers):
    path = retrievers / "all" / "1" / "ranks.csv"
    edit(path, lambda table: table.drop(index=2))  # one of two captions of clip 1
    methods = [method(retrievers, r, 1, task="retrieval") for r in ("all", "none")]
    with pytest.raises(
        InputError, match=r"'clip 1.flac' has 2 captions in .*none/1 and 1"
    ):
        Bootstrap(10).difference(*methods, "T2A R@10")
    assert Bootstrap(10).difference(*methods, "A2T R@10").difference > 0


def test_seeds_of_other_clips_are_named(captioners):
    for file in ("clips", "statistics"):
        edit(captioners / "all" / "2" / f"{file}.csv", renamed)
    methods = [method(captioners, recipe, 1, 2) for recipe in ("all", "none")]
    with pytest.raises(InputError, match=r"all/2 lacks clip 'clip 3.flac' of .*all/1"):
        Bootstrap(10).difference(*methods, "CIDEr")


def test_a_large_table_takes_seconds(tmp_path):
    """21 runs of 200 clips with 5 captions: more than any table of the demo."""
    draws = np.random.default_rng(4)
    clips = [f"{n}.flac" for n in range(200)]
    rows = []
    for number in range(21):
        folder = tmp_path / str(number)
        folder.mkdir()
        ranks = {"t2a": draws.integers(0, 99, 1000), "a2t": draws.integers(0, 99, 200)}
        names = {"t2a": np.repeat(clips, 5), "a2t": clips}
        pd.concat(
            pd.DataFrame({"direction": d, "file_name": names[d], "rank": own + 1})
            for d, own in ranks.items()
        ).to_csv(folder / "ranks.csv", index=False)
        metrics = {
            f"{direction.upper()} {name}": value
            for direction, own in ranks.items()
            for name, value in retrieval.summary(own).items()
        }
        write_scores(folder, metrics)
        rows.append([MethodScores("retrieval", {20: folder})])
    start = time.process_time()  # other programs may take their part of the clock
    found = table_differences(rows, list(metrics), 2000)
    # 2 s on an idle core; the bound is for a crowded one.
    assert time.process_time() - start < 12
    assert sum(map(len, found)) == 20 * 12
