"""A function's parameters as options of a command.

Settings (a dataclass) become an option that takes JSON; every other parameter
becomes an option of its type. The docstring is the help.
"""

from __future__ import annotations

import argparse
import inspect
import types
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from workflow_src.errors import InputError, in_one_line
from workflow_src.settings import read, read_json

T = TypeVar("T")


def parser_of(function: Callable[..., Any], name: str) -> argparse.ArgumentParser:
    """A parser whose options are the parameters of a function.

    Args:
        function: every parameter has a type: a settings class, Path, str, int,
            float, bool, a list or an optional of these, or a Literal of texts.
        name: of the command.
    """
    text = inspect.cleandoc(function.__doc__ or "")
    summary, _, rest = text.partition("\n")
    parser = argparse.ArgumentParser(
        prog=f"python -m workflow_src {name}", description=summary, allow_abbrev=False
    )
    helps = _parameter_helps(rest)
    hints = get_type_hints(function)
    for parameter in inspect.signature(function).parameters.values():
        _add(parser, parameter, hints[parameter.name], helps.get(parameter.name, ""))
    return parser


def call(function: Callable[..., Any], parsed: argparse.Namespace) -> None:
    """Call a function with what its parser read.

    Raises:
        InputError: settings cannot be read.
    """
    values = dict(vars(parsed))
    for name, kind in get_type_hints(function).items():
        if not (is_dataclass(kind) and isinstance(kind, type)):
            continue
        if not isinstance(values[name], kind):  # the default is one
            option = f"--{name.replace('_', '-')}"
            values[name] = _settings(kind, values[name], option)
    function(**values)


def _settings(kind: type[T], value: str, option: str) -> T:
    """Settings from JSON as it was typed, or from a named file of JSON or YAML."""
    if value.lstrip().startswith("{"):
        return read_json(kind, value, option)
    import yaml

    try:
        content = yaml.safe_load(Path(value).read_text(encoding="utf-8"))
    except OSError as error:
        reason = in_one_line(error)
        raise InputError(
            f"{option} {value}: neither JSON nor a file: {reason}"
        ) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = in_one_line(error)
        raise InputError(f"{option} {value}: neither JSON nor YAML: {reason}") from None
    return read(kind, content, f"{option} {value}")


def _add(
    parser: argparse.ArgumentParser,
    parameter: inspect.Parameter,
    kind: Any,
    explained: str,
) -> None:
    option = f"--{parameter.name.replace('_', '-')}"
    needed = parameter.default is inspect.Parameter.empty
    keywords: dict[str, Any] = {"help": explained, "required": needed}
    if not needed:
        keywords["default"] = parameter.default
    whole = _without_none(kind)
    many = get_origin(whole) is list
    inner = _without_none(get_args(whole)[0] if many else whole)
    if whole is not kind:
        # A rule passes nothing where an input is left out.
        keywords |= {"nargs": "?", "const": None}
    if many:
        keywords["nargs"] = "*"
    if inner is bool:
        keywords["action"] = argparse.BooleanOptionalAction
    elif get_origin(inner) is Literal:
        keywords["choices"] = list(get_args(inner))
    elif is_dataclass(inner):
        keywords["metavar"] = "JSON"
    else:
        keywords["type"] = inner
    parser.add_argument(option, **keywords)


def _without_none(kind: Any) -> Any:
    """The type of an optional's value; of any other, the type itself."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    return next(part for part in get_args(kind) if part is not type(None))


def _parameter_helps(text: str) -> dict[str, str]:
    """The explanations below `Args:` of a docstring, by parameter."""
    helps: dict[str, str] = {}
    name, inside = "", False
    for line in text.splitlines():
        if line.strip() in ("Args:", "Returns:", "Raises:"):
            inside = line.strip() == "Args:"
        elif inside and line.startswith("    ") and not line.startswith("      "):
            name, _, explained = line.strip().partition(": ")
            helps[name] = explained
        elif inside and name and line.strip():
            helps[name] += " " + line.strip()
    # argparse takes % for a placeholder.
    return {key: value.replace("%", "%%") for key, value in helps.items()}
