"""Sends SIGINT as a terminal does: to the worker, and to what the running step has started."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from ..worker.interrupt_request import InterruptRequest
from .descendants import children_of

# Code that ends its own process pool needs less. If both were interrupted at once, a process of the
# pool could die with a lock of the pool, and the worker would wait for that lock forever.
_HEAD_START_SECONDS = 0.1


def interrupt_step(worker_pid: int, request: InterruptRequest, step_id: str) -> None:
    # Read before the signal, which may end the step at once.
    earlier = request.earlier_children()
    started = [] if earlier is None else _descendants_since(worker_pid, earlier)
    request.send(step_id)
    os.kill(worker_pid, signal.SIGINT)
    if not started:
        return
    time.sleep(_HEAD_START_SECONDS)
    for pid in started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # A process that left the group of its terminal does not get its signals either.
            if os.getpgid(pid) == worker_pid:
                os.kill(pid, signal.SIGINT)


def _descendants_since(worker_pid: int, earlier: set[int]) -> list[int]:
    found = [pid for pid in children_of(worker_pid) if pid not in earlier]
    for pid in found:
        found += children_of(pid)
    return found
