"""
sys.stdin, sys.stdout and sys.stderr of a worker. Writes go to fds 1 and 2 at once, background
writes go out as frames.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable

from ..execution.attribution import Attribution
from .output_order import OutputOrder
from .raw_pipes import make_blocking

_NAMES = {1: "stdout", 2: "stderr"}


class StandardStreams:
    """`send_background(stream, text)` receives what threads and tasks of earlier steps write."""

    def __init__(
        self,
        order: OutputOrder,
        attribution: Attribution,
        send_background: Callable[[str, str], None],
    ):
        self._order = order
        self._attribution = attribution
        self._send_background = send_background

    def install(self) -> None:
        _open_stdin()
        for fd, name in _NAMES.items():
            self._replace(fd, name)

    def prepare(self) -> None:
        """
        Repairs streams so that the next step is captured. If user code has replaced sys.stdout by
        an open stream, that is its choice.
        """
        for fd, name in _NAMES.items():
            if _is_gone(name):
                self._replace(fd, name)
        try:
            os.fstat(0)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)
            os.set_inheritable(0, True)
        if _is_gone("stdin"):
            _open_stdin()

    def flush(self) -> None:
        for name in _NAMES.values():
            # A closed or foreign stream holds no output of ours.
            with contextlib.suppress(Exception):
                getattr(sys, name).flush()

    def renew_after_fork(self) -> None:
        """
        For a process that user code forked: it buffers lines, so that lines of several processes
        stay whole.
        """
        self._order.renew_after_fork()
        for stream in (sys.__stdout__, sys.__stderr__):
            if not stream.closed:
                stream.reconfigure(line_buffering=True, write_through=False)

    def _replace(self, fd: int, name: str) -> None:
        buffer = _FdBuffer(fd, name, self._order, self._attribution, self._send_background)
        # write_through passes each write on whole, in the thread and context that made it.
        stream = io.TextIOWrapper(
            buffer, "utf-8", "backslashreplace", newline="\n", write_through=True
        )
        stream.mode = "w"
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


class _FdBuffer(io.BufferedIOBase):
    def __init__(
        self,
        fd: int,
        name: str,
        order: OutputOrder,
        attribution: Attribution,
        send_background: Callable[[str, str], None],
    ):
        self._fd = fd
        self._name = name
        self._order = order
        self._is_background = attribution.is_background
        self._send_background = send_background
        self.name = f"<{name}>"
        self.mode = "wb"

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        view = data if isinstance(data, bytes) else memoryview(data).tobytes()
        size = len(view)
        order = self._order
        with order.lock:
            if self._is_background():
                self._send_background(self._name, view.decode("utf-8", "replace"))
                return size
            if order.fd != self._fd:
                order.turn_to(self._fd)
            while True:
                try:
                    written = os.write(self._fd, view)
                except BlockingIOError:
                    make_blocking(self._fd)
                    continue
                if written == len(view):
                    return size
                view = memoryview(view)[written:]


def _is_gone(name: str) -> bool:
    stream = getattr(sys, name, None)
    return stream is None or getattr(stream, "closed", False)


def _open_stdin() -> None:
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(
        io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8"
    )
