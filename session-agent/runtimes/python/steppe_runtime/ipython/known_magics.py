"""The magics that a cell can use: ours, and those that the user registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .magics import groups
from .usage_error import UsageError

_SIGNS = {"line": "%", "cell": "%%"}


class Magic(NamedTuple):
    """
    `run(shell, line, names)`, or `run(shell, line, body, names)` for a cell. `expands` means that
    `{name}` and `$name` in the line are filled in.
    """

    run: Callable
    expands: bool


class KnownMagics:
    """The part of the shell that finds magics and lets the user register them."""

    def __init__(self):
        self._registered: dict[str, dict[str, Callable]] = {"line": {}, "cell": {}}

    def line_magic(self, name: str) -> Magic:
        return self._magic("line", name)

    def cell_magic(self, name: str) -> Magic:
        return self._magic("cell", name)

    def function_of_magic(self, written: str) -> Callable:
        """The function behind `%name` or `%%name`, for its documentation."""
        name = written.lstrip("%")
        kinds = ("cell",) if written.startswith("%%") else ("line", "cell")
        for kind in kinds:
            found = self._registered[kind].get(name) or groups.load(kind, name)
            if found is not None:
                return found
        raise self._unknown(written, kinds[0])

    def find_line_magic(self, magic_name: str) -> Callable | None:
        """A function of the line."""
        return self.find_magic(magic_name, "line")

    def find_cell_magic(self, magic_name: str) -> Callable | None:
        """A function of the line and the cell."""
        return self.find_magic(magic_name, "cell")

    def find_magic(self, magic_name: str, magic_kind: str = "line") -> Callable | None:
        if magic_name not in self.names_of_magics(magic_kind):
            return None
        return self._registered[magic_kind].get(magic_name) or (
            lambda *texts: self._magic(magic_kind, magic_name).run(self, *texts, self.user_ns)
        )

    def register_magic_function(
        self, func: Callable, magic_kind: str = "line", magic_name: str | None = None
    ) -> None:
        for kind in ("line", "cell") if magic_kind == "line_cell" else (magic_kind,):
            self._registered[kind][magic_name or func.__name__] = func

    def register_magics(self, *magic_objects) -> None:
        """Classes with the decorator `magics_class`, or their instances."""
        for given in magic_objects:
            magics = given(shell=self) if isinstance(given, type) else given
            for kind in ("line", "cell"):
                for name, method in magics.magics[kind].items():
                    bound = getattr(magics, method) if isinstance(method, str) else method
                    self._registered[kind][name] = bound

    @property
    def magics_manager(self):
        return self

    @property
    def magics(self) -> dict[str, dict[str, Callable]]:
        return {
            kind: {name: self.find_magic(name, kind) for name in self.names_of_magics(kind)}
            for kind in _SIGNS
        }

    def lsmagic(self) -> dict[str, dict[str, Callable]]:
        return self.magics

    def names_of_magics(self, kind: str) -> list[str]:
        # A cell with `%%time` has no call of a magic.
        return sorted({*groups.names_of(kind), *self._registered[kind], "time"})

    def _magic(self, kind: str, name: str) -> Magic:
        own = self._registered[kind].get(name)
        if own is not None:
            return Magic(_of_user(own), _expands(own))
        found = groups.load(kind, name)
        if found is None:
            raise self._unknown(f"{_SIGNS[kind]}{name}", kind)
        return Magic(found, name not in groups.OF_CODE)

    def _unknown(self, written: str, kind: str) -> UsageError:
        known = ", ".join(f"{_SIGNS[kind]}{name}" for name in self.names_of_magics(kind))
        other = "line" if kind == "cell" else "cell"
        name = written.lstrip("%")
        is_other = name in self.names_of_magics(other)
        hint = f" (did you mean {_SIGNS[other]}{name}?)" if is_other else ""
        return UsageError(f"the magic {written} is not available here{hint}; available: {known}")


def _of_user(function: Callable) -> Callable:
    """A function of the line, or of the line and the cell."""

    def run(_shell, *texts_and_names):
        *texts, names = texts_and_names
        return function(*texts, **_local_names(function, names))

    return run


def _local_names(function: Callable, names: dict) -> dict:
    return {"local_ns": names} if getattr(function, "needs_local_scope", False) else {}


def _expands(function: Callable) -> bool:
    # The name of the attribute that IPython's decorator `no_var_expand` sets.
    return not getattr(function, "_ipython_magic_no_var_expand", False)
