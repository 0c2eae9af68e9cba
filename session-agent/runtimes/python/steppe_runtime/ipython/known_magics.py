"""The magics that a cell can use: ours, and those that the user registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .magics import groups
from .usage_error import UsageError


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
        own = self._registered["line"].get(name)
        if own is not None:
            return Magic(_line_of_user(own), _expands(own))
        found = groups.load_line_magic(name)
        if found is None:
            raise self._unknown(f"%{name}", "line")
        return Magic(found, name not in groups.OF_CODE)

    def cell_magic(self, name: str) -> Magic:
        own = self._registered["cell"].get(name)
        if own is not None:
            return Magic(_cell_of_user(own), _expands(own))
        found = groups.load_cell_magic(name)
        if found is None:
            raise self._unknown(f"%%{name}", "cell")
        return Magic(found, name not in groups.OF_CODE)

    def function_of_magic(self, written: str) -> Callable:
        """The function behind `%name` or `%%name`, for its documentation."""
        name = written.lstrip("%")
        kinds = ("cell",) if written.startswith("%%") else ("line", "cell")
        loaders = {"line": groups.load_line_magic, "cell": groups.load_cell_magic}
        for kind in kinds:
            found = self._registered[kind].get(name) or loaders[kind](name)
            if found is not None:
                return found
        raise self._unknown(written, kinds[0])

    def find_line_magic(self, magic_name: str) -> Callable | None:
        """A function of the line."""
        if magic_name not in self.names_of_magics("line"):
            return None
        return self._registered["line"].get(magic_name) or (
            lambda line: self.line_magic(magic_name).run(self, line, self.user_ns)
        )

    def find_cell_magic(self, magic_name: str) -> Callable | None:
        """A function of the line and the cell."""
        if magic_name not in self.names_of_magics("cell"):
            return None
        return self._registered["cell"].get(magic_name) or (
            lambda line, cell: self.cell_magic(magic_name).run(self, line, cell, self.user_ns)
        )

    def find_magic(self, magic_name: str, magic_kind: str = "line") -> Callable | None:
        find = self.find_cell_magic if magic_kind == "cell" else self.find_line_magic
        return find(magic_name)

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
        finders = {"line": self.find_line_magic, "cell": self.find_cell_magic}
        return {
            kind: {name: find(name) for name in self.names_of_magics(kind)}
            for kind, find in finders.items()
        }

    def lsmagic(self) -> dict[str, dict[str, Callable]]:
        return self.magics

    def names_of_magics(self, kind: str) -> list[str]:
        own = groups.names_of(groups.CELL if kind == "cell" else groups.LINE)
        # A cell with `%%time` has no call of a magic.
        return sorted({*own, *self._registered[kind], "time"})

    def _unknown(self, written: str, kind: str) -> UsageError:
        sign = "%%" if kind == "cell" else "%"
        known = ", ".join(f"{sign}{name}" for name in self.names_of_magics(kind))
        other = "line" if kind == "cell" else "cell"
        name = written.lstrip("%")
        meant = f"{'%' if kind == 'cell' else '%%'}{name}"
        hint = f" (did you mean {meant}?)" if name in self.names_of_magics(other) else ""
        return UsageError(f"the magic {written} is not available here{hint}; available: {known}")


def _line_of_user(function: Callable) -> Callable:
    def run(_shell, line: str, names: dict):
        return function(line, **_local_names(function, names))

    return run


def _cell_of_user(function: Callable) -> Callable:
    def run(_shell, line: str, body: str, names: dict):
        return function(line, body, **_local_names(function, names))

    return run


def _local_names(function: Callable, names: dict) -> dict:
    return {"local_ns": names} if getattr(function, "needs_local_scope", False) else {}


def _expands(function: Callable) -> bool:
    # The name of the attribute that IPython's decorator `no_var_expand` sets.
    return not getattr(function, "_ipython_magic_no_var_expand", False)
