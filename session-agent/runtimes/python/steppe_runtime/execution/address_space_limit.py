"""
A limit on the worker's address space, far above its memory: a single absurd allocation is a
MemoryError. The supervisor counts what is used. Children would inherit the limit, so it is lifted
while one is started.
"""

from __future__ import annotations

import _posixsubprocess
import contextlib
import os
import resource
import threading
from types import ModuleType

from ..packages.module_hooks import named_like, when_imported

# Threads reserve 8 MiB each, and libraries gigabytes, of which they hardly use anything.
_TIMES_MEMORY = 4
_EXTRA_BYTES = 4 << 30
# Each starts a process, or becomes one.
_STARTERS = ("posix_spawn", "posix_spawnp", "system", "execv", "execve")


class AddressSpaceLimit:
    def __init__(self, memory_bytes: int):
        # Private writable memory alone: what a library reserves without access does not count.
        self._before = resource.getrlimit(resource.RLIMIT_DATA)
        self._limit_bytes = memory_bytes * _TIMES_MEMORY + _EXTRA_BYTES
        self._lock = threading.Lock()
        self._lifted = 0

    def install(self) -> None:
        """To be called once per process."""
        self._set(self._limit_bytes)
        os.register_at_fork(after_in_child=self._remove)
        for name in _STARTERS:
            self._lift_during(os, name)
        self._lift_during(_posixsubprocess, "fork_exec")
        # The name under which `subprocess` imports it since Python 3.12.
        when_imported("subprocess", lambda module: self._lift_during(module, "_fork_exec"))

    def _lift_during(self, module: ModuleType, name: str) -> None:
        start = getattr(module, name, None)
        if start is None:
            return

        def start_without_limit(*args, **kwargs):
            with self._without():
                return start(*args, **kwargs)

        setattr(module, name, named_like(start, start_without_limit))

    @contextlib.contextmanager
    def _without(self):
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        """Threads may start processes at the same time."""
        with self._lock:
            self._lifted += change
            self._set(self._before[0] if self._lifted else self._limit_bytes)

    def _remove(self) -> None:
        """For a process that user code forked. A thread that is not in it may hold the lock."""
        self._lock = threading.Lock()
        self._limit_bytes = self._before[0]
        self._set(self._limit_bytes)

    def _set(self, soft: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, self._before[1]))
