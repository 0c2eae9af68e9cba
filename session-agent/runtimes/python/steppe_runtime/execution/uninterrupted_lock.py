"""A lock for code that an interrupt must not leave half done."""

from __future__ import annotations

import threading

from .interrupts import Interrupts


class UninterruptedLock:
    def __init__(self, interrupts: Interrupts):
        self._interrupts = interrupts
        self._lock = threading.RLock()

    def __enter__(self):
        self._interrupts.hold()
        self._lock.acquire()
        return self

    def __exit__(self, *_):
        self._lock.release()
        self._interrupts.release()

    def renew_after_fork(self) -> None:
        self._lock = threading.RLock()
