"""The printer that `_repr_pretty_` methods write to, by IPython's interface."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple

_MAX_WIDTH = 79
_BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}"), set: ("{", "}")}

# Set once the user has registered a function that prints values of a type: finds it for a value.
printer_of: Callable | None = None


class _Break(NamedTuple):
    separator: str
    indentation: int
    is_hard: bool


class _Group(list):
    """Texts, breaks and groups. All breaks of a group become new lines, or none."""

    def width(self) -> float:
        return sum(_width(item) for item in self)


class PrettyPrinter:
    """Collects what methods write; `finished` lays it out."""

    def __init__(self):
        self.max_width = _MAX_WIDTH
        self.indentation = 0
        self._groups = [_Group()]
        self._within: set[int] = set()

    def text(self, text: str) -> None:
        self._groups[-1].append(str(text))

    def breakable(self, sep: str = " ") -> None:
        """A place for a new line, where the group does not fit into one; else `sep`."""
        self._groups[-1].append(_Break(sep, self.indentation, False))

    def break_(self) -> None:
        self._groups[-1].append(_Break("", self.indentation, True))

    @contextlib.contextmanager
    def group(self, indent: int = 0, open: str = "", close: str = ""):
        self.begin_group(indent, open)
        try:
            yield
        finally:
            self.end_group(indent, close)

    def begin_group(self, indent: int = 0, open: str = "") -> None:
        group = _Group()
        self._groups[-1].append(group)
        self._groups.append(group)
        if open:
            self.text(open)
        self.indentation += indent

    def end_group(self, dedent: int = 0, close: str = "") -> None:
        self.indentation -= dedent
        if close:
            self.text(close)
        self._groups.pop()

    @contextlib.contextmanager
    def indent(self, indent: int):
        self.indentation += indent
        try:
            yield
        finally:
            self.indentation -= indent

    def pretty(self, value) -> None:
        is_cycle = id(value) in self._within
        self._within.add(id(value))
        try:
            method = getattr(type(value), "_repr_pretty_", None)
            own = printer_of and printer_of(value)
            if own is not None:
                own(value, self, is_cycle)
            elif method is not None:
                method(value, self, is_cycle)
            elif type(value) in _BRACKETS and value and not is_cycle:
                self._pretty_items(value)
            else:
                self.text(repr(value))
        finally:
            if not is_cycle:
                self._within.discard(id(value))

    def _pretty_items(self, values) -> None:
        opening, closing = _BRACKETS[type(values)]
        with self.group(1, opening, closing):
            for number, value in enumerate(values):
                if number:
                    self.text(",")
                    self.breakable()
                self.pretty(value)
                if type(values) is dict:
                    self.text(": ")
                    self.pretty(values[value])
            if type(values) is tuple and len(values) == 1:
                self.text(",")

    def finished(self) -> str:
        parts: list[str] = []
        self._lay_out(self._groups[0], 0, parts.append)
        return "".join(parts)

    def _lay_out(self, group: _Group, column: int, write: Callable[[str], None]) -> int:
        is_flat = column + group.width() <= self.max_width
        for item in group:
            if isinstance(item, _Group):
                column = self._lay_out(item, column, write)
            elif isinstance(item, _Break) and (item.is_hard or not is_flat):
                write("\n" + " " * item.indentation)
                column = item.indentation
            else:
                text = item.separator if isinstance(item, _Break) else item
                write(text)
                column += len(text)
        return column


def pretty_text(value) -> str:
    printer = PrettyPrinter()
    printer.pretty(value)
    return printer.finished()


def _width(item) -> float:
    if isinstance(item, _Group):
        return item.width()
    if isinstance(item, _Break):
        return float("inf") if item.is_hard else len(item.separator)
    return len(item)
