"""`In`: the source of earlier steps."""

from __future__ import annotations

import linecache
from collections.abc import Sequence


class Inputs(Sequence):
    """
    `In[n]` is the source of step n, from where tracebacks read it; "" if it is no longer kept. Step
    0 does not exist.
    """

    def __init__(self, history):
        self._history = history

    def __len__(self) -> int:
        return self._history.number + 1

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [_source(number) for number in range(len(self))[index]]
        return _source(range(len(self))[index])

    def __repr__(self) -> str:
        return repr(self[:])


def _source(number: int) -> str:
    # A step may have set up the file names of another: only these are steps.
    entry = linecache.cache.get(f"<step {number}>")
    return "".join(entry[2])[:-1] if entry else ""
