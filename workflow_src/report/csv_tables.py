"""CSV tables that the workflow made, read with checks."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workflow_src.errors import InputError, in_one_line

REMEDY = "delete it, and it is made again"


def read_table(path: str | Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a table; names of clips stay texts, whatever they look like.

    Args:
        path: of the CSV.
        columns: that it must have.

    Raises:
        InputError: it is missing, or damaged: says what to delete.
    """
    try:
        table = pd.read_csv(path, converters={"file_name": str})
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # of pandas' parser and of UTF-8
        reason = in_one_line(error)
        raise InputError(f"{path} is damaged: {reason}; {REMEDY}") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"{path}: no column {missing[0]!r}; {REMEDY}")
    return table
