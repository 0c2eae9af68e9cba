"""
Kills a worker before its container runs out of memory, and reports it when the kernel was faster.
"""

from __future__ import annotations

from .container_memory import ContainerMemory

INTERVAL_SECONDS = 0.25
_KILLED_AT = 0.95


class MemoryWatch:
    """For the life of one worker. Does nothing if there is no limit."""

    def __init__(self, memory: ContainerMemory | None):
        self._memory = memory
        self._oom_kills = self._count_oom_kills()
        # A sentence that is set once memory has run out.
        self.verdict: str | None = None

    @property
    def interval_seconds(self) -> float | None:
        """How often to check; None if there is nothing to check."""
        return INTERVAL_SECONDS if self._memory and not self.verdict else None

    def is_exhausted(self) -> bool:
        memory = self._memory
        if memory is None or self.verdict:
            return False
        try:
            bound = memory.limit_bytes * _KILLED_AT
            # The first number costs one small read and usually suffices.
            if memory.used_bytes() < bound or memory.needed_bytes() < bound:
                return False
        except (OSError, ValueError):
            return False
        self.verdict = f"95 % of the {_mebibytes(memory.limit_bytes)} of its container were in use."
        return True

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


def _mebibytes(size: int) -> str:
    return f"{size >> 20} MiB"
