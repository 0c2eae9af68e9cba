"""
The memory of the container that supervisor and workers share, read from its cgroup (version 1 or
2).
"""

from __future__ import annotations

import os
from typing import NamedTuple

# Version 1 expresses "no limit" by a number near 2 ** 63.
_MAX_LIMIT_BYTES = 1 << 60


class _Names(NamedTuple):
    usage: str
    limit: str
    events: str
    reclaimable: tuple[str, ...]


_V1 = _Names(
    "memory.usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.oom_control",
    ("total_active_file", "total_inactive_file"),
)
_V2 = _Names("memory.current", "memory.max", "memory.events", ("active_file", "inactive_file"))


class ContainerMemory:
    """Raises OSError if a file of the cgroup cannot be read."""

    def __init__(self, folder: str, names: _Names):
        self._folder = folder
        self._names = names
        self.limit_bytes = _limit(self._read(names.limit))

    def used_bytes(self) -> int:
        return int(self._read(self._names.usage))

    def needed_bytes(self) -> int:
        """Excludes the file cache, which the kernel frees before it kills."""
        fields = self._fields("memory.stat")
        return self.used_bytes() - sum(fields.get(name, 0) for name in self._names.reclaimable)

    def oom_kills(self) -> int:
        """The number of processes here that the kernel has killed because memory ran out."""
        return self._fields(self._names.events).get("oom_kill", 0)

    def _fields(self, name: str) -> dict[str, int]:
        return {
            key: int(value)
            for key, value in (line.split() for line in self._read(name).splitlines())
        }

    def _read(self, name: str) -> str:
        with open(os.path.join(self._folder, name)) as file:
            return file.read()


def find_container_memory(
    cgroups: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup"
) -> ContainerMemory | None:
    """None if memory has no limit, or the limit is unknown."""
    for root, path, names in _places(cgroups, own):
        # A container may see its own cgroup as the root, under a path that only the host knows.
        for folder in (os.path.join(root, path.lstrip("/")), root):
            try:
                memory = ContainerMemory(folder, names)
            except (OSError, ValueError):
                continue
            if memory.limit_bytes is not None:
                return memory
            break
    return None


def _places(cgroups: str, own: str):
    try:
        with open(own) as lines:
            entries = [line.rstrip("\n").split(":", 2) for line in lines]
    except OSError:
        return
    for _, controllers, path in entries:
        if "memory" in controllers.split(","):
            yield os.path.join(cgroups, "memory"), path, _V1
        elif controllers == "":
            yield cgroups, path, _V2


def _limit(text: str) -> int | None:
    if text.strip() == "max":
        return None
    limit = int(text)
    return limit if limit < _MAX_LIMIT_BYTES else None
