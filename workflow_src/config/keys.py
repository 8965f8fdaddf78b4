"""Every key of config.yaml with its values and its meaning: config/README.md.

The meanings are those in the docstrings of the settings classes; nothing about the
page is written by hand.

    python -m workflow_src.config.keys

writes the page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from workflow_src.config.reading import layers, resolve
from workflow_src.config.schema import Config
from workflow_src.files import write_atomically

PAGE = Path("config") / "README.md"
# A line of a docstring's section: a name, a colon, what it means.
ATTRIBUTE = re.compile(r"^    (\w+): (.*)$")
LONGEST = 60  # characters of a value that is shown in full
HEAD = ["", "| key | `scale: paper` | `scale: demo` | meaning |", "|---|---|---|---|"]


def meanings(settings: type) -> dict[str, str]:
    """What the docstring of a settings class says of each of its attributes.

    Args:
        settings: a dataclass whose docstring, or its base's, has `Attributes:`.
    """
    found: dict[str, str] = {}
    for base in reversed(settings.__mro__):
        lines = inspect.cleandoc(base.__doc__ or "").splitlines()
        if "Attributes:" not in lines:
            continue
        name = None
        for line in lines[lines.index("Attributes:") + 1 :]:
            if line and not line.startswith(" "):
                break
            if match := ATTRIBUTE.match(line):
                name = match[1]
                found[name] = match[2]
            elif name and line.strip():
                found[name] += f" {line.strip()}"
    return found


@dataclass(frozen=True)
class Section:
    """Keys that are read into one settings class.

    Attributes:
        path: dotted key of the section; empty for the whole config.
        meaning: of it.
        keys: dotted key -> meaning, of its plain values.
    """

    path: str
    meaning: str
    keys: dict[str, str]


def sections(
    settings: type = Config, path: str = "", meaning: str = ""
) -> Iterator[Section]:
    """Yield a section of the config, and after it the sections in it.

    Args:
        settings: the dataclass that it is read into.
        path: its dotted key.
        meaning: of it.
    """
    said, types = meanings(settings), get_type_hints(settings)
    plain: dict[str, str] = {}
    inner: list[tuple[type, str, str]] = []
    for field in fields(settings):
        own = f"{path}.{field.name}" if path else field.name
        kind = _section(types[field.name])
        if kind is None:
            plain[own] = said.get(field.name, "")
        else:
            inner.append((kind, own, said.get(field.name, "")))
    yield Section(path, meaning, plain)
    for kind, own, text in inner:
        yield from sections(kind, own, text)


def _section(kind: Any) -> type | None:
    """The dataclass that a key's value is read into; None for a plain value."""
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and is_dataclass(one):
            # A list or table of such is one value.
            return one if one is kind or type(None) in get_args(kind) else None
    return None


def page(path: Path | str = "config.yaml") -> str:
    """The text of config/README.md."""
    paper, demo = (
        resolve(layers(path, {"scale": scale})) for scale in ("paper", "demo")
    )
    lines = [
        "# The keys of config.yaml",
        "",
        "Made by `python -m workflow_src.config.keys` and checked by a test. A scale, "
        "`config/<scale>.yaml`, changes some of the values; behind `--config` any key "
        "may be given for one call: `snakemake --config scale=paper -- all`. What a "
        "change makes stale is in "
        "[docs/staleness.md](../docs/staleness.md).",
    ]
    for section in sections():
        if section.path:
            depth = section.path.count(".") + 2
            lines += ["", f"{'#' * depth} `{section.path}`", "", section.meaning]
        if section.keys:
            lines += HEAD
        for key, meaning in section.keys.items():
            ours, small = _value(paper, key), _value(demo, key)
            small = "" if small == ours else small
            lines.append(f"| `{key}` | {ours} | {small} | {meaning} |")
    return "\n".join(lines) + "\n"


def _value(values: Mapping[str, Any], key: str) -> str:
    value: Any = values
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return ""
        value = value[part]
    if value is None:
        return "`null`"
    if isinstance(value, Mapping | list) and len(str(value)) > LONGEST:
        return f"{len(value)} entries"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`"


if __name__ == "__main__":
    write_atomically(PAGE, page())
