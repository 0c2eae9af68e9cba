"""What notebooks know of earlier cells, and what runs before and after each cell."""

from __future__ import annotations

import contextvars

from .history import History


class Notebook:
    """
    `events` is None until a cell uses `get_ipython().events`. Its functions run in the context
    of the cells.
    """

    def __init__(self, context: contextvars.Context):
        self.history = History()
        self.events = None
        self._context = context
        self._value = None

    def begin(self, source: str, number: int) -> None:
        self.history.begin(source, number)
        self._value = None
        if self.events is not None:
            self._context.run(self.events.before_cell, source)

    def keep(self, value) -> None:
        self._value = value
        self.history.keep(value)

    def end(self, source: str, number: int, error: BaseException | None) -> None:
        value, self._value = self._value, None
        if self.events is not None:
            self._context.run(self.events.after_cell, source, number, value, error)
