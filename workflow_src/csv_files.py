"""CSV files with a header, in UTF-8: written whole, and read with checks."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from workflow_src.errors import InputError
from workflow_src.files import write_atomically


def write_csv(
    path: str | Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    line_end: str = "\n",
) -> None:
    """Write a CSV with a header, atomically; line ends inside fields survive.

    Args:
        path: of the file; its folder is made.
        columns: the header.
        rows: as many fields each.
        line_end: of every row.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(columns)
    writer.writerows(rows)
    write_atomically(path, text.getvalue())


def read_csv(
    path: str | Path, columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a CSV row by row. A byte order mark and any line ends are fine.

    Args:
        path: of the file, in UTF-8 with a header.
        columns: to read; others are left out.

    Yields:
        Line number, and column -> field.

    Raises:
        InputError: if the file is missing, is not UTF-8, lacks one of the columns or
            has a row of other length.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            there = reader.fieldnames or ()
            missing = [name for name in columns if name not in there]
            if missing:
                raise InputError(f"{path} has no column {', '.join(missing)}")
            for row in reader:
                if None in row or None in row.values():
                    raise InputError(
                        f"{path}, line {reader.line_num}: {len(there)} "
                        "fields expected (is a comma in an unquoted caption?)"
                    )
                yield reader.line_num, {name: row[name] for name in columns}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV in UTF-8: {error}") from None
