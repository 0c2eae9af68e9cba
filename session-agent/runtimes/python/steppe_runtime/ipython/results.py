"""`Out`: the values of earlier steps, as far as they are small."""

from __future__ import annotations

import builtins

from .held_size import held_size

MAX_RESULT_BYTES = 1024 * 1024
_MAX_TOTAL_BYTES = 16 * MAX_RESULT_BYTES
_MAX_RESULTS = 1000


class Results(dict):
    """
    `Out[n]` is the value of step n. One above 1 MiB is not held, so that the memory of what the
    user deletes becomes free; of the others, the oldest makes room for the newest.
    """

    def __init__(self):
        super().__init__()
        self._sizes: dict[int, int] = {}
        self._total = 0

    def __missing__(self, number):
        raise KeyError(f"no result of step {number} is held (one above 1 MiB never is)")

    def hold(self, number: int, value) -> bool:
        size = None if value is self else held_size(value, MAX_RESULT_BYTES)
        if size is None:
            return False
        self[number] = value
        self._sizes[number] = size
        self._total += size
        setattr(builtins, f"_{number}", value)
        while self._total > _MAX_TOTAL_BYTES or len(self._sizes) > _MAX_RESULTS:
            self._drop(next(iter(self._sizes)))
        return True

    def forget_all(self) -> None:
        for number in list(self._sizes):
            self._drop(number)
        self.clear()

    def forget(self, value) -> None:
        for number in [number for number, held in self.items() if held is value]:
            self._drop(number)
            self.pop(number, None)

    def _drop(self, number: int) -> None:
        self._total -= self._sizes.pop(number, 0)
        value = self.pop(number, None)
        name = f"_{number}"
        if getattr(builtins, name, None) is value:
            builtins.__dict__.pop(name, None)
