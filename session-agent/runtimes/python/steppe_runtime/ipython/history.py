"""`In` and `Out` and their short names: `_`, `__`, `___`, `_5`, `_i`, `_i5`."""

from __future__ import annotations

import builtins
import re

from .inputs import Inputs
from .results import Results

_INPUT_NAME = re.compile(r"\b_i(?:i{0,2}|\d+)\b")
_NOTHING = object()


class History:
    """
    All names are among the builtins, as `_` is at Python's prompt: a name that the user has
    assigned takes precedence.
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
        # Few cells use such a name: it is set for those.
        if "_i" in source:
            self._name_inputs(source)

    def keep(self, value) -> None:
        names = self._names
        # Another `_` among the builtins is a function of the user, such as gettext's.
        if names.get("_", self._last) is self._last:
            if "__" in names:
                names["___"] = names.pop("__")
            else:
                names.pop("___", None)
            if self._holds_last:
                names["__"] = self._last
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

    def _name_inputs(self, source: str) -> None:
        for name in set(_INPUT_NAME.findall(source)):
            digits = name[2:].strip("i")
            number = int(digits) if digits else self.number - len(name) + 1
            if 0 <= number <= self.number:
                self._names[name] = self.inputs[number]
