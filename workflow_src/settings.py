"""How settings are read, compared and written: the base of every settings class.

A step of the workflow takes one frozen dataclass that derives from `Settings`. It
travels as JSON: in the parameters of a Snakemake rule, on the command line, in a
run's `settings.yaml`. Reading checks every key and every type (pydantic does); the
`__post_init__` of the class checks the values.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from workflow_src.errors import InputError

# Importing pydantic takes a third of a second.
if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")


class Settings:
    """Base of settings: unknown keys and values of another type are errors."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}


class KeyComplaint(InputError):
    """Settings that cannot be read.

    Attributes:
        path: keys from the root to the value that is wrong.
        complaint: what is wrong with it, a sentence without the path.
    """

    def __init__(self, path: tuple[str, ...], complaint: str, source: str = "") -> None:
        self.path = path
        self.complaint = complaint
        # A check of the class names the key itself; pydantic's do not.
        dotted = ".".join(path)
        between = "" if complaint.startswith(":") else " "
        sentence = f"{dotted or 'it'}{between}{complaint}" if path else complaint
        super().__init__(f"{source}: {sentence}" if source else sentence)


def read(kind: type[T], values: Any, source: str = "") -> T:
    """Make settings of a class from plain nested values, as YAML or JSON gives them.

    Args:
        kind: a dataclass that derives from `Settings`.
        values: nested mappings, lists and scalars.
        source: named at the beginning of an error.

    Raises:
        KeyComplaint: a key is unknown or missing, or a value of another type.
        InputError: a value is out of its range.
    """
    from pydantic import ValidationError

    try:
        # JSON has lists only: in its strict mode a list becomes a tuple.
        return _adapter(kind).validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise _complaint(kind, values, errors, source) from None


def read_json(kind: type[T], text: str, source: str = "--settings") -> T:
    """Make settings of a class from JSON.

    Args:
        kind: a dataclass that derives from `Settings`.
        text: JSON.
        source: named at the beginning of an error.

    Raises:
        InputError: it is not JSON, or see `read`.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InputError(f"{source} is not JSON: {error}") from None
    return read(kind, values, source)


def plain(settings: Any) -> Any:
    """Settings as nested dicts, lists and scalars: what JSON and YAML hold."""
    if is_dataclass(settings) and not isinstance(settings, type):
        return {f.name: plain(getattr(settings, f.name)) for f in fields(settings)}
    if isinstance(settings, Mapping):
        return {str(key): plain(value) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [plain(value) for value in settings]
    return settings


def to_json(settings: Any) -> str:
    """Settings as one line of JSON; equal settings give equal lines."""
    return json.dumps(plain(settings), ensure_ascii=False)


def digest(values: Any, length: int = 8) -> str:
    """A short name of settings or plain values: hexadecimal, equal for equal ones."""
    text = json.dumps(plain(values), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Say which values differ between two plain nested values.

    Args:
        old: nested values.
        new: nested values.
        path: dotted key of both.

    Returns:
        Lines like `recipe.noise.snr_db was [10.0, 30.0], is [5.0, 20.0]`.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        lines = []
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            lines += differences(old.get(key), new.get(key), inner)
        return lines
    if old == new:
        return []
    return [f"{path or 'it'} was {_abbreviated(old)}, is {_abbreviated(new)}"]


def _abbreviated(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


_adapters: dict[type, TypeAdapter[Any]] = {}  # made once: it takes milliseconds


def _adapter(kind: type[T]) -> TypeAdapter[T]:
    from pydantic import TypeAdapter

    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


TYPES = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "dataclass_type": "a mapping",
    "none_required": "null",
}


def _complaint(
    kind: type, values: Any, errors: list[ErrorDetails], source: str
) -> KeyComplaint:
    """Put the first error of pydantic into words."""
    # Of a union every member complains: the wanted types go into one sentence.
    # A key that is not known may be the one that is missing, misspelt.
    first = min(errors, key=lambda own: (own["type"] == "missing", len(own["loc"])))
    path = _keys(first, values)
    alike = [error for error in errors if _keys(error, values) == path]
    value = _abbreviated(first["input"])
    if first["type"] == "unexpected_keyword_argument":
        known = _known(kind, path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
        return KeyComplaint(path, f"is not a known key{hint}", source)
    if first["type"] == "value_error":
        message = str(first["ctx"]["error"])
        return KeyComplaint(path, f": {message}" if path else message, source)
    if first["type"] == "missing":
        return KeyComplaint(path, "is missing", source)
    if first["type"] == "literal_error":
        choices = first["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        return KeyComplaint(path, f"is one of {choices}, not {value}", source)
    wanted = [TYPES[error["type"]] for error in alike if error["type"] in TYPES]
    if wanted:
        either = " or ".join(dict.fromkeys(wanted))
        return KeyComplaint(path, f"must be {either}, not {value}", source)
    return KeyComplaint(path, f"is {value}: {first['msg']}", source)


def _keys(error: ErrorDetails, values: Any) -> tuple[str, ...]:
    """The keys of an error's location, without pydantic's names of union members."""
    path, current = [], values
    for part in error["loc"]:
        in_list = isinstance(current, list | tuple) and isinstance(part, int)
        if in_list or (isinstance(current, Mapping) and part in current):
            current = current[part]
        elif not (error["type"] == "missing" and part == error["loc"][-1]):
            continue  # `float` of `float | tuple[float, ...]`: no key
        path.append(str(part))
    return tuple(path)


def _known(kind: type, path: tuple[str, ...]) -> list[str]:
    """Keys that a settings class has below a path of keys."""
    from typing import get_args, get_type_hints

    current: Any = kind
    for key in path:
        if is_dataclass(current):
            current = get_type_hints(current)[key]
            if type(None) in get_args(current):
                current = get_args(current)[0]
        else:  # dict[str, T] or tuple[T, ...]
            (current,) = (part for part in get_args(current) if part not in (str, ...))
    return [f.name for f in fields(current)]
