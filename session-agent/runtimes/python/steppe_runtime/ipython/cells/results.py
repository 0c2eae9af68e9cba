"""`Out`: the values of earlier steps, as far as they are small."""

from __future__ import annotations

import builtins
from collections import deque

from .held_size import held_size

MAX_RESULT_BYTES = 1024 * 1024
_MAX_TOTAL_BYTES = 16 * MAX_RESULT_BYTES
_MAX_RESULTS = 1000
_names = builtins.__dict__


class Results(dict):
    """
    `Out[n]` is the value of step n. One above 1 MiB is not held, so that the memory of what the
    user deletes becomes free; of the others, the oldest makes room for the newest.
    """

    def __init__(self):
        super().__init__()
        # The oldest first, with its size.
        self._held: deque[tuple[int, int]] = deque()
        self._total = 0

    def __missing__(self, number):
        raise KeyError(f"no result of step {number} is held (one above 1 MiB never is)")

    def hold(self, number: int, value) -> bool:
        size = None if value is self else held_size(value, MAX_RESULT_BYTES)
        if size is None:
            return False
        self[number] = value
        self._held.append((number, size))
        self._total += size
        while self._total > _MAX_TOTAL_BYTES or len(self._held) > _MAX_RESULTS:
            self._drop_oldest()
        return True

    def forget_all(self) -> None:
        while self._held:
            self._drop_oldest()
        self.clear()

    def forget(self, value) -> None:
        # Its size stays counted until it would have been the oldest.
        for number in [number for number, held in self.items() if held is value]:
            self._drop(number)

    def _drop_oldest(self) -> None:
        number, size = self._held.popleft()
        self._total -= size
        self._drop(number)

    def _drop(self, number: int) -> None:
        value = self.pop(number, None)
        name = f"_{number}"
        if _names.get(name) is value:
            _names.pop(name, None)
