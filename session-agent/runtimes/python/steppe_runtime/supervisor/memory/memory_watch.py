"""
Recognises that the memory of a worker's container, or of its session, is nearly used up, and that
the kernel was faster. Readings of the container go to the agent, which outlives a container that
the kernel kills whole.
"""

from __future__ import annotations

from typing import NamedTuple

from .container_memory import ContainerMemory, find_container_memory
from .session_memory import SessionMemory

INTERVAL_SECONDS = 0.25
_KILLED_AT = 0.95
# From this share on, the file cache is subtracted, which costs a longer read.
_EXACT_FROM = 0.9
# A reading that differs by less from the one before it is not sent.
_SENT_STEP = 0.01


class Reading(NamedTuple):
    used_bytes: int
    limit_bytes: int


class MemoryWatch:
    """For the life of one worker. Does nothing if there is no limit."""

    def __init__(self, memory: ContainerMemory | None, session_bytes: int | None = None):
        self._memory = memory
        # A container that is no larger than the session counts all of its processes.
        is_counted = memory is not None and session_bytes and memory.limit_bytes <= session_bytes
        self._session = SessionMemory(session_bytes) if session_bytes and not is_counted else None
        self._oom_kills = self._count_oom_kills()
        # A sentence that is set once memory has run out.
        self.verdict: str | None = None
        self._sent: Reading | None = None

    @property
    def interval_seconds(self) -> float | None:
        """How often to check; None if there is nothing to check."""
        has_limit = self._memory or self._session
        return INTERVAL_SECONDS if has_limit and not self.verdict else None

    def read(self) -> Reading | None:
        """The container's memory; None if there is nothing to read any more."""
        memory = self._memory
        if memory is None or self.verdict:
            return None
        try:
            used = memory.used_bytes()
            if used >= memory.limit_bytes * _EXACT_FROM:
                used = memory.needed_bytes()
        except (OSError, ValueError):
            return None
        return Reading(used, memory.limit_bytes)

    def is_news(self, reading: Reading) -> bool:
        """True for a reading to send; the next ones are compared with it."""
        sent = self._sent
        step = reading.limit_bytes * _SENT_STEP
        if sent and abs(reading.used_bytes - sent.used_bytes) < step:
            return False
        self._sent = reading
        return True

    def is_exhausted(self, reading: Reading | None) -> bool:
        """True, once, if the worker must be killed; `verdict` says why."""
        if self.verdict:
            return False
        if reading and reading.used_bytes >= reading.limit_bytes * _KILLED_AT:
            size = _mebibytes(reading.limit_bytes)
            self.verdict = f"95 % of the {size} of its container were in use."
        elif self._session:
            limit = int(self._session.limit_bytes * _KILLED_AT)
            if self._session.used_bytes(exact_from=limit) >= limit:
                size = _mebibytes(self._session.limit_bytes)
                self.verdict = f"95 % of the {size} of its session were in use."
        return self.verdict is not None

    def explain_kill(self) -> None:
        """
        Call it after a SIGKILL that the agent did not send: sets `verdict` if the kernel killed the
        worker because memory ran out.
        """
        if self._memory and not self.verdict and self._count_oom_kills() > self._oom_kills:
            size = _mebibytes(self._memory.limit_bytes)
            self.verdict = f"The {size} of its container were used up, and the kernel ended it."

    def _count_oom_kills(self) -> int:
        try:
            return self._memory.oom_kills() if self._memory else 0
        except (OSError, ValueError):
            return 0


def watch_memory(cgroup_dir: str, session_bytes: int | None) -> MemoryWatch:
    """`session_bytes` is the limit of the session's processes, if it has one."""
    return MemoryWatch(find_container_memory(cgroup_dir), session_bytes)


def _mebibytes(size: int) -> str:
    return f"{size >> 20} MiB"
