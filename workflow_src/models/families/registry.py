"""Names of what a folder of modules holds, and the classes behind them.

A module registers one class under its own name, as in `audio/ast.py`

    @AUDIO_ENCODERS.register("ast")
    class AstEncoder(AudioEncoder): ...

Names are known from the files alone, so that a config is checked without torch; a
module is imported when somebody asks for what it registers.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, TypeVar

from workflow_src.errors import InputError

Registered = TypeVar("Registered", bound=type)


class Registry:
    """What the modules of a package register, by name.

    Args:
        package: dotted name; each of its modules registers its own name.
        what: it is, for errors: `audio encoder`.
    """

    def __init__(self, package: str, what: str) -> None:
        self.package = package
        self.what = what
        self._classes: dict[str, Any] = {}

    def register(self, name: str) -> Callable[[Registered], Registered]:
        """Decorate the class that a name stands for.

        Args:
            name: that of the module, so that it is found.
        """

        def decorate(registered: Registered) -> Registered:
            self._classes[name] = registered
            return registered

        return decorate

    @property
    def names(self) -> list[str]:
        """All names, of the files that are there."""
        found = find_spec(self.package)
        places = found.submodule_search_locations if found else None
        return sorted(module.name for module in iter_modules(places or []))

    def check(self, name: str) -> None:
        """Refuse a name that no module has.

        Raises:
            InputError: with the nearest name, or all.
        """
        known = self.names
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise InputError(f"{name} is no {self.what}; {hint}")

    def __getitem__(self, name: str) -> Any:
        """The class behind a name.

        Raises:
            InputError: there is no such module, or it does not register its name.
        """
        if name not in self._classes:
            self.check(name)
            import_module(f"{self.package}.{name}")
        if name not in self._classes:
            raise InputError(
                f"{self.package}.{name} registers no {self.what} named {name}"
            )
        return self._classes[name]


_HERE = __name__.rpartition(".")[0]
AUDIO_ENCODERS = Registry(f"{_HERE}.audio", "audio encoder")
CAPTIONERS = Registry(f"{_HERE}.captioners", "family of captioners")
RETRIEVERS = Registry(f"{_HERE}.retrievers", "family of retrievers")
FAMILIES = {"captioning": CAPTIONERS, "retrieval": RETRIEVERS}
