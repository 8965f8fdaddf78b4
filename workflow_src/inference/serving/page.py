"""The page: what is seen, and what happens when something is touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from workflow_src.audio.loading import BadAudio
from workflow_src.errors import InputError
from workflow_src.evaluation.settings import GridConfig
from workflow_src.inference.search import FoundFile
from workflow_src.inference.serving.models import Models
from workflow_src.inference.test_time import NONE

T = TypeVar("T")
TITLE = "Captions and search for sounds"
NEAREST = 10  # files listed
KEPT = 3600  # seconds that a recorded or dropped sound is kept on the disk
CAPTION_COLUMNS = ["recipe", "views", "seconds", "caption", "probability"]
FOUND_COLUMNS = ["file", "seconds", "cosine"]
BINS = "64 mel bins, low below; brighter is louder, over 80 dB"


def view_names() -> list[str]:
    """The choices of test-time augmentation: none, and the points of Figure 4."""
    grid = GridConfig()
    each = [f"{method}-{tau}" for method in ("tta", "mid") for tau in grid.taus]
    multi = [f"multi-{middle * output}" for middle, output in grid.multi]
    return [NONE, *each, *multi]


def build_page(models: Models, report: str | None = None) -> Any:
    """Lay out the page.

    Args:
        models: that answer.
        report: address of the report page on this server; None: there is none.

    Returns:
        gradio Blocks.
    """
    with gr.Blocks(
        title=TITLE, analytics_enabled=False, delete_cache=(KEPT, KEPT)
    ) as page:
        gr.Markdown(f"# {TITLE}\n\n{_introduction(models, report)}")
        with gr.Tab("Your sound", elem_id="your-sound"):
            sound = gr.Audio(
                sources=["upload", "microphone"],
                type="filepath",
                label="Drop a sound, or record one",
                buttons=["download"],  # not gradio's own: it shares with others
                elem_id="sound",
            )
            pictures = gr.HTML(elem_id="log-mels")
            sound.change(_told(models, _pictures), [sound], [pictures])
            if models.captioners:
                _captions(models, sound)
            if models.folder is not None:
                _nearest(models, sound)
        if models.folder is not None:
            with gr.Tab("Search by a sentence", elem_id="search"):
                _search(models)
    return page


def _introduction(models: Models, report: str | None) -> str:
    sentences = [
        "Sounds stay on the machine that runs this page, and are deleted there within "
        "two hours."
    ]
    if models.folder is None:
        sentences.append(
            "Started with a retriever and `--sounds FOLDER`, the page finds the "
            "nearest sounds of a folder too."
        )
    if report is not None:
        sentences.append(f"[The report of this run]({report}).")
    return " ".join(sentences)


def _captions(models: Models, sound: Any) -> None:
    names = list(models.captioners)
    with gr.Row():
        recipes = gr.CheckboxGroup(
            names, value=names, label="Recipe of the training", elem_id="recipes"
        )
        views = gr.CheckboxGroup(
            view_names(),
            value=[NONE],
            label="Test-time augmentation, and its number of views τ",
            elem_id="views",
        )
    table = gr.Dataframe(
        headers=CAPTION_COLUMNS,
        label="Captions",
        interactive=False,
        wrap=True,
        elem_id="captions",
    )
    gr.on(
        [sound.change, recipes.change, views.change],
        _told(models, _caption_table),
        [sound, recipes, views],
        [table],
    )


def _nearest(models: Models, sound: Any) -> None:
    found, table, player = _found_list("nearest", "Nearest sounds of the folder")
    sound.change(_told(models, _nearest_table), [sound], [found, table, player])
    table.select(_player_of(models), [found], [player])


def _search(models: Models) -> None:
    with gr.Row():
        sentence = gr.Textbox(
            label="What shall be heard?",
            placeholder="dogs bark while rain falls",
            elem_id="sentence",
            scale=4,
        )
        button = gr.Button("Search", elem_id="search-button")
    found, table, player = _found_list("found", "Sounds that fit")
    gr.on(
        [sentence.submit, button.click],
        _told(models, _search_table),
        [sentence],
        [found, table, player],
    )
    table.select(_player_of(models), [found], [player])


def _found_list(name: str, label: str) -> tuple[Any, Any, Any]:
    """What was found: the list itself, its table, and a player for one of it."""
    found = gr.State([])
    table = gr.Dataframe(
        headers=FOUND_COLUMNS,
        label=f"{label}: choose one to hear it",
        interactive=False,
        elem_id=name,
    )
    player = gr.Audio(
        label="The window that fits",
        interactive=False,
        buttons=["download"],
        elem_id=f"{name}-player",
    )
    return found, table, player


def _told(models: Models, answer: Callable[..., T]) -> Callable[..., T]:
    """An answer as gradio calls it; what is wrong with the input is shown there."""
    return lambda *inputs: _shown(partial(answer, models, *inputs))


def _player_of(models: Models) -> Callable[[list[FoundFile], gr.SelectData], Any]:
    """Plays the row of a list that is chosen."""

    # gradio gives the choice to a parameter with this annotation.
    def play(found: list[FoundFile], chosen: gr.SelectData) -> Any:
        return _shown(partial(_play, models, found, chosen.index[0]))

    return play


def _shown(answer: Callable[[], T]) -> T:
    try:
        return answer()
    except (InputError, BadAudio) as error:
        raise gr.Error(str(error), print_exception=False) from None


def _pictures(models: Models, sound: str | None) -> str:
    if sound is None:
        return ""
    return "".join(
        f'<figure style="margin:0 0 1em"><img src="{picture.address}" '
        f'alt="log-mel spectrogram" style="width:100%;height:8em;'
        f'image-rendering:pixelated"><figcaption>'
        f"{_seconds(picture.start, picture.end)} s; {BINS}</figcaption></figure>"
        for picture in models.pictures(sound)
    )


def _caption_table(
    models: Models, sound: str | None, recipes: Sequence[str], views: Sequence[str]
) -> list[list[Any]]:
    if sound is None:
        return []
    # In the order of the choices, not in that of the clicks.
    chosen = [name for name in view_names() if name in views]
    named = [name for name in models.captioners if name in recipes]
    return [
        [
            row.recipe,
            row.views,
            _seconds(row.start, row.end),
            row.caption,
            "" if row.probability is None else f"{row.probability:.3f}",
        ]
        for row in models.captions(sound, named, chosen)
    ]


Found = tuple[list[FoundFile], list[list[str]], None]


def _nearest_table(models: Models, sound: str | None) -> Found:
    return _listed(models, [] if sound is None else models.nearest(sound, NEAREST))


def _search_table(models: Models, sentence: str) -> Found:
    return _listed(models, models.search(sentence, NEAREST))


def _listed(models: Models, found: list[FoundFile]) -> Found:
    """What was found, its rows, and an empty player."""
    assert models.folder is not None
    rows = [
        [
            str(Path(one.file).relative_to(models.folder.sounds)),
            _seconds(one.start, one.end),
            f"{one.score:.3f}",
        ]
        for one in found
    ]
    return found, rows, None


def _play(models: Models, found: list[FoundFile], row: int) -> Any:
    window = models.heard(found[row])
    return models.audio.sample_rate, window.clip


def _seconds(start: float, end: float) -> str:
    return f"{start:.1f}-{end:.1f}"
