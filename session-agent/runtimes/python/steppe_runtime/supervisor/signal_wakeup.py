"""Makes signals wake up a selector."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable


class SignalWakeup:
    """SIGCHLD only wakes up the selector; `stopped` is set once a signal of `stop` has arrived."""

    def __init__(self, stop: Iterable[int], ignore: Iterable[int]):
        self.stopped = False
        self._reader, self._writer = os.pipe()
        for fd in (self._reader, self._writer):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._on_signal)
        for number in stop:
            signal.signal(number, self._on_stop)
        for number in ignore:
            signal.signal(number, signal.SIG_IGN)

    def fileno(self) -> int:
        return self._reader

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 4096)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)

    def _on_stop(self, _number, _frame) -> None:
        self.stopped = True

    def _on_signal(self, _number, _frame) -> None:
        """Does nothing: the byte on the pipe wakes up the selector."""
