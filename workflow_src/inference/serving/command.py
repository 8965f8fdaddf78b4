"""The command `serve`: a web page for one's own sounds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.inference import output
from workflow_src.progress import say


def serve(words: Sequence[str]) -> None:
    """Open a web page for one's own sounds, on this machine."""
    parser = argparse.ArgumentParser(
        prog="python -m workflow_src serve",
        description="Open a web page for one's own sounds, on this machine.",
    )
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="as for caption; a name that fits a captioner and a retriever means both",
    )
    parser.add_argument(
        "--sounds", metavar="FOLDER", help="sounds to search with a retriever"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="report page to show as /report (default: that of the first run's "
        "corpus, where it has been made)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="to listen on (default: 127.0.0.1, this machine alone)",
    )
    parser.add_argument(
        "--port", type=int, default=7860, help="0: any that is free (default: 7860)"
    )
    parser.add_argument(
        "--device", default="auto", help="auto (default), cpu, cuda or cuda:N"
    )
    parser.add_argument("--threads", type=int, help="of the CPU")
    given = parser.parse_args(words)

    from workflow_src.inference.serving import server

    server.import_gradio()  # before models are loaded for nothing
    from workflow_src.inference.serving.models import folders_of, load_models

    if given.report is not None and not given.report.is_file():
        raise InputError(f"{given.report} is no file")
    report = given.report or report_of(folders_of(given.runs[0])[0])
    models = load_models(
        given.runs,
        given.sounds,
        device=given.device,
        threads=given.threads,
        show_progress=output.on_terminal(),
        on_bad=output.BadFiles(),
    )
    if not server.is_loopback(given.host):
        say(f"whoever reaches {given.host} can use the page and hear its sounds")

    def opened(address: str) -> None:
        output.write_line(address)
        say("the page is there until Ctrl-C")

    server.serve(
        models, host=given.host, port=given.port, report=report, on_open=opened
    )


def report_of(run: Path) -> Path | None:
    """The report page of the corpus that a run is of, if it has been made."""
    # runs/<corpus>/<task>/<recipe>/seed<k>
    parents = run.absolute().parents
    if len(parents) < 5 or parents[3].name != "runs":
        return None
    report = parents[4] / "results" / parents[2].name / "report.html"
    return report if report.is_file() else None
