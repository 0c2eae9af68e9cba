"""
RLIMIT_DATA at 85 % of the container's memory: user code gets MemoryError well before anything is
killed.
"""

from __future__ import annotations

import contextlib
import os
import resource

_SHARE = 0.85
# What a step may use after earlier steps have used up everything: enough to compile `del`.
_FOR_NEXT_STEP_BYTES = 8 << 20
# For reporting the error afterwards, which this program does and not user code.
_FOR_DRIVER_BYTES = 16 << 20


class SoftMemoryLimit:
    """Does nothing if there is no limit."""

    def __init__(self, memory_bytes: int | None):
        self._base = None if memory_bytes is None else int(memory_bytes * _SHARE)
        self._hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        self._of_step = self._base or 0
        self._is_used_up = False

    def begin_step(self) -> None:
        if self._base is None:
            return
        self._of_step = self._base
        if self._is_used_up:
            self._of_step = max(self._base, _data_bytes() + _FOR_NEXT_STEP_BYTES)
            self._is_used_up = self._of_step > self._base
        self._set(self._of_step)

    def end_step(self, error: BaseException | None) -> None:
        if self._base is None:
            return
        self._is_used_up = self._is_used_up or isinstance(error, MemoryError)
        self._set(self._of_step + _FOR_DRIVER_BYTES)

    def _set(self, size: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (size, self._hard))


def _data_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read(256).split()[5]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
