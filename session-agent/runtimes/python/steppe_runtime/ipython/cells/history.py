"""`In` and `Out` and their short names: `_`, `__`, `___`, `_5`, `_i`, `_i5`."""

from __future__ import annotations

import builtins
import re

from .inputs import Inputs
from .results import Results

_NUMBERED_NAME = re.compile(r"\b_(?:i{1,3}|i?\d+)\b")
_NOTHING = object()


class History:
    """
    All names are among the builtins, as `_` is at Python's prompt: a name that the user has
    assigned takes precedence. A new name among the builtins makes running code slower for a while,
    so that names with a number are set for the cells that use them.
    """

    def __init__(self):
        self.number = 0
        self.inputs = Inputs(self)
        self.results = Results()
        self._names = builtins.__dict__
        self._last = _NOTHING
        self._holds_last = False
        self._names.update(In=self.inputs, Out=self.results)

    def begin(self, source: str, number: int) -> None:
        self.number = number
        if "_" in source:
            self._set_numbered_names(source)

    def keep(self, value) -> None:
        names = self._names
        # Another `_` among the builtins is a function of the user, such as gettext's.
        if names.get("_", self._last) is self._last:
            self._shift_to("___", "__" in names, names.get("__"))
            self._shift_to("__", self._holds_last, self._last)
            names["_"] = value
        self._last = value
        self._holds_last = self.results.hold(self.number, value)

    def forget_results(self) -> None:
        self.results.forget_all()
        self._forget_last(lambda _value: True)

    def forget(self, value) -> None:
        """Drops the value wherever it is held."""
        self.results.forget(value)
        self._forget_last(lambda held: held is value)

    def _forget_last(self, is_forgotten) -> None:
        names = self._names
        if names.get("_", self._last) is self._last:
            for name in ("_", "__", "___"):
                if name in names and is_forgotten(names[name]):
                    del names[name]
        if is_forgotten(self._last):
            self._last, self._holds_last = _NOTHING, False

    def _shift_to(self, name: str, is_held: bool, value) -> None:
        if is_held:
            self._names[name] = value
        else:
            self._names.pop(name, None)

    def _set_numbered_names(self, source: str) -> None:
        for name in set(_NUMBERED_NAME.findall(source)):
            digits = name.strip("_i")
            number = int(digits) if digits else self.number - len(name) + 1
            if name.startswith("_i"):
                if 0 <= number <= self.number:
                    self._names[name] = self.inputs[number]
            elif number in self.results:
                self._names[name] = self.results[number]
