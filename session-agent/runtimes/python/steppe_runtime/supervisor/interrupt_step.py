"""Sends SIGINT as a terminal does: to the worker, and to what the running step has started."""

from __future__ import annotations

import contextlib
import os
import signal

from ..worker.interrupt_request import InterruptRequest
from .descendants import children_of


def interrupt_step(worker_pid: int, request: InterruptRequest, step_id: str) -> None:
    request.send(step_id)
    os.kill(worker_pid, signal.SIGINT)
    earlier = request.earlier_children()
    if earlier is not None:
        _interrupt_children(worker_pid, earlier)


def _interrupt_children(worker_pid: int, earlier: set[int]) -> None:
    waiting = [pid for pid in children_of(worker_pid) if pid not in earlier]
    for pid in waiting:
        waiting += children_of(pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # A process that left the group of its terminal does not get its signals either.
            if os.getpgid(pid) == worker_pid:
                os.kill(pid, signal.SIGINT)
