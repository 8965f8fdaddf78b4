"""Records of runs as trainings write them, for tests that train nothing."""

from dataclasses import replace

from workflow_src.audio.settings import AudioForm, FrontEndSettings
from workflow_src.augment.recipes import RecipeSettings, Strengths
from workflow_src.corpus.identity import CorpusIdentity
from workflow_src.models.run_folder import RunRecord
from workflow_src.models.settings import ActConfig, RetrieverConfig
from workflow_src.settings import plain
from workflow_src.training.settings import CaptioningSettings, RetrievalSettings
from workflow_src.version import CodeVersion

IDENTITY = CorpusIdentity("embedded", "birds", "smoke", {"seed": 1})
CODE = CodeVersion("0.1.0", "c0ffee" * 6 + "c0ff", True, {"models": "a", "audio": "b"})


def recipe(name="none", **augmentations):
    """A recipe of the named augmentations, at the default strengths or the given."""
    return RecipeSettings.complete(name, augmentations, Strengths())


def captioning_settings(**changes):
    """Settings of a captioner's training, complete."""
    own = CaptioningSettings(
        recipe=recipe("all", noise={}, pairmix={}),
        seed=20,
        front_end=FrontEndSettings("act", 640),
        audio=AudioForm(),
        encoder="scratch",
        model=ActConfig(),
        word2vec=False,
    )
    return replace(own, **changes)


def retrieval_settings(**changes):
    """Settings of a retriever's training, complete."""
    own = RetrievalSettings(
        recipe=recipe("all", noise={}, pairmix={}),
        seed=20,
        front_end=FrontEndSettings("panns", 320),
        audio=AudioForm(),
        encoder="scratch",
        model=RetrieverConfig(text_encoder=None),
    )
    return replace(own, **changes)


def record(task="captioning", settings=None, **changes):
    """The record of a run."""
    makers = {"captioning": captioning_settings, "retrieval": retrieval_settings}
    own = RunRecord(
        task=task,
        settings=plain(settings or makers[task]()),
        inputs={"captions": "00ff"},
        corpus=IDENTITY,
        code=CODE,
        environment={"torch": "2"},
    )
    return replace(own, **changes)
