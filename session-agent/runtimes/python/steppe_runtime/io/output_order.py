"""
Marks a step's turns from one stream to the other, and to what it shows, so that the agent can keep
their order.
"""

from __future__ import annotations

import contextlib
import threading

from ..execution.interrupts import UninterruptedLock
from .raw_pipes import RawPipes


class OutputOrder:
    """
    `lock` is held around each write and display, so that none comes between a marker and what it
    stands for. `uninterrupted` keeps an interrupt from leaving a marker on one stream alone.
    """

    def __init__(self, pipes: RawPipes, uninterrupted: UninterruptedLock):
        self.lock = threading.RLock()
        # The stream that was written to since the last turn.
        self.fd: int | None = None
        self._pipes = pipes
        self._uninterrupted = uninterrupted
        self._nonce: str | None = None
        self._turn = 0
        self._shown = 0

    def begin(self, nonce: str) -> None:
        with self.lock:
            self._pipes.mark(nonce, "start")
            self._turn = self._shown = 0
            self.fd = None
            self._nonce = nonce

    def end(self) -> None:
        """Returns when no other thread is inside a write that it began in this step."""
        with self.lock:
            nonce, self._nonce = self._nonce, None
            self._pipes.mark(nonce, "end")

    def turn_to(self, fd: int) -> None:
        """The next write goes to this stream; the last one went to another, or is unknown."""
        if self.fd is not None:
            self._mark_turn()
        self.fd = fd

    def showed(self, *, is_last: bool) -> None:
        """A display was sent; the end of the step stands for the turn after the last one."""
        self._shown += 1
        if not is_last:
            self._mark_turn()
            self.fd = None

    def renew_after_fork(self) -> None:
        """For a process that user code forked: only its parent marks turns."""
        self.lock = threading.RLock()
        self._nonce = None

    def _mark_turn(self) -> None:
        if self._nonce is None:
            return
        # Without its pipes, which user code may have closed, the step continues.
        with self._uninterrupted, contextlib.suppress(OSError):
            self._turn += 1
            self._pipes.mark(self._nonce, f"{self._turn},{self._shown}")
