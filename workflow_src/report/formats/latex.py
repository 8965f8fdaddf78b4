r"""LaTeX with booktabs, as the paper sets its tables: pasted into a document.

Needs `\usepackage{booktabs}` and, with pdfTeX, UTF-8 input, which is its default.
"""

from __future__ import annotations

from workflow_src.report.formats import words
from workflow_src.report.formats.model import Column, Method, Table

SPECIALS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # after \\ a bracket would be its argument
    "]": "{]}",
    "*": "{*}",  # so would a star
    words.MINUS: r"$-$",
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "λ": r"$\lambda$",
    "τ": r"$\tau$",
    "×": r"$\times$",
    "…": r"\dots{}",
    "’": r"\textquoteright{}",
}
END = r" \\"
METRICS = 4  # of ours side by side: they fit a page of 17 cm


def latex(table: Table) -> str:
    """Write a table as a floating `table*`; many columns become panels below it."""
    # LaTeX numbers the table itself.
    said = [f"{words.subject(table)}.", *words.caption(table)[1:]]
    lines = [
        f"% {table.name}: made by the workflow, not by hand. Needs booktabs.",
        r"\begin{table*}",
        r"\centering",
        r"\caption{" + " ".join(map(escaped, said)) + "}",
        rf"\label{{tab:{_label(table)}}}",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
    ]
    for number, panel in enumerate(table.panels(METRICS)):
        lines += [r"\par\medskip"] * bool(number) + _panel(table, panel)
    return "\n".join([*lines, r"\end{table*}"]) + "\n"


def _label(table: Table) -> str:
    text = f"{table.origin('corpus')}-{table.origin('scale')}-{table.name}"
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in text)


def _panel(table: Table, columns: list[Column]) -> list[str]:
    # Whose figures, of which corpus, at which scale: a line each.
    origins = list(
        zip(*(words.whose(table, column) for column in columns), strict=True)
    )
    heads = [escaped(head) for head in table.heads]
    empty = [""] * len(heads)
    lines = [
        rf"\begin{{tabular}}{{{'l' * len(heads)}{'r' * len(columns)}}}",
        r"\toprule",
        _row([*empty, *(escaped(words.heading(column)) for column in columns)]),
        *(_row([*empty, *map(escaped, line)]) for line in origins[:-1]),
        _row([*heads, *map(escaped, origins[-1])]),
        r"\midrule",
    ]
    for number, method in enumerate(table.methods):
        lines += [r"\addlinespace[2pt]"] * bool(number)
        lines += _method(table, method, columns)
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _method(table: Table, method: Method, columns: list[Column]) -> list[str]:
    """A line with the figures; below them the differences and their intervals."""
    heads = [escaped(method.head[head]) for head in table.heads]
    figures, *below = zip(*(_cell(method, column) for column in columns), strict=True)
    empty = [""] * len(heads)
    return [
        _row([*heads, *figures]),
        *(_row([*empty, *line]) for line in below if any(line)),
    ]


def _cell(method: Method, column: Column) -> tuple[str, str, str]:
    """What stands in the three lines of a method."""
    if column.paper:
        value = method.paper.get(column.metric)
        return ("" if value is None else words.published(value)), "", ""
    figure = method.ours.get(column.metric)
    if figure is None:
        return "", "", ""
    text = escaped(words.figure_text(figure))
    own = figure.interval
    if own is None:
        return text, "", ""
    mark = r"\rlap{*}" if own.significant else ""
    between = f"[{words.number(own.low)}, {words.number(own.high)}]"
    return (text + mark, _small(words.signed(own.difference)), _small(between))


def _small(text: str) -> str:
    return rf"{{\scriptsize {escaped(text)}}}"


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + END


def escaped(text: str) -> str:
    """A text that LaTeX sets as it is, in one line."""
    return "".join(SPECIALS.get(sign, sign) for sign in " ".join(text.split()))
