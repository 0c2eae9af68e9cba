"""Kernel settings of a process. What the platform lacks is skipped silently."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None) if os.name == "posix" else None


def adopt_orphans() -> bool:
    """
    Orphaned descendants become children of this process, even if they daemonise. False if the
    platform cannot do it.
    """
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent_pid: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def raise_oom_score() -> None:
    """
    Leaves no core file, and makes this process the first that the kernel kills when memory is
    short.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def flush_c_streams() -> None:
    """Flushes what C extensions printed into the buffers of libc."""
    if _libc is not None:
        _libc.fflush(None)


class Usage(NamedTuple):
    cpu_seconds: float
    peak_rss_bytes: int


def own_usage() -> Usage:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    return Usage(usage.ru_utime + usage.ru_stime, peak)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    return (
        _libc.prctl(
            option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)
        )
        == 0
    )
