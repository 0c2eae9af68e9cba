"""The memory that the processes of a session use, where no container counts it."""

from __future__ import annotations

import os

from ..descendants import children_of

_KIBIBYTE = 1024


class SessionMemory:
    def __init__(self, limit_bytes: int):
        self.limit_bytes = limit_bytes

    def used_bytes(self, exact_from: int) -> int:
        """
        Counts pages that a process shares with the one that forked it once for each, which is
        cheap. A sum of at least `exact_from` is replaced by the exact one.
        """
        pids = _descendants(os.getpid())
        used = sum(_resident_bytes(pid) for pid in pids)
        return sum(map(_proportional_bytes, pids)) if used >= exact_from else used


def _descendants(root: int) -> list[int]:
    """In the order of their start. Whoever has no parent left is a child of the supervisor."""
    found = [root]
    for pid in found:
        found += children_of(pid)
    return found[1:]


def _resident_bytes(pid: int) -> int:
    return _sum(_read(f"/proc/{pid}/status"), "RssAnon:", "RssShmem:")


def _proportional_bytes(pid: int) -> int:
    """Divides shared pages among those that share them. Linux 5.14 or newer tells files apart."""
    text = _read(f"/proc/{pid}/smaps_rollup")
    return _sum(text, "Pss_Anon:", "Pss_Shmem:") if "Pss_Anon:" in text else _resident_bytes(pid)


def _sum(text: str, *names: str) -> int:
    return _KIBIBYTE * sum(
        int(line.split()[1]) for line in text.splitlines() if line.startswith(names)
    )


def _read(path: str) -> str:
    """Empty if the process has exited."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
