"""The commands for a person's own sounds: caption, search, describe, export, serve.

Each reads its arguments, calls the function behind it and prints what that gives.
What they print is described in docs/howto/caption-and-search-your-sounds.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from workflow_src.inference import output
from workflow_src.inference.serving.command import serve
from workflow_src.inference.sounds import sound_files

if TYPE_CHECKING:
    from workflow_src.audio.settings import AudioForm
    from workflow_src.inference.captions import CaptionedWindow
    from workflow_src.inference.describe import DescribedWindow

RUN = (
    "a run's folder, its name (all, embedded-demo/all), an exported folder, or a model "
    "on the Hugging Face hub (owner/name)"
)
PROBABILITIES = ("length_normalised_probability", "sequence_probability")
CSV_COLUMNS = ("file", "start", "end", "rank", "caption", *PROBABILITIES)
SILENCE = "(silence)"


def caption(words: Sequence[str]) -> None:
    """Say what is to be heard in sound files."""
    parser = _parser("caption", "Say what is to be heard in sound files.")
    _add_files(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON object a window")
    form.add_argument("--csv", action="store_true", help="a CSV row a caption")
    parser.add_argument(
        "--tta",
        default="none",
        metavar="VIEWS",
        help="test-time augmentation: none (default), tta-10, mid-50, multi-100 or "
        "another number of views; takes about as many times as long",
    )
    parser.add_argument("--beams", type=int, help="of the search (default: 3, or K)")
    parser.add_argument(
        "--top", type=int, default=1, metavar="K", help="captions of each window"
    )
    _add_machine(parser)
    given = parser.parse_args(words)

    from workflow_src.inference.captions import caption_files
    from workflow_src.inference.loading import load_captioner

    bad = output.BadFiles()
    captioner = load_captioner(given.run, given.device, given.threads)
    windows = caption_files(
        captioner,
        given.files,
        tta=given.tta,
        beams=given.beams,
        top=given.top,
        batch=given.batch,
        on_bad=bad,
    )
    lines: Callable[[CaptionedWindow], list[str]] = _captions_as_text
    if given.json:
        lines = _as_json
    elif given.csv:
        lines = _captions_as_csv
        output.write_line(output.csv_line(CSV_COLUMNS))
    total = _total(given.files, captioner.audio)
    for window in output.shown(windows, "captioning", total):
        output.write_lines(lines(window))
    bad.leave()


def search(words: Sequence[str]) -> None:
    """Find the sounds of a folder that fit a sentence."""
    parser = _parser("search", "Find the sounds of a folder that fit a sentence.")
    parser.add_argument("folder", help="of sounds; their embeddings are kept in it")
    parser.add_argument("query", help="what shall be heard")
    parser.add_argument("--top", type=int, default=10, help="files wanted")
    parser.add_argument("--json", action="store_true", help="a JSON object a file")
    parser.add_argument(
        "--no-update",
        action="store_true",
        help="search what is in the index, without a look at the files",
    )
    _add_machine(parser)
    given = parser.parse_args(words)

    from workflow_src.inference.search import search_folder

    bad = output.BadFiles()
    found = search_folder(
        given.run,
        given.folder,
        given.query,
        top=given.top,
        update=not given.no_update,
        show_progress=output.on_terminal(),
        batch=given.batch,
        device=given.device,
        threads=given.threads,
        on_bad=bad,
    )
    for file in found:
        if given.json:
            output.write_lines(_as_json(file))
        else:
            place = output.times(file.start, file.end)
            output.write_line(f"{file.score:.4f}\t{file.file}\t{place}")
    bad.leave()


def describe(words: Sequence[str]) -> None:
    """Rank given captions by how they fit sound files."""
    parser = _parser("describe", "Rank given captions by how they fit sound files.")
    _add_files(parser)
    parser.add_argument(
        "--captions",
        nargs="+",
        required=True,
        metavar="FILE_OR_TEXT",
        help="captions to choose from: a text file with one a line, a CSV with a "
        "column caption, or the caption itself",
    )
    parser.add_argument("--top", type=int, help="captions of each window (all)")
    parser.add_argument("--json", action="store_true", help="a JSON object a window")
    _add_machine(parser)
    given = parser.parse_args(words)

    from workflow_src.inference.describe import describe_files, read_captions
    from workflow_src.inference.loading import load_retriever

    bad = output.BadFiles()
    captions = read_captions(given.captions)
    retriever = load_retriever(given.run, given.device, given.threads)
    windows = describe_files(
        retriever,
        given.files,
        captions,
        top=given.top,
        batch=given.batch,
        on_bad=bad,
    )
    lines = _as_json if given.json else _described_as_text
    total = _total(given.files, retriever.audio)
    for window in output.shown(windows, "describing", total):
        output.write_lines(lines(window))
    bad.leave()


def export(words: Sequence[str]) -> None:
    """Write a run in the layout of the Hugging Face hub."""
    parser = _parser("export", "Write a run in the layout of the Hugging Face hub.")
    parser.add_argument("folder", help="that is written; must not be there")
    parser.add_argument(
        "--licence", help="of the model, as the hub names it: mit, cc-by-4.0"
    )
    given = parser.parse_args(words)

    from workflow_src.inference.export import export_run

    output.write_line(str(export_run(given.run, given.folder, licence=given.licence)))


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "caption": caption,
    "search": search,
    "describe": describe,
    "export": export,
    "serve": serve,
}


def _parser(name: str, what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m workflow_src {name}", description=what
    )
    parser.add_argument("run", metavar="RUN", help=RUN)
    return parser


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE_OR_FOLDER",
        help="sounds of any format, sample rate and length; of a folder all below it",
    )


def _add_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device", default="auto", help="auto (default), cpu, cuda or cuda:N"
    )
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument(
        "--batch", type=int, default=32, help="most windows at once (default: 32)"
    )


def _total(paths: Iterable[str], form: AudioForm) -> int | None:
    """How many windows there are about, if somebody looks at a bar."""
    if not output.on_terminal():
        return None
    from workflow_src.inference.windows import count_windows

    # What is bad is said when its turn comes.
    return count_windows(sound_files(paths, lambda bad: None), form)


def _as_json(result: object) -> list[str]:
    return [output.json_line(result)]


def _captions_as_csv(window: CaptionedWindow) -> list[str]:
    place = (window.file, window.start, window.end)
    rows = [
        (*place, rank, *asdict(one).values())
        for rank, one in enumerate(window.captions, 1)
    ]
    return [output.csv_line(row) for row in rows or [(*place, "", "", "", "")]]


def _captions_as_text(window: CaptionedWindow) -> list[str]:
    place = f"{window.file}\t{output.times(window.start, window.end)}"
    if not window.captions:
        return [f"{place}\t{SILENCE}"]
    if len(window.captions) == 1:
        return [f"{place}\t{window.captions[0].text}"]
    return [
        f"{place}\t{one.text}\t{one.length_normalised_probability:.4f}"
        for one in window.captions
    ]


def _described_as_text(window: DescribedWindow) -> list[str]:
    place = f"{window.file}\t{output.times(window.start, window.end)}"
    lines = [f"{place}\t{one.score:.4f}\t{one.caption}" for one in window.captions]
    return lines or [f"{place}\t{SILENCE}"]
