"""What a retriever finds: the first few answers to every query, in both directions.

The tables need ranks alone. Whoever wants to hear what was found instead of the true
clip needs the answers themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from workflow_src.corpus.pairs import read_pairs
from workflow_src.device import prepare
from workflow_src.errors import InputError
from workflow_src.evaluation.retrieval import Retriever, embed_captions, embed_clips
from workflow_src.files import write_atomically

COLUMNS = ["direction", "query", "place", "found", "similarity"]
Answer = tuple[str, str, int, str, float]
# Clip or caption -> the answers in their order, each with its cosine similarity.
Found = dict[str, list[tuple[str, float]]]


def write_retrieved(
    *,
    run: Path,
    log_mels: Path,
    captions: Path,
    output: Path,
    answers: int = 5,
    device: str = "auto",
    threads: int | None = None,
) -> None:
    """Write what a retriever finds first for every query of a split.

    Args:
        run: folder of the retriever.
        log_mels: store of the split.
        captions: of the split.
        output: gets columns direction (t2a: a caption looks for clips; a2t: a clip
            looks for captions), query, place (from 1), found, similarity. A clip is
            its file name, a caption its row in `captions`, from 0.
        answers: to each query.
        device: auto, cpu, cuda or cuda:N.
        threads: of the CPU.
    """
    retriever = Retriever.load(run, prepare(device, threads))
    clips = retriever.open_log_mels(log_mels)
    audio = embed_clips(retriever.model, clips, retriever.device)
    texts = embed_captions(retriever.model, read_pairs(captions))
    rows = [str(row) for row in range(len(texts))]
    found = [
        *first_answers("t2a", rows, texts, clips.names, audio, answers),
        *first_answers("a2t", clips.names, audio, rows, texts, answers),
    ]
    table = pd.DataFrame(found, columns=COLUMNS)
    write_atomically(output, table.to_csv(index=False))


def first_answers(
    direction: str,
    queries: Sequence[str],
    asking: Tensor,
    candidates: Sequence[str],
    answering: Tensor,
    count: int,
) -> Iterator[Answer]:
    """Rows of the file: of each query the most similar candidates, equals in order.

    Args:
        direction: t2a or a2t.
        queries: Q names.
        asking: (Q, D) embeddings.
        candidates: C names.
        answering: (C, D) embeddings.
        count: of the answers.
    """
    unit = torch.nn.functional.normalize
    similarity = unit(asking.double()) @ unit(answering.double()).T
    values, places = similarity.sort(dim=1, descending=True, stable=True)
    for row, query in enumerate(queries):
        for place in range(min(count, len(candidates))):
            found = candidates[int(places[row, place])]
            yield (
                direction,
                query,
                place + 1,
                found,
                round(float(values[row, place]), 4),
            )


def read_retrieved(path: Path) -> dict[str, Found]:
    """Read what `write_retrieved` wrote: direction -> query -> answers in order.

    Raises:
        InputError: it is missing or has other columns.
    """
    try:
        table = pd.read_csv(path, dtype={"query": str, "found": str})
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if list(table) != COLUMNS:
        raise InputError(f"{path} has columns {', '.join(table)}, not {COLUMNS}")
    found: dict[str, Found] = {"t2a": {}, "a2t": {}}
    ordered = table.sort_values(["direction", "query", "place"], kind="stable")
    for row in ordered.itertuples(index=False):
        own = found[str(row.direction)].setdefault(str(row.query), [])
        own.append((str(row.found), float(str(row.similarity))))
    return found
